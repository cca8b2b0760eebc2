import * as algebra from '../../algebra/arithmetic.ts';
import { input } from '../../algebra/inputs.ts';
import { gather, gatherProducts, gatherSums, matmul, rightSingularVectors } from '../../algebra/matrices.ts';
import type { Node } from '../../algebra/node.ts';
import { max, sum } from '../../algebra/reductions.ts';
import { transpose } from '../../algebra/shapes.ts';
import type { Executor } from '../executor.ts';
import { lowerExpression } from '../lower/expression/lower.ts';
import type { LoweredExpression } from '../lower/expression/options.ts';
import { allocateAll } from '../memory.ts';
import { NO_CONTROLS } from '../steps.ts';
import type { Target } from '../target.ts';

/** Sizes that fill no vector and no tile; rows that are picked, and how many each. */
const [ROWS, COLUMNS, PICKED, EACH] = [13, 37, 12, 5];
/** What has so many elements is summed in pieces. */
const LONG = 9000;

/** All functions, long and short reductions, products of all layouts, singular vectors, picked rows. */
function results(): Readonly<Record<string, Node>> {
  const { add, addN, div, equal, exp, greater, log, maximum, minimum, mul, pow } = algebra;
  const { abs, select, sigmoid, softplus, sqrt, square, sub } = algebra;
  const [x, y] = [input('x', [ROWS, COLUMNS]), input('y', [ROWS, COLUMNS])];
  const [places, pairs] = [input('places', [PICKED]), input('pairs', [PICKED, EACH])];
  const size = add(square(x), 0.5);
  return {
    functions: addN([
      select(greater(x, y), exp(x), log(size)),
      div(sqrt(size), add(sigmoid(y), equal(x, y))),
      mul(softplus(x), pow(size, 1.7)),
      sub(maximum(x, y), minimum(abs(x), y)),
    ]),
    rows: sum(exp(x), { axes: [1] }),
    columns: sum(mul(x, y), { axes: [0] }),
    total: sum(input('long', [LONG])),
    largest: max(x, { axes: [0] }),
    products: addN([
      matmul(x, y, { transposeB: true }),
      matmul(transpose(x), transpose(y), { transposeA: true }),
      matmul(x, transpose(y)),
    ]),
    outer: matmul(x, y, { transposeA: true }),
    singular: matmul(rightSingularVectors(x), rightSingularVectors(transpose(y))),
    picked: gatherSums(gatherProducts(gather(x, places), y, pairs), y, pairs),
  };
}

/**
 * A program with a use for every primitive over arrays.
 *
 * @param target - what it is for
 * @returns the program; `x`, `y` and `long` take values in ±1, `places` and `pairs` numbers of rows
 */
export function arrayProgram(target: Target): LoweredExpression {
  const kept = input('x', [ROWS, COLUMNS]);
  const table = { space: 'constant', offset: 0 } as const;
  return lowerExpression({
    target,
    inputs: new Map([['table', table]]),
    adapter: ({ adapter }) => {
      throw new Error(`nothing runs adapter ${adapter.name}`);
    },
    results: results(),
    ...{ writes: [], effects: [] },
    updates: [{ value: gather(kept, input('places', [PICKED])), to: table, places: input('places', [PICKED]) }],
  });
}

/**
 * Runs that program.
 *
 * @param executor - what computes
 * @param threads - how many work on it
 * @param values - writes values in ±1
 * @returns all that comes of it, by name
 */
export function runArrays(
  executor: Executor,
  threads: number,
  values: (into: Float32Array) => void,
): ReadonlyMap<string, Float32Array> {
  const { program } = arrayProgram(executor.target);
  const sizes = { step: program.floats, constant: ROWS * COLUMNS, port: program.portFloats };
  const memory = allocateAll(executor, sizes);
  const executable = executor.compile(program, memory, threads);
  for (const name of ['x', 'y', 'long']) values(executable.port(name));
  for (const name of ['places', 'pairs']) {
    const port = executable.port(name);
    for (let i = 0; i < port.length; i++) port[i] = (i * 5) % ROWS;
  }
  executable.run('0', NO_CONTROLS);
  executable.run('update', NO_CONTROLS);
  const outputs = Object.entries(program.ports).filter(([, { direction }]) => direction === 'out');
  const found = new Map<string, Float32Array>(outputs.map(([name]) => [name, executable.port(name).slice()]));
  found.set('table', executor.read(memory.constant, 0, ROWS * COLUMNS));
  executable.dispose();
  for (const region of Object.values(memory)) executor.free(region);
  return found;
}
