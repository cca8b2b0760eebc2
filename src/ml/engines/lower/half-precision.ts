import type { Target } from '../target.ts';
import type { Shape } from './winograd.ts';

/** 1 where operands are rounded to bfloat16, as the primitives have it. */
type Flag = 0 | 1;

/** Whether products are enough, and the terms of a sum not too many. */
function pays({ kernel }: Shape, { bfloat16 }: Target, sums: { products: number; least: number; terms: number }): Flag {
  return bfloat16 && sums.products >= sums.least && kernel ** 2 * sums.terms <= bfloat16.mostDepth ? 1 : 0;
}

const productsOf = ({ kernel, channels, outChannels }: Shape): number => kernel ** 2 * channels * outChannels;

/**
 * Whether a convolution is computed from operands in bfloat16, unless Winograd's algorithm does it.
 *
 * @param shape - of the convolution
 * @param target - the executor's
 * @returns 1 or 0
 */
export function roundsForward(shape: Shape, target: Target): Flag {
  const least = target.bfloat16?.leastProducts ?? Infinity;
  return pays(shape, target, { products: productsOf(shape), least, terms: shape.channels });
}

/**
 * The same of an input gradient.
 *
 * @param shape - of the convolution
 * @param target - the executor's
 * @returns 1 or 0
 */
export function roundsInputGradient(shape: Shape, target: Target): Flag {
  if (shape.channels % target.panel) return 0;
  const least = target.bfloat16?.leastProducts ?? Infinity;
  return pays(shape, target, { products: productsOf(shape), least, terms: shape.outChannels });
}

/**
 * The same of a filter gradient.
 *
 * @param shape - of the convolution
 * @param target - the executor's
 * @returns 1 or 0
 */
export function roundsFilterGradient(shape: Shape, target: Target): Flag {
  const least = target.bfloat16?.leastFilterProducts ?? Infinity;
  return pays(shape, target, { products: productsOf(shape), least, terms: 1 });
}

/**
 * Room for a convolution's filter in bfloat16, two of which have a float's place.
 *
 * @param shape - of the convolution
 * @param rounds - whether it is rounded
 * @returns floats; 0 where it is not
 */
export const roundedFilter = (shape: Shape, rounds: Flag): number => (rounds ? productsOf(shape) / 2 : 0);
