import type { Executor } from '../../src/ml/engines/executor.ts';
import type { Controls, Numbers, Operands, PrimitiveName } from '../../src/ml/engines/primitives.ts';
import type { Operation, Ref, Space, Region } from '../../src/ml/engines/program.ts';

export const CONTROLS: Controls = {
  seed: 7,
  step: 3,
  learningRate: 0.01,
  weightDecay: 0.05,
  biasCorrection1: 0.19,
  biasCorrection2Sqrt: Math.sqrt(0.002),
  averageStep: 0.03,
};

const SPACES: readonly Space[] = [
  ...(['step', 'parameter', 'gradient', 'gradient-sum', 'slot0', 'slot1', 'statistic'] as const),
  ...(['parameter-average', 'statistic-average'] as const),
];

/** Of executors whose sums are in an order of their own: how many times as far they may be off as our kernels. */
export const ROOM = 2;

/** Of a program without buffers. */
const EMPTY = { sizes: [], offsets: [], floats: 0, valueFloats: 0, portFloats: 0 };

/** Runs one primitive on an executor and returns all of its operands afterwards. */
export function runPrimitive<P extends PrimitiveName>(
  executor: Executor,
  call: { readonly primitive: P; readonly operands: Operands<P, Float32Array>; readonly numbers: Numbers<P> },
  threads = 1,
): Record<string, Float32Array> {
  const given = Object.entries<Float32Array | null>(call.operands);
  const arrays = given.flatMap(([name, values]) => (values ? [{ name, values }] : []));
  const total = arrays.reduce((sum, { values }) => sum + Math.ceil(values.length / 16) * 16, 0);
  const region = executor.allocate(total);
  const offsets = new Map<string, number>();
  let offset = 0;
  for (const { name, values } of arrays) {
    executor.write(region, offset, values);
    offsets.set(name, offset);
    offset += Math.ceil(values.length / 16) * 16;
  }
  const refs = Object.fromEntries(
    given.map(([name]): [string, Ref | null] => {
      const at = offsets.get(name);
      return [name, at === undefined ? null : { space: 'parameter', offset: at }];
    }),
  );
  const operation = { primitive: call.primitive, operands: refs, numbers: call.numbers } as unknown as Operation;
  const memory = Object.fromEntries(SPACES.map((space) => [space, region])) as Record<Space, Region>;
  const sections = { forward: [operation], backward: [], update: [] };
  const executable = executor.compile({ ...EMPTY, sections, ports: {} }, memory, threads);
  executable.run('forward', CONTROLS);
  const after = new Map(
    arrays.map(({ name, values }) => [name, executor.read(region, offsets.get(name) ?? 0, values.length)]),
  );
  executable.dispose();
  executor.free(region);
  return Object.fromEntries(after);
}

/**
 * Largest difference between two lists of numbers, relative to the expected ones' largest value if that is above 1.
 *
 * @param got - as many as expected
 * @param expected - the reference's
 * @returns NaN, which is below nothing, where one of them is
 */
export function difference(got: Float32Array, expected: Float32Array): number {
  const peak = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return got.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (expected[i] ?? NaN)) / peak), 0);
}
