import { intAt } from '../../util/at.ts';
import type { Augment, Uniform } from '../augment/augmentation.ts';
import { centreCrop, cropImage, tenCrops, writePixels, type CropPlace, type Size } from '../augment/crop.ts';
import { eraseBox } from '../augment/erase.ts';
import type { Box, RgbImage } from '../augment/image.ts';
import { normalisationTable, writeNormalised } from '../augment/normalise.ts';
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

/** Options of an evaluation pass. */
export interface EvalPass {
  readonly batchSize: number;
  /** `centre`: the `eval` view; 0 … 9: that one of the ten crops of the `train` view, in torchvision's order. */
  readonly crop: 'centre' | number;
}

/** Which view is read, in which order, and how an image becomes an input. */
export interface Pass {
  readonly batchSize: number;
  readonly view: View;
  readonly order: Uint32Array;
  /** What is drawn for an image: for its place first. */
  readonly draws: (index: number) => Uniform;
  /** Widens a picture before a square is cut out; null where that is cut out of the picture as it is. */
  readonly pad: ((image: RgbImage) => RgbImage) | null;
  readonly place: (size: Size, uniform: Uniform) => CropPlace;
  /** Changes the square that was cut out; null where it stays as it is. */
  readonly augment: Augment | null;
  /** Draws what is taken out of the normalised square of an image; null where nothing ever is. */
  readonly erased: ((index: number) => Box | null) | null;
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
function writerOf(format: InputFormat, { draws, pad, place, augment, erased }: Pass) {
  const table = normalisationTable(format.mean, format.std);
  const side = format.imageSize;
  return (image: RgbImage, index: number, inputs: Float32Array | Uint8Array, offset: number): void => {
    const uniform = draws(index);
    const whole = pad ? pad(image) : image;
    const cut = place(whole, uniform);
    const [from, at] = augment ? [augment(cropImage(whole, cut, side), uniform), WHOLE] : [whole, cut];
    const box = erased?.(index) ?? null;
    if (inputs instanceof Uint8Array) {
      if (erased) throw new Error('8-bit pixels have no mean to erase with');
      writePixels(from, at, { values: inputs, offset, side });
      return;
    }
    writeNormalised(from, at, table, { values: inputs, offset, side });
    if (box) eraseBox(inputs, offset, side, box);
  };
}

/** Squares of pictures that are not read here. */
function squaresOf(split: PackedSplit, indices: Uint32Array, pass: Pass): Int32Array {
  const { view, draws, pad, place, augment, erased } = pass;
  if (split.keep === 'encoded' || pad || augment || erased)
    throw new Error('pictures that are decoded or changed have no squares');
  const rows = Array.from(indices, (index) => {
    const { top, left, mirrored } = place(split.size(view, index), draws(index));
    return [index, top, left, Number(mirrored)];
  });
  return Int32Array.from(rows.flat());
}

/**
 * Makes the batches of a pass.
 *
 * @param split - images
 * @param format - input size and statistics: the packed manifest
 * @param pass - what is read, and how it becomes an input
 * @returns the batches
 */
export function batchesOf(split: PackedSplit, format: InputFormat, pass: Pass): Batches {
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
  return batchesOf(split, format, {
    batchSize: pass.batchSize,
    view: crop === 'centre' ? 'eval' : 'train',
    order: Uint32Array.from({ length: split.count }, (_, index) => index),
    draws: () => () => 0,
    pad: null,
    place: (size) => (crop === 'centre' ? centreCrop(size, side) : tenCrop(size, side, crop)),
    augment: null,
    erased: null,
  });
}

function tenCrop(image: Size, side: number, crop: number): CropPlace {
  const place = tenCrops(image, side)[crop];
  if (!place) throw new RangeError(`no crop ${crop} among ten`);
  return place;
}
