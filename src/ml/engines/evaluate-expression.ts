import type { Node } from '../algebra/node.ts';
import type { Executor } from './executor.ts';
import { lowerExpression } from './lower/expression/lower.ts';
import { allocateAll } from './memory.ts';
import { ReferenceExecutor, type ReferenceExecutable } from './reference/executor.ts';
import { NO_CONTROLS } from './steps.ts';

/** Arrays by name, dense. */
export type InputArrays = Readonly<Record<string, ArrayLike<number>>>;

function givenFor(name: string, inputs: InputArrays): ArrayLike<number> {
  const values = inputs[name];
  if (!values) throw new Error(`nothing gives ${name}`);
  return values;
}

/**
 * Runs expressions without adapters as a program of an executor.
 *
 * @param executor - the reference gives its values in float64
 * @param roots - what is wanted
 * @param inputs - values of the inputs, by name
 * @param threads - how many
 * @returns values of each root
 */
export function runNodes(
  executor: Executor,
  roots: readonly Node[],
  inputs: InputArrays,
  threads = 1,
): readonly (Float32Array | Float64Array)[] {
  const { program, constants } = lowerExpression({
    target: executor.target,
    inputs: new Map(),
    adapter: () => {
      throw new Error('no adapters');
    },
    results: Object.fromEntries(roots.map((root, k) => [`result ${k}`, root])),
    writes: [],
    updates: [],
    effects: [],
  });
  const sizes = { step: program.floats, constant: constants.length, port: program.portFloats };
  const memory = allocateAll(executor, sizes);
  executor.write(memory.constant, 0, constants);
  const executable = executor.compile(program, memory, threads);
  const exact = 'exact' in executable ? (executable as ReferenceExecutable<string>) : undefined;
  for (const [name, { direction }] of Object.entries(program.ports))
    if (direction === 'in') (exact?.exact(name) ?? executable.port(name)).set(givenFor(name, inputs));
  executable.run('0', NO_CONTROLS);
  const results = roots.map((_, k) => (exact?.exact(`result ${k}`) ?? executable.port(`result ${k}`)).slice());
  executable.dispose();
  for (const region of Object.values(memory)) executor.free(region);
  return results;
}

/**
 * Evaluates expressions in float64.
 *
 * @param roots - what is wanted; without adapters
 * @param inputs - values of the inputs, by name
 * @returns values of each root
 */
export const evaluateExpressions = (
  roots: readonly Node[],
  inputs: InputArrays,
): readonly (Float32Array | Float64Array)[] => runNodes(new ReferenceExecutor(), roots, inputs);
