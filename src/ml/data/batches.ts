import type { RecipeParams } from '../../params/recipe.ts';
import { intAt } from '../../util/at.ts';
import type { Augment, Uniform } from '../augment/augmentation.ts';
import {
  centreCrop,
  cropImage,
  randomCrop,
  tenCrops,
  writePixels,
  type CropPlace,
  type Size,
} from '../augment/crop.ts';
import type { RgbImage } from '../augment/image.ts';
import { mixImages, mixings, type Mix, type MixingName } from '../augment/mix.ts';
import { normalisationTable, writeNormalised } from '../augment/normalise.ts';
import { augmentations, type AugmentationName } from '../augment/registry.ts';
import { permutation, uniforms } from '../random/random.ts';
import { inOrder } from '../../util/ordered.ts';
import type { EncodedSplit, PackedManifest, PackedSplit, View } from './packed.ts';

/**
 * Images of a batch: float32 [size, S, S, 3], normalised; or their 8-bit pixels, for engines that normalise where their arrays
 * lie; or int32 [size, 4], for engines where the pictures lie too: picture, top, left, and 1 where it is mirrored.
 */
export type Images = Float32Array | Uint8Array | Int32Array;

/** Which of them. Of pictures that are augmented, mixed or decoded there are no squares. */
export type ImageForm = 'normalised' | 'pixels' | 'squares';

/**
 * Makes room for images.
 *
 * @param form - theirs
 * @param sizes - of the images
 * @param sizes.count - how many
 * @param sizes.side - S, in pixels
 * @param buffer - makes a buffer of so many bytes
 * @returns the array
 */
export function imagesIn(
  form: ImageForm,
  { count, side }: { readonly count: number; readonly side: number },
  buffer: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): Images {
  const values = side ** 2 * 3;
  if (form === 'squares') return new Int32Array(buffer(16 * count));
  return form === 'pixels' ? new Uint8Array(buffer(count * values)) : new Float32Array(buffer(4 * count * values));
}

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
   * @param inputs - of any form; may be longer
   * @param labels - int32 [size]; may be longer
   * @returns indices of the images within the split, [size]; valid until the next call. Of a split whose files are kept, once
   *   they are decoded
   */
  fill(batch: number, inputs: Images, labels: Int32Array): Uint32Array | Promise<Uint32Array>;
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
  /** What is drawn for an image: for its place first. */
  readonly draws: (index: number) => Uniform;
  readonly place: (size: Size, uniform: Uniform) => CropPlace;
  /** Changes the square that was cut out; null where it stays as it is. */
  readonly augment: Augment | null;
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

/** A whole picture. */
const WHOLE: CropPlace = { top: 0, left: 0, mirrored: false };

/** Cuts, augments and writes an image: as it is, or normalised. */
function writerOf(format: InputFormat, { draws, place, augment }: Pass) {
  const table = normalisationTable(format.mean, format.std);
  const side = format.imageSize;
  return (image: RgbImage, index: number, inputs: Float32Array | Uint8Array, offset: number): void => {
    const uniform = draws(index);
    const cut = place(image, uniform);
    const [from, at] = augment ? [augment(cropImage(image, cut, side), uniform), WHOLE] : [image, cut];
    if (inputs instanceof Uint8Array) writePixels(from, at, { values: inputs, offset, side });
    else writeNormalised(from, at, table, { values: inputs, offset, side });
  };
}

/** Squares of pictures that are not read here. */
function squaresOf(split: PackedSplit, indices: Uint32Array, { view, draws, place, augment }: Pass): Int32Array {
  if (split.keep === 'encoded' || augment) throw new Error('pictures that are decoded or augmented have no squares');
  const rows = Array.from(indices, (index) => {
    const { top, left, mirrored } = place(split.size(view, index), draws(index));
    return [index, top, left, Number(mirrored)];
  });
  return Int32Array.from(rows.flat());
}

function batches(split: PackedSplit, format: InputFormat, pass: Pass): Batches {
  const { batchSize, view, order } = pass;
  const write = writerOf(format, pass);
  const values = format.imageSize ** 2 * 3;
  const members = (batch: number): Uint32Array => order.subarray(batch * batchSize, (batch + 1) * batchSize);
  return {
    count: Math.ceil(order.length / batchSize),
    size: (batch) => members(batch).length,
    fill(batch, inputs, labels) {
      const indices = members(batch);
      indices.forEach((index, slot) => (labels[slot] = intAt(split.labels, index)));
      if (inputs instanceof Int32Array) {
        inputs.set(squaresOf(split, indices, pass));
        return indices;
      }
      const reading = readEach(split, view, indices, (image, slot) =>
        write(image, intAt(indices, slot), inputs, slot * values),
      );
      return reading ? reading.then(() => indices) : indices;
    },
  };
}

/**
 * The view that training batches are cut from.
 *
 * @param options - how they are made
 * @param options.crop - where
 * @returns its name
 */
export const viewFor = ({ crop }: Pick<TrainOptions, 'crop'>): View => (crop === 'random' ? 'train' : 'eval');

/** Crop, mirror, augment: what an image becomes depends on (seed, epoch, image) alone. */
function trainPass(split: PackedSplit, format: InputFormat, pass: TrainPass): Pass {
  const side = format.imageSize;
  const cut = pass.crop === 'random' ? randomCrop : centreCrop;
  return {
    batchSize: pass.batchSize,
    view: viewFor(pass),
    order: permutation(split.count, pass.seed, 'shuffle', pass.epoch),
    draws: (index) => uniforms(pass.seed, 'augment', pass.epoch, index),
    place: (size, uniform) => {
      const place = cut(size, side, uniform);
      return pass.flip && uniform() < 0.5 ? { ...place, mirrored: true } : place;
    },
    augment: augmentations[pass.augment].create({ side, mean: format.mean.map((value) => value * 255) }),
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
  const unmixed = batches(split, format, trainPass(split, format, pass));
  return {
    ...unmixed,
    fill(batch, inputs, labels) {
      const mixed = (indices: Uint32Array): Uint32Array => {
        const mix = mixOf(pass, side, pass.epoch, batch);
        if (!mix) return indices;
        if (inputs instanceof Int32Array) throw new Error('squares cannot be mixed');
        mixImages(inputs.subarray(0, indices.length * side * side * 3), side, mix);
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
  return batches(split, format, {
    batchSize: pass.batchSize,
    view: crop === 'centre' ? 'eval' : 'train',
    order: Uint32Array.from({ length: split.count }, (_, index) => index),
    draws: () => () => 0,
    place: (size) => (crop === 'centre' ? centreCrop(size, side) : tenCrop(size, side, crop)),
    augment: null,
  });
}

function tenCrop(image: Size, side: number, crop: number): CropPlace {
  const place = tenCrops(image, side)[crop];
  if (!place) throw new RangeError(`no crop ${crop} among ten`);
  return place;
}
