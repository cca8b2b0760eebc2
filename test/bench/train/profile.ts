/** Time of a step by primitive and shape: every operation of the program is run, and timed, by itself. */
import type { Executable } from '../../../src/ml/engines/executor.ts';
import { fromPyTorch, layoutOf, slotOf } from '../../../src/ml/engines/layout.ts';
import { lowerInference, lowerTraining } from '../../../src/ml/engines/lower/lower.ts';
import type { Controls } from '../../../src/ml/engines/primitives.ts';
import type { Operation, Program, Space, Region } from '../../../src/ml/engines/program.ts';
import { WINOGRAD } from '../../../src/ml/engines/kernel-constants.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import type { KernelExecutor } from '../../../src/ml/engines/kernels/executor.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { Network } from '../../../src/ml/network/network.ts';
import { nativeExecutor, nativeKernels } from '../../support/native.ts';
import type { Case } from './case.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const CONTROLS: Controls = {
  seed: 0,
  step: 0,
  learningRate: 1e-5,
  weightDecay: 0,
  biasCorrection1: 1,
  biasCorrection2Sqrt: 1,
  averageStep: 0,
};
const PASSES = 15;

/** `conv 64×32²×16 → 16 3×3`: what makes two operations take equally long. */
function kindOf({ primitive, numbers }: Operation): string {
  const all: Readonly<Record<string, number | readonly number[] | undefined>> = numbers;
  const n = (name: string): string => String(all[name] ?? '');
  if (all['kernel'] === undefined) return `${primitive} ${n('rows') || n('count')}×${n('channels')}`;
  const window = `${n('kernel')}×${n('kernel')}/${n('stride')}`;
  return `${primitive} ${n('batch')}×${n('height')}×${n('width')}×${n('channels')} → ${n('outChannels')} ${window}`;
}

/** Floating-point operations of a dense convolution or of one of its gradients; 0 for others. */
function flopsOf({ primitive, numbers: n }: Operation): number {
  if (!primitive.startsWith('conv') || !('outChannels' in n)) return 0;
  return 2 * n.batch * n.outHeight * n.outWidth * n.outChannels * n.kernel ** 2 * n.channels;
}

/** Of the products of a direct sum, those that Winograd's algorithm leaves; 1 where it is not taken. */
function remaining({ primitive, numbers: n, operands }: Operation): number {
  if (!primitive.startsWith('conv') || !('outChannels' in n) || !('transformed' in operands) || !operands.transformed)
    return 1;
  const [height, width] = primitive === 'conv-input-gradient' ? [n.height, n.width] : [n.outHeight, n.outWidth];
  const { points, tile } = WINOGRAD;
  return (points * Math.ceil(height / tile) * Math.ceil(width / tile)) / (9 * height * width);
}

function spaces(executor: KernelExecutor, network: Network, program: Program): Record<Space, Region> {
  const layout = layoutOf(network, KERNEL_TARGET);
  const trained = (): Region => executor.allocate(layout.parameters);
  const memory = {
    parameter: trained(),
    gradient: trained(),
    slot0: trained(),
    slot1: trained(),
    statistic: executor.allocate(layout.statistics),
    'gradient-sum': executor.allocate(0),
    'parameter-average': executor.allocate(0),
    'statistic-average': executor.allocate(0),
    constant: executor.allocate(0),
    port: executor.allocate(0),
    step: executor.allocate(program.floats),
  };
  for (const [name, values] of initialState(network, 0)) {
    const slot = slotOf(layout, name);
    executor.write(memory[slot.space], slot.offset, fromPyTorch(slot, values));
  }
  return memory;
}

/** Executors by the names of their kernels: all of native code that this machine runs, or wasm where KDPIPE_NATIVE is off. */
function executorsOf(threads: number): ReadonlyMap<string, KernelExecutor> {
  const asked = process.env['KDPIPE_NATIVE'];
  const native = asked === 'off' ? [] : nativeKernels().filter((name) => !asked || name === asked);
  if (native.length === 0) return new Map([['wasm', new WasmExecutor({ threads })]]);
  return new Map(native.map((kernels) => [kernels, nativeExecutor({ threads, kernels })!]));
}

/** Times of every operation by itself, milliseconds: the fastest of several passes. `pass` runs them once. */
function timer(executor: KernelExecutor, network: Network, program: Program, threads: number) {
  const memory = spaces(executor, network, program);
  const bind = (forward: readonly Operation[]): Executable =>
    executor.compile({ ...program, sections: { forward, backward: [], update: [] } }, memory, threads);
  const whole = bind([]);
  for (const port of ['input', 'logits-gradient'])
    if (program.ports[port]) whole.port(port).forEach((_, i, values) => (values[i] = ((i * 37) % 101) / 101 - 0.5));
  const steps = operationsOf(program).map((operation) => ({ executable: bind([operation]), ms: Infinity }));
  const pass = (): void => {
    for (const step of steps) {
      const start = performance.now();
      step.executable.run('forward', CONTROLS);
      step.ms = Math.min(step.ms, performance.now() - start);
    }
  };
  return { pass, times: () => steps.map(({ ms }) => ms) };
}

const operationsOf = ({ sections: { forward, backward, update } }: Program): readonly Operation[] => [
  ...forward,
  ...backward,
  ...update,
];

/** Operations of one kind: how many, milliseconds by executor, floating-point operations of the direct sums, and those that are done. */
export interface Kind {
  readonly count: number;
  readonly ms: readonly number[];
  readonly flops: number;
  readonly done: number;
}

const sum = (a: readonly number[], b: readonly number[]): readonly number[] => a.map((x, i) => x + (b[i] ?? NaN));

function kindsOf(operations: readonly Operation[], times: readonly (readonly number[])[]): ReadonlyMap<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const [i, operation] of operations.entries()) {
    const kind = kindOf(operation);
    const ms = times.map((of) => of[i] ?? NaN);
    const before = kinds.get(kind) ?? { count: 0, ms: ms.map(() => 0), flops: 0, done: 0 };
    const flops = flopsOf(operation);
    kinds.set(kind, {
      count: before.count + 1,
      ms: sum(before.ms, ms),
      flops: before.flops + flops,
      done: before.done + flops * remaining(operation),
    });
  }
  return kinds;
}

/** Where the time of a step goes, by executor. */
interface Profile {
  readonly names: readonly string[];
  readonly kinds: ReadonlyMap<string, Kind>;
  readonly operations: number;
  readonly total: readonly number[];
}

/**
 * Runs a case's operations one by one, several times over, on each executor in turn.
 *
 * @param wanted - the case
 * @returns times by kind of operation
 */
export async function measure(wanted: Case): Promise<Profile> {
  const { size, batch, threads } = wanted;
  const network = models[wanted.model as keyof typeof models].build(
    { height: size, width: size, channels: 3 },
    wanted.classes,
  );
  const all = executorsOf(threads);
  const executors = wanted.mode === 'amp' ? new Map([...all].filter(([, { target }]) => target.bfloat16)) : all;
  if (executors.size === 0) throw new Error('no kernels here have half precision');
  const target = wanted.mode === 'amp' ? [...executors.values()][0]!.target : KERNEL_TARGET;
  const options = { target, batch, taps: [] };
  const program = wanted.mode === 'frozen' ? lowerInference(network, options) : lowerTraining(network, options, ADAMW);
  const timers = [...executors.values()].map((executor) => timer(executor, network, program, threads));
  for (let i = 0; i < PASSES; i++) for (const { pass } of timers) pass();
  await Promise.all([...executors.values()].map((executor) => executor.dispose()));
  const operations = operationsOf(program);
  const kinds = kindsOf(
    operations,
    timers.map(({ times }) => times()),
  );
  const total = [...kinds.values()].reduce<readonly number[]>(
    (all, { ms }) => sum(all, ms),
    timers.map(() => 0),
  );
  return { names: [...executors.keys()], kinds, operations: operations.length, total };
}

/**
 * Says where the time of a step goes.
 *
 * @param wanted - the case
 * @returns a Markdown table: kind of operation, how many, share of the first executor's time, and by kernels milliseconds of all and
 *   GFLOP/s
 */
export async function profile(wanted: Case): Promise<string> {
  const { names, kinds, operations, total } = await measure(wanted);
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const row = ([kind, { count, ms, flops }]: [string, Kind]): string => {
    const share = `${((100 * (ms[0] ?? NaN)) / (total[0] ?? NaN)).toFixed(1)} %`;
    return line([kind, count, share, ...ms.flatMap((t) => [t.toFixed(2), flops ? (flops / t / 1e6).toFixed(1) : ''])]);
  };
  return [
    line(['operation', 'number', 'share', ...names.flatMap((name) => [`${name} (ms)`, 'GFLOP/s'])]),
    line([':--', '--:', '--:', ...names.flatMap(() => ['--:', '--:'])]),
    ...[...kinds].sort((a, b) => (b[1].ms[0] ?? NaN) - (a[1].ms[0] ?? NaN)).map(row),
    line(['all', operations, '', ...total.flatMap((t) => [t.toFixed(2), ''])]),
  ].join('\n');
}
