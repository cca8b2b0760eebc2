import type { RecipeParams } from '../../params/recipe.ts';
import { centreCrop, randomCrop } from '../augment/crop.ts';
import { drawErased } from '../augment/erase.ts';
import { mixImages, mixings, type Mix, type MixingName } from '../augment/mix.ts';
import { padImage } from '../augment/pad.ts';
import { augmentationNamed, type Augmentations } from '../augment/registry.ts';
import { bits, permutation, uniforms } from '../random/random.ts';
import { batchesOf, type Batches, type InputFormat, type Pass } from './batches.ts';
import type { PackedSplit, View } from './packed.ts';

/**
 * The recipe's parameters of training batches, whatever the epoch. `crop` is `random`, anywhere in the `train` view, `centre`,
 * the `eval` view, or `pad`, anywhere in that, widened.
 */
export type TrainOptions = Pick<
  RecipeParams<{ readonly augmentations: string; readonly mixings: MixingName }>,
  | 'batchSize'
  | 'seed'
  | 'crop'
  | 'cropPadding'
  | 'paddingMode'
  | 'flip'
  | 'augment'
  | 'randomErasing'
  | 'mixup'
  | 'mixupAlpha'
> & {
  /** What changes the second view of each image; none = there is one view. */
  readonly secondView?: string;
};

/** Options of a training pass. */
export interface TrainPass extends TrainOptions {
  /** Counted from 0. */
  readonly epoch: number;
}

/** Where squares are cut out of which view. */
const CROPS = {
  random: { view: 'train', place: randomCrop },
  centre: { view: 'eval', place: centreCrop },
  pad: { view: 'eval', place: randomCrop },
} as const;

/**
 * The view that training batches are cut from.
 *
 * @param options - how they are made
 * @param options.crop - where
 * @returns its name
 */
export const viewFor = ({ crop }: Pick<TrainOptions, 'crop'>): View => CROPS[crop].view;

/**
 * Whether training images are squares of the view as it is, maybe mirrored: nothing in them is changed or mixed.
 *
 * @param options - how batches are made
 * @returns true where they are
 */
export const areSquares = ({ crop, augment, randomErasing, mixup, ...options }: TrainOptions): boolean =>
  crop !== 'pad' && augment === 'none' && randomErasing === 0 && mixup === 'none' && countViews(options) === 1;

/**
 * In how many ways each image of a batch is shown.
 *
 * @param options - how batches are made
 * @param options.secondView - what changes the second view
 * @returns 1, or 2 with a second view
 */
export const countViews = ({ secondView = 'none' }: Pick<TrainOptions, 'secondView'>): 1 | 2 =>
  secondView === 'none' ? 1 : 2;

/** A view of each image: what changes it, and the seed of all that it draws. */
type TrainView = Pick<TrainOptions, 'augment' | 'seed'>;

/** Crop, mirror, augment: what an image becomes depends on (seed, epoch, image) alone. */
function trainPass(
  split: PackedSplit,
  format: InputFormat,
  pass: TrainPass,
  { augment, seed, added }: TrainView & { readonly added: Augmentations },
): Pass {
  const side = format.imageSize;
  const { view, place: cut } = CROPS[pass.crop];
  const { cropPadding, paddingMode, randomErasing } = pass;
  return {
    batchSize: pass.batchSize,
    view,
    pad: pass.crop === 'pad' ? (image) => padImage(image, cropPadding, paddingMode) : null,
    order: permutation(split.count, pass.seed, 'shuffle', pass.epoch),
    draws: (index) => uniforms(seed, 'augment', pass.epoch, index),
    place: (size, uniform) => {
      const place = cut(size, side, uniform);
      return pass.flip && uniform() < 0.5 ? { ...place, mirrored: true } : place;
    },
    augment: augmentationNamed(augment, added).create({ side, mean: format.mean.map((value) => value * 255) }),
    erased: randomErasing
      ? (index) => drawErased(randomErasing, side, uniforms(seed, 'erase', pass.epoch, index))
      : null,
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
  return uniform() < 0.5 ? mixings[options.mixup].draw(side, options.mixupAlpha, uniform) : null;
}

/** The same batches, a second view of all images of each behind the first one. */
function withSecondView(
  first: Batches,
  split: PackedSplit,
  format: InputFormat,
  { pass, added }: { readonly pass: TrainPass; readonly added: Augmentations },
): Batches {
  const { secondView: augment = 'none', mixup, seed } = pass;
  if (mixup !== 'none') throw new Error('images of two views cannot be mixed');
  const view = { augment, seed: bits(seed, 'view', 0, 1), added };
  const second = batchesOf(split, format, trainPass(split, format, pass, view));
  const values = format.imageSize ** 2 * 3;
  return {
    ...first,
    fill(batch, inputs, labels) {
      const behind = inputs.subarray(first.size(batch) * values);
      const [indices, others] = [first.fill(batch, inputs, labels), second.fill(batch, behind, labels)];
      // Both decode, or neither does; whichever fails, the other one is waited for.
      if (indices instanceof Promise || others instanceof Promise)
        return Promise.all([indices, others]).then(([own]) => own);
      return indices;
    },
  };
}

/**
 * One epoch of training batches: every image once, in an order that depends on (seed, epoch) alone; crop, mirror and
 * augmentation of an image depend on (seed, epoch, image) alone, whatever the batch size; mixing as {@link mixOf} says. A second view
 * of all images of a batch stands behind the first one: the same images, cropped, mirrored and augmented by draws of its own.
 *
 * @param split - images, usually the `train` split
 * @param format - input size and statistics: the packed manifest
 * @param pass - batch size, epoch, seed, transforms
 * @param added - augmentations of plugins
 * @returns the batches
 */
export function trainBatches(
  split: PackedSplit,
  format: InputFormat,
  pass: TrainPass,
  added: Augmentations = {},
): Batches {
  const side = format.imageSize;
  const unmixed = batchesOf(split, format, trainPass(split, format, pass, { ...pass, added }));
  if (countViews(pass) === 2) return withSecondView(unmixed, split, format, { pass, added });
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
