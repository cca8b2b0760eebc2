import type { Failure } from '../../core/failure.ts';
import type { ValueObject } from '../../core/plan.ts';

const looked = new Map<string, Promise<Failure | null>>();

/**
 * Looks whether this machine runs the engine that a cell names, once an engine and process.
 *
 * @param params - of the cell
 * @param params.engine - what is looked for
 * @returns why not; null where it does, or `auto` picks one
 */
export async function engineObstacle({ engine }: ValueObject): Promise<Failure | null> {
  if (typeof engine !== 'string' || engine === 'auto') return null;
  const looking = looked.get(engine) ?? import('./run-engine.ts').then((loaded) => loaded.lookFor(engine));
  looked.set(engine, looking);
  return looking;
}
