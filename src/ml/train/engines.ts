import type { Position } from './training-state.ts';

/**
 * A run's position with the engine of its further steps: a run may go on with another engine than it began with.
 *
 * @param position - where it goes on
 * @param engine - name of the engine; undefined where nobody wants to know
 * @returns the position as it is to be kept
 */
export function withEngine(position: Position, engine: string | undefined): Position {
  const { engines = [] } = position;
  return engine === undefined || engines.includes(engine) ? position : { ...position, engines: [...engines, engine] };
}
