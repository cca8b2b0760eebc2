import { input } from '../../src/ml/algebra/inputs.ts';
import type { EngineArray, Session } from '../../src/ml/engines/engine.ts';

/**
 * Reads arrays of an engine, through an expression.
 *
 * @param session - any of the engine's
 * @param arrays - by name
 * @returns copies of their values, as exact as the engine computes
 */
export function readArrays<Name extends string>(
  session: Session,
  arrays: Readonly<Record<Name, EngineArray>>,
): Readonly<Record<Name, Float32Array | Float64Array>> {
  const names = Object.entries<EngineArray>(arrays);
  const expression = session.expression({
    inputs: arrays,
    adapter: ({ adapter }) => {
      throw new Error(`nothing runs adapter ${adapter.name}`);
    },
    results: Object.fromEntries(names.map(([name, { floats }]) => [`read ${name}`, input(name, [floats])])),
    ...{ writes: [], updates: [], effects: [] },
  });
  expression.run();
  return Object.fromEntries(names.map(([name]) => [name, expression.result(`read ${name}`).slice()])) as Readonly<
    Record<Name, Float32Array | Float64Array>
  >;
}
