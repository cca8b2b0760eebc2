import { at } from '../../util/at.ts';
import type { Augment, Uniform } from './augmentation.ts';
import type { Scale } from './magnitudes.ts';
import { operations, type OperationName } from './operations.ts';

/** One operation with its magnitude, as drawn. */
export interface Step {
  readonly operation: OperationName;
  /** Signed; 0 for an operation without one. */
  readonly magnitude: number;
}

/** Draws the steps of one picture. */
export type Draw = (uniform: Uniform) => readonly Step[];

/**
 * Gives an operation the magnitude of a bin, with either sign where the operation has signs.
 *
 * @param operation - name
 * @param scale - its magnitudes
 * @param bin - index of the magnitude
 * @param uniform - one number is drawn for a sign
 * @returns the step
 */
export function stepOf(operation: OperationName, scale: Scale, bin: number, uniform: Uniform): Step {
  const magnitude = scale.magnitudes ? at(scale.magnitudes, bin) : 0;
  return { operation, magnitude: scale.signed && uniform() < 0.5 ? -magnitude : magnitude };
}

/**
 * Makes a policy of what it draws: the steps are taken in turn.
 *
 * @param draw - draws the steps of one picture
 * @returns the policy
 */
export const taking =
  (draw: Draw): Augment =>
  (image, uniform) =>
    draw(uniform).reduce((picture, { operation, magnitude }) => operations[operation](picture, magnitude), image);
