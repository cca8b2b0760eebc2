import type { RecipeParams } from '../../params/recipe.ts';
import { centreCrop, randomCrop } from '../augment/crop.ts';
import { drawErased } from '../augment/erase.ts';
import { mixImages, mixings, type Mix, type MixingName } from '../augment/mix.ts';
import { padImage } from '../augment/pad.ts';
import { augmentationNamed, type Augmentations } from '../augment/registry.ts';
import { permutation, uniforms } from '../random/random.ts';
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
>;

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
export const areSquares = ({ crop, augment, randomErasing, mixup }: TrainOptions): boolean =>
  crop !== 'pad' && augment === 'none' && randomErasing === 0 && mixup === 'none';

/** Crop, mirror, augment: what an image becomes depends on (seed, epoch, image) alone. */
function trainPass(split: PackedSplit, format: InputFormat, pass: TrainPass, added?: Augmentations): Pass {
  const side = format.imageSize;
  const { view, place: cut } = CROPS[pass.crop];
  const { cropPadding, paddingMode, randomErasing } = pass;
  return {
    batchSize: pass.batchSize,
    view,
    pad: pass.crop === 'pad' ? (image) => padImage(image, cropPadding, paddingMode) : null,
    order: permutation(split.count, pass.seed, 'shuffle', pass.epoch),
    draws: (index) => uniforms(pass.seed, 'augment', pass.epoch, index),
    place: (size, uniform) => {
      const place = cut(size, side, uniform);
      return pass.flip && uniform() < 0.5 ? { ...place, mirrored: true } : place;
    },
    augment: augmentationNamed(pass.augment, added).create({ side, mean: format.mean.map((value) => value * 255) }),
    erased: randomErasing
      ? (index) => drawErased(randomErasing, side, uniforms(pass.seed, 'erase', pass.epoch, index))
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

/**
 * One epoch of training batches: every image once, in an order that depends on (seed, epoch) alone; crop, mirror and
 * augmentation of an image depend on (seed, epoch, image) alone, whatever the batch size; mixing as {@link mixOf} says.
 *
 * @param split - images, usually the `train` split
 * @param format - input size and statistics: the packed manifest
 * @param pass - batch size, epoch, seed, transforms
 * @param added - augmentations of plugins
 * @returns the batches
 */
export function trainBatches(split: PackedSplit, format: InputFormat, pass: TrainPass, added?: Augmentations): Batches {
  const side = format.imageSize;
  const unmixed = batchesOf(split, format, trainPass(split, format, pass, added));
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
