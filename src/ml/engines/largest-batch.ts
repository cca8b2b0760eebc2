import { isFailure } from '../../core/failure.ts';
import { bytes, type Program } from './program.ts';
import type { Target } from './target.ts';

/** Lowers a step for some batch size. */
export type Lowering = (batch: number) => Program;

/** Memory that steps may take. */
export interface Room {
  /** Bytes. */
  readonly capacity: number;
  readonly target: Target;
}

/** Whether a batch has a step that fits; some networks have none for a single image. */
function isPossible(lower: Lowering, batch: number, { capacity, target }: Room): boolean {
  try {
    return bytes(lower(batch), target) <= capacity;
  } catch (error) {
    if (isFailure(error, 'batch-too-small')) return false;
    throw error;
  }
}

/**
 * Largest batch whose step fits, by bisection; memory grows with the batch.
 *
 * @param lower - lowers the step
 * @param room - the memory that there is
 * @param tooMany - a batch that does not fit
 * @returns number of images; 0 where not even one fits
 */
export function largestBatch(lower: Lowering, room: Room, tooMany: number): number {
  let fits = 0;
  let fails = tooMany;
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (isPossible(lower, middle, room)) fits = middle;
    else fails = middle;
  }
  return fits;
}

/** A step that memory is wanted for, and how the same step is lowered for other batches. */
interface Wanted {
  readonly program: Program;
  readonly lower: Lowering;
}

/**
 * The first of several lowerings that fits.
 *
 * @param lowerings - one at least, the fastest first; the last one takes the least memory
 * @param batch - number of images
 * @param lacks - whether there is too little memory for a program
 * @returns the last one where none fits
 */
export function firstThatFits(
  lowerings: readonly [Lowering, ...Lowering[]],
  batch: number,
  lacks: (program: Program) => boolean,
): Wanted {
  const [first, ...thriftier] = lowerings;
  let wanted: Wanted = { lower: first, program: first(batch) };
  for (const lower of thriftier) if (lacks(wanted.program)) wanted = { lower, program: lower(batch) };
  return wanted;
}
