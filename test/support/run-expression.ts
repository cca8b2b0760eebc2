import type { Node } from '../../src/ml/algebra/node.ts';
import type { Executor } from '../../src/ml/engines/executor.ts';
import { allocateAll } from '../../src/ml/engines/memory.ts';
import { lowerExpression } from '../../src/ml/engines/lower/expression/lower.ts';
import type { ReferenceExecutable } from '../../src/ml/engines/reference/executor.ts';
import { NO_CONTROLS } from '../../src/ml/engines/steps.ts';

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
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  threads = 1,
): readonly (Float32Array | Float64Array)[] {
  const { program, constants, calls } = lowerExpression({
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
    if (direction === 'in') (exact?.exact(name) ?? executable.port(name)).set(inputs[name]!);
  if (calls.length > 0) throw new Error('no adapters');
  executable.run('0', NO_CONTROLS);
  const results = roots.map((_, k) => (exact?.exact(`result ${k}`) ?? executable.port(`result ${k}`)).slice());
  executable.dispose();
  for (const region of Object.values(memory)) executor.free(region);
  return results;
}
