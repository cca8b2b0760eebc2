import type { RgbImage } from './image.ts';

/** A source of uniform numbers in [0, 1). */
export type Uniform = () => number;

/** What a policy is made for. */
export interface AugmentInput {
  /** Side of the squares that it gets, in pixels. */
  readonly side: number;
  /** The dataset's mean colour, 0 … 255 a channel: what becomes 0 in a network's input. */
  readonly mean: readonly number[];
}

/** Changes a square picture as it draws; gives a fresh picture or the same one, of the same size. */
export type Augment = (image: RgbImage, uniform: Uniform) => RgbImage;

/** A way to vary training pictures: one file, and one line in the registry. */
export interface Augmentation {
  readonly summary: string;
  readonly source: string;
  /**
   * Makes it ready for pictures of one size.
   *
   * @param input - size and statistics of what it will get
   * @returns what changes a picture; null when pictures stay as they are
   */
  create(input: AugmentInput): Augment | null;
}

/**
 * Draws an index.
 *
 * @param count - number of choices, ≥ 1
 * @param uniform - one number is drawn
 * @returns 0 … count − 1, each as likely
 */
export const pick = (count: number, uniform: Uniform): number => Math.floor(uniform() * count);

/**
 * Draws an element.
 *
 * @param choices - at least one
 * @param uniform - one number is drawn
 * @returns one of them, each as likely
 */
export function pickOf<T>(choices: readonly [T, ...T[]], uniform: Uniform): T {
  return choices[pick(choices.length, uniform)] ?? choices[0];
}
