import { centreCrop, randomCrop, tenCrops, type CropPlace } from '../augment/crop.ts';
import type { RgbImage } from '../augment/image.ts';
import { normalisationTable, writeNormalised } from '../augment/normalise.ts';
import { permutation, uniforms } from '../random/random.ts';
import type { PackedManifest, PackedSplit, View } from './packed.ts';

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
   * @returns indices of the images within the split, [size]; valid until the next call
   */
  fill(batch: number, inputs: Float32Array, labels: Int32Array): Uint32Array;
}

/** What every pass needs to know of the packed dataset. */
export type InputFormat = Pick<PackedManifest, 'imageSize' | 'mean' | 'std'>;

/** Options of a training pass. */
export interface TrainPass {
  readonly batchSize: number;
  /** Counted from 0. */
  readonly epoch: number;
  readonly seed: number;
  /** `random`: anywhere in the `train` view; `centre`: the `eval` view. */
  readonly crop: 'random' | 'centre';
  /** Mirror each image with probability ½. */
  readonly flip: boolean;
}

/** Options of an evaluation pass. */
export interface EvalPass {
  readonly batchSize: number;
  /** `centre`: the `eval` view; 0 … 9: that one of the ten crops of the `train` view, in torchvision's order. */
  readonly crop: 'centre' | number;
}

/** Which view is read, in which order, and where each image is cut. */
interface Pass {
  readonly batchSize: number;
  readonly view: View;
  readonly order: Uint32Array;
  readonly place: (image: RgbImage, index: number) => CropPlace;
}

function batches(split: PackedSplit, format: InputFormat, pass: Pass): Batches {
  const { batchSize, view, order, place } = pass;
  const side = format.imageSize;
  const table = normalisationTable(format.mean, format.std);
  const members = (batch: number): Uint32Array => order.subarray(batch * batchSize, (batch + 1) * batchSize);
  return {
    count: Math.ceil(order.length / batchSize),
    size: (batch) => members(batch).length,
    fill(batch, inputs, labels) {
      const indices = members(batch);
      indices.forEach((index, slot) => {
        const image = split.image(view, index);
        const target = { values: inputs, offset: slot * side * side * 3, side };
        writeNormalised(image, place(image, index), table, target);
        labels[slot] = split.labels[index] ?? 0;
      });
      return indices;
    },
  };
}

/**
 * One epoch of training batches: every image once, in an order that depends on (seed, epoch) alone; crop and mirror
 * of an image depend on (seed, epoch, image) alone, whatever the batch size.
 *
 * @param split - images, usually the `train` split
 * @param format - input size and statistics: the packed manifest
 * @param pass - batch size, epoch, seed, crop, flip
 * @returns the batches
 */
export function trainBatches(split: PackedSplit, format: InputFormat, pass: TrainPass): Batches {
  const side = format.imageSize;
  const place = (image: RgbImage, index: number): CropPlace => {
    const uniform = uniforms(pass.seed, 'augment', pass.epoch, index);
    const cut = pass.crop === 'random' ? randomCrop(image, side, uniform) : centreCrop(image, side);
    return pass.flip && uniform() < 0.5 ? { ...cut, mirrored: true } : cut;
  };
  return batches(split, format, {
    batchSize: pass.batchSize,
    view: pass.crop === 'random' ? 'train' : 'eval',
    order: permutation(split.count, pass.seed, 'shuffle', pass.epoch),
    place,
  });
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
    place: (image) => (crop === 'centre' ? centreCrop(image, side) : tenCrop(image, side, crop)),
  });
}

function tenCrop(image: RgbImage, side: number, crop: number): CropPlace {
  const place = tenCrops(image, side)[crop];
  if (!place) throw new RangeError(`no crop ${crop} among ten`);
  return place;
}
