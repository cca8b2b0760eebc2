import type { RecipeParams } from '../../params/recipe.ts';
import { intAt } from '../../util/at.ts';
import { centreCrop, cropImage, randomCrop, tenCrops, type CropPlace } from '../augment/crop.ts';
import type { RgbImage } from '../augment/image.ts';
import { mixImages, mixings, type Mix, type MixingName } from '../augment/mix.ts';
import { normalisationTable, writeNormalised, type CropTarget } from '../augment/normalise.ts';
import { augmentations, type AugmentationName } from '../augment/registry.ts';
import { permutation, uniforms } from '../random/random.ts';
import { inOrder } from '../../util/ordered.ts';
import type { EncodedSplit, PackedManifest, PackedSplit, View } from './packed.ts';

/**
 * A pass over a split in batches. Random access: batch b has the same content whenever and in whatever order it is
 * asked for, so that a resumed run sees what an uninterrupted one saw.
 */
export interface Batches {
  /** Number of batches; the last one may be partial. 0 for an empty split. */
  readonly count: number;
  /**
   * Number of images in a batch.
   *
   * @param batch - 0 … count − 1
   */
  size(batch: number): number;
  /**
   * Writes one batch.
   *
   * @param batch - 0 … count − 1
   * @param inputs - float32 [size, S, S, 3], normalised; may be longer
   * @param labels - int32 [size]; may be longer
   * @returns indices of the images within the split, [size]; valid until the next call. Of a split whose files are kept, once
   *   they are decoded
   */
  fill(batch: number, inputs: Float32Array, labels: Int32Array): Uint32Array | Promise<Uint32Array>;
}

/** What every pass needs to know of the packed dataset. */
export type InputFormat = Pick<PackedManifest, 'imageSize' | 'mean' | 'std'>;

/**
 * The recipe's parameters of training batches, whatever the epoch. `crop` is `random`, anywhere in the `train` view, or
 * `centre`, the `eval` view.
 */
export type TrainOptions = Pick<
  RecipeParams<{ readonly augmentations: AugmentationName; readonly mixings: MixingName }>,
  'batchSize' | 'seed' | 'crop' | 'flip' | 'augment' | 'mixup'
>;

/** Options of a training pass. */
export interface TrainPass extends TrainOptions {
  /** Counted from 0. */
  readonly epoch: number;
}

/** Options of an evaluation pass. */
export interface EvalPass {
  readonly batchSize: number;
  /** `centre`: the `eval` view; 0 … 9: that one of the ten crops of the `train` view, in torchvision's order. */
  readonly crop: 'centre' | number;
}

/** Which view is read, in which order, and how an image becomes an input. */
interface Pass {
  readonly batchSize: number;
  readonly view: View;
  readonly order: Uint32Array;
  readonly write: (image: RgbImage, index: number, target: CropTarget) => void;
}

/** Files that are decoded at once: enough for all threads that decode, and no more pictures in memory than that. */
const AHEAD = 8;

/** Reads pictures, each for one use: at once where pixels are kept, else as they are decoded. */
function readEach(
  split: PackedSplit,
  view: View,
  indices: Uint32Array,
  use: (image: RgbImage, slot: number) => void,
): void | Promise<void> {
  if (split.keep === 'encoded') return decodeEach(split, view, indices, use);
  indices.forEach((index, slot) => use(split.image(view, index), slot));
}

async function decodeEach(
  split: EncodedSplit,
  view: View,
  indices: Uint32Array,
  use: (image: RgbImage, slot: number) => void,
): Promise<void> {
  let slot = 0;
  for await (const image of inOrder(indices, AHEAD, (index) => split.image(view, index))) use(image, slot++);
}

function batches(split: PackedSplit, side: number, { batchSize, view, order, write }: Pass): Batches {
  const members = (batch: number): Uint32Array => order.subarray(batch * batchSize, (batch + 1) * batchSize);
  return {
    count: Math.ceil(order.length / batchSize),
    size: (batch) => members(batch).length,
    fill(batch, inputs, labels) {
      const indices = members(batch);
      indices.forEach((index, slot) => (labels[slot] = intAt(split.labels, index)));
      const reading = readEach(split, view, indices, (image, slot) =>
        write(image, intAt(indices, slot), { values: inputs, offset: slot * side * side * 3, side }),
      );
      return reading ? reading.then(() => indices) : indices;
    },
  };
}

/** A whole picture. */
const WHOLE: CropPlace = { top: 0, left: 0, mirrored: false };

/** Crop, mirror, augment, normalise: what an image becomes depends on (seed, epoch, image) alone. */
function trainWriter(format: InputFormat, pass: TrainPass): Pass['write'] {
  const table = normalisationTable(format.mean, format.std);
  const augment = augmentations[pass.augment].create({
    side: format.imageSize,
    mean: format.mean.map((value) => value * 255),
  });
  return (image, index, target) => {
    const uniform = uniforms(pass.seed, 'augment', pass.epoch, index);
    const cut = pass.crop === 'random' ? randomCrop(image, target.side, uniform) : centreCrop(image, target.side);
    const place = pass.flip && uniform() < 0.5 ? { ...cut, mirrored: true } : cut;
    if (augment) writeNormalised(augment(cropImage(image, place, target.side), uniform), WHOLE, table, target);
    else writeNormalised(image, place, table, target);
  };
}

/**
 * How the pictures of one training batch are mixed: a function of (seed, epoch, batch) alone.
 *
 * @param options - how batches are made
 * @param side - S, of the pictures in pixels
 * @param epoch - counted from 0
 * @param batch - counted from 0
 * @returns the mix; null for the batches that are not mixed
 */
export function mixOf(options: TrainOptions, side: number, epoch: number, batch: number): Mix | null {
  const uniform = uniforms(options.seed, 'mix', epoch, batch);
  return uniform() < 0.5 ? mixings[options.mixup].draw(side, uniform) : null;
}

/**
 * One epoch of training batches: every image once, in an order that depends on (seed, epoch) alone; crop, mirror and
 * augmentation of an image depend on (seed, epoch, image) alone, whatever the batch size; mixing as {@link mixOf} says.
 *
 * @param split - images, usually the `train` split
 * @param format - input size and statistics: the packed manifest
 * @param pass - batch size, epoch, seed, transforms
 * @returns the batches
 */
export function trainBatches(split: PackedSplit, format: InputFormat, pass: TrainPass): Batches {
  const side = format.imageSize;
  const unmixed = batches(split, side, {
    batchSize: pass.batchSize,
    view: pass.crop === 'random' ? 'train' : 'eval',
    order: permutation(split.count, pass.seed, 'shuffle', pass.epoch),
    write: trainWriter(format, pass),
  });
  return {
    ...unmixed,
    fill(batch, inputs, labels) {
      const mixed = (indices: Uint32Array): Uint32Array => {
        const mix = mixOf(pass, side, pass.epoch, batch);
        if (mix) mixImages(inputs.subarray(0, indices.length * side * side * 3), side, mix);
        return indices;
      };
      const filled = unmixed.fill(batch, inputs, labels);
      return filled instanceof Promise ? filled.then(mixed) : mixed(filled);
    },
  };
}

/**
 * Evaluation batches, in the split's order. Test-time augmentation is the mean of the logits over ten such passes.
 *
 * @param split - images
 * @param format - input size and statistics: the packed manifest
 * @param pass - batch size and crop
 * @returns the batches
 */
export function evalBatches(split: PackedSplit, format: InputFormat, pass: EvalPass): Batches {
  const { crop } = pass;
  const side = format.imageSize;
  const table = normalisationTable(format.mean, format.std);
  const place = (image: RgbImage): CropPlace =>
    crop === 'centre' ? centreCrop(image, side) : tenCrop(image, side, crop);
  return batches(split, side, {
    batchSize: pass.batchSize,
    view: crop === 'centre' ? 'eval' : 'train',
    order: Uint32Array.from({ length: split.count }, (_, index) => index),
    write: (image, _, target) => writeNormalised(image, place(image), table, target),
  });
}

function tenCrop(image: RgbImage, side: number, crop: number): CropPlace {
  const place = tenCrops(image, side)[crop];
  if (!place) throw new RangeError(`no crop ${crop} among ten`);
  return place;
}
