import { isFailure } from '../../core/failure.ts';
import { bytes, type Program } from './program.ts';
import type { Target } from './target.ts';

/** Lowers a step for some batch size. */
export type Lowering = (batch: number) => Program<string>;

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
