import type { HalfPrecision } from '../engines/target.ts';
import type { PastPrecision, Position, Precision } from './training-state.ts';

/** What a checkpoint says; those from before there was half precision say nothing. */
const pastOf = ({ precision = 'float32' }: Position): PastPrecision => precision;

const isBegun = (position: Position | undefined): position is Position =>
  position !== undefined && position.updates > 0;

/**
 * The precision in which a run that asks for half precision goes on: that in which it began, so that none becomes a mixture, unless
 * the engine here has no half precision.
 *
 * @param half - what the engine has
 * @param from - where the run stands; undefined where it starts
 * @returns the precision of all further steps
 */
export function precisionFrom(half: HalfPrecision | null, from: Position | undefined): Precision {
  if (half === null || (isBegun(from) && pastOf(from) === 'float32')) return 'float32';
  return half;
}

/**
 * What a run has to tell when it goes on in another precision than it began in.
 *
 * @param precision - of all further steps
 * @param from - where the run stands; undefined where it starts
 * @returns a warning; null where there is nothing to tell
 */
export function precisionWarning(precision: Precision, from: Position | undefined): string | null {
  if (!isBegun(from) || pastOf(from) === precision || pastOf(from) === 'mixed') return null;
  return `the training began with amp in ${pastOf(from)}, which the engine here does not have: it goes on in ${precision}, so that its result is a mixture, and its record says amp: mixed`;
}

/**
 * A run's position with the precision of its steps.
 *
 * @param position - where it goes on
 * @param precision - of all further steps; undefined where half precision was not asked for
 * @returns the position as it is to be kept
 */
export function withPrecision(position: Position, precision: Precision | undefined): Position {
  if (precision === undefined) return position;
  return { ...position, precision: isBegun(position) && pastOf(position) !== precision ? 'mixed' : precision };
}
