import { afterAll, describe, expect, it } from 'vitest';
import type { FunctionName } from '../../../../src/ml/engines/array-primitives.ts';
import type { Executor } from '../../../../src/ml/engines/executor.ts';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import { nativeExecutor } from '../../../support/native.ts';
import { runPrimitive } from '../../../support/primitive.ts';
import { hashed } from '../../../support/hashed.ts';
import { elementwiseCall } from '../calls/walk.ts';

const native = nativeExecutor({ threads: 1, memory: 2 ** 26 });
const executors: readonly (readonly [string, Executor])[] = [
  ['relaxed SIMD', new WasmExecutor({ threads: 1, memory: 2 ** 26 })],
  ['plain SIMD', new WasmExecutor({ threads: 1, memory: 2 ** 26, build: 'simd' })],
  ...(native ? [['native code', native] as const] : []),
];

afterAll(async () => {
  await Promise.all(executors.map(([, executor]) => executor.dispose()));
});

/** One function of one list an operand. */
function apply(executor: Executor, name: FunctionName, ...operands: readonly ArrayLike<number>[]): Float32Array {
  const inputs = operands.map((values) => ({ values: Float32Array.from(values), strides: [1] }));
  const shape = [operands[0]!.length];
  const call = elementwiseCall({ shape, inputs, code: [[name, operands.length, ...inputs.keys()]] });
  return runPrimitive(executor, call)['y']!;
}

/** Distance to the exact value in units of the last place of a float32, of a normal one at least. */
function ulps(got: number, exact: number): number {
  const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(exact)))) - 23);
  return Math.abs(got - exact) / unit;
}

/** The largest distance over some values. */
function worst(got: Float32Array, exact: (index: number) => number): number {
  return got.reduce((most, value, index) => Math.max(most, ulps(value, exact(index))), 0);
}

const COUNT = 60_000;

/** Evenly spread numbers. */
const between = (name: string, from: number, to: number): Float32Array =>
  Float32Array.from(hashed(name, COUNT), (u) => from + u * (to - from));

/** Positive floats of every size alike: evenly spread bit patterns from the smallest subnormal to the largest number. */
const ofEverySize = (name: string): Float32Array =>
  new Float32Array(Uint32Array.from(hashed(name, COUNT), (u) => 1 + Math.floor(u * 0x7f7ffffe)).buffer);

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

interface Edge {
  readonly name: FunctionName;
  readonly a: readonly number[];
  readonly b?: readonly number[];
  readonly exact: readonly number[];
}

const EDGES: readonly Edge[] = [
  { name: 'exp', a: [-inf, -1000, -87.4, 0, 88.8, 1000, inf, nan], exact: [0, 0, 0, 1, inf, inf, inf, nan] },
  { name: 'log', a: [-inf, -1, -1e-40, 0, -0, 1, inf, nan], exact: [nan, nan, nan, -inf, -inf, 0, inf, nan] },
  { name: 'sqrt', a: [-1, 0, inf, nan], exact: [nan, 0, inf, nan] },
  { name: 'softplus', a: [-inf, -1000, 1000, inf, nan], exact: [0, 0, 1000, inf, nan] },
  { name: 'sigmoid', a: [-inf, 0, inf, nan], exact: [0, 0.5, 1, nan] },
  { name: 'abs', a: [-inf, -2, -0, nan], exact: [inf, 2, 0, nan] },
  { name: 'maximum', a: [1, nan, 1, -inf, 2], b: [2, 1, nan, -inf, inf], exact: [2, nan, nan, -inf, inf] },
  { name: 'minimum', a: [1, nan, 1, -inf, 2], b: [2, 1, nan, -inf, inf], exact: [1, nan, nan, -inf, 2] },
  { name: 'greater', a: [1, 2, 1, nan, inf], b: [2, 1, 1, 1, 1], exact: [0, 1, 0, 0, 1] },
  { name: 'equal', a: [1, 2, -0, nan, inf], b: [2, 2, 0, nan, inf], exact: [0, 1, 1, 0, 1] },
  {
    name: 'pow',
    a: [0, 0, 0, inf, inf, inf, 1, 2],
    b: [0, 2, -1, 0, 0.5, -2, 99, 1000],
    exact: [1, 0, inf, 1, inf, 0, 1, inf],
  },
  { name: 'pow', a: [-1, nan, nan, 2, 0, 1e-30], b: [1, 1, 0, nan, nan, 9], exact: [nan, nan, 1, nan, nan, 0] },
];

describe.each(executors)('%s', (_, executor) => {
  it('takes exp to 2 units in the last place over the whole range', () => {
    const x = Float32Array.of(...[-87.33, 88.72], ...between('exp', -87.33, 88.72).subarray(2));
    expect(worst(apply(executor, 'exp', x), (i) => Math.exp(x[i]!))).toBeLessThan(2);
  });

  it('takes log to 2 units in the last place, of subnormal numbers and around 1 as well', () => {
    for (const x of [ofEverySize('log'), between('log', 0.5, 2)])
      expect(worst(apply(executor, 'log', x), (i) => Math.log(x[i]!))).toBeLessThan(2);
  });

  it('takes softplus to 3 units in the last place, where it is small as well', () => {
    for (const x of [between('softplus', -87, 20), between('softplus', -2, 2)])
      expect(worst(apply(executor, 'softplus', x), (i) => softplus(x[i]!))).toBeLessThan(3);
  });

  it('takes sigmoid to 3 units in the last place', () => {
    const x = between('sigmoid', -87, 20);
    expect(worst(apply(executor, 'sigmoid', x), (i) => 1 / (1 + Math.exp(-x[i]!)))).toBeLessThan(3);
  });

  it('takes pow to 1 unit in the last place', () => {
    const pairs = [
      [ofEverySize('base'), between('exponent', -0.8, 0.8)],
      [between('base', 0.1, 4), between('exponent', -30, 30)],
    ] as const;
    for (const [a, b] of pairs) expect(worst(apply(executor, 'pow', a, b), (i) => a[i]! ** b[i]!)).toBeLessThan(1);
  });

  it('divides and takes roots as IEEE 754 says', () => {
    const [a, b] = [ofEverySize('a'), ofEverySize('b')];
    expect(apply(executor, 'div', a, b)).toEqual(a.map((value, i) => value / b[i]!));
    expect(apply(executor, 'sqrt', a)).toEqual(a.map(Math.sqrt));
  });

  it.each(EDGES)('$name of $a, $b is $exact', ({ name, a, b, exact }) => {
    expect([...apply(executor, name, ...(b ? [a, b] : [a]))]).toEqual(exact);
  });

  it('selects by what is not 0', () => {
    expect([...apply(executor, 'select', [0, -0, 1, nan, inf], [1, 2, 3, 4, nan], [5, 6, 7, nan, 9])]).toEqual([
      ...[5, 6, 3, 4, nan],
    ]);
  });
});
