/** Time of a step by primitive and shape: every operation of the program is run, and timed, by itself. */
import type { Executable, Region } from '../../../src/ml/engines/executor.ts';
import { fromPyTorch, layoutOf, slotOf } from '../../../src/ml/engines/layout.ts';
import { lowerInference, lowerTraining } from '../../../src/ml/engines/lower/lower.ts';
import type { Controls } from '../../../src/ml/engines/primitives.ts';
import type { Operation, Program, Space } from '../../../src/ml/engines/program.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import type { KernelExecutor } from '../../../src/ml/engines/kernels/executor.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { Network } from '../../../src/ml/network/network.ts';
import { nativeExecutor } from '../../support/native.ts';
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
  const n: Readonly<Record<string, number | undefined>> = numbers;
  if (n['kernel'] === undefined) return `${primitive} ${n['rows'] ?? n['count'] ?? ''}×${n['channels'] ?? ''}`;
  const window = `${n['kernel']}×${n['kernel']}/${n['stride']}`;
  return `${primitive} ${n['batch']}×${n['height']}×${n['width']}×${n['channels']} → ${n['outChannels'] ?? ''} ${window}`;
}

/** Floating-point operations of a dense convolution or of one of its gradients; 0 for others. */
function flopsOf({ primitive, numbers: n }: Operation): number {
  if (!primitive.startsWith('conv') || !('outChannels' in n)) return 0;
  return 2 * n.batch * n.outHeight * n.outWidth * n.outChannels * n.kernel ** 2 * n.channels;
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
    step: executor.allocate(program.floats),
  };
  for (const [name, values] of initialState(network, 0)) {
    const slot = slotOf(layout, name);
    executor.write(memory[slot.space], slot.offset, fromPyTorch(slot, values));
  }
  return memory;
}

/** The best that there is here, or wasm where KDPIPE_NATIVE is off. */
function executorOf(threads: number): KernelExecutor {
  const native = process.env['KDPIPE_NATIVE'] === 'off' ? null : nativeExecutor({ threads });
  return native ?? new WasmExecutor({ threads });
}

/**
 * Runs a case's operations one by one, several times over.
 *
 * @param wanted - the case
 * @returns a Markdown table: kind of operation, how many, milliseconds of all, share, GFLOP/s
 */
export function profile(wanted: Case): string {
  const { size, batch, threads } = wanted;
  const network = models[wanted.model as keyof typeof models].build(
    { height: size, width: size, channels: 3 },
    wanted.classes,
  );
  const options = { target: KERNEL_TARGET, batch, taps: [] };
  const program = wanted.mode === 'train' ? lowerTraining(network, options, ADAMW) : lowerInference(network, options);
  const executor = executorOf(threads);
  const memory = spaces(executor, network, program);
  const bind = (forward: readonly Operation[]): Executable =>
    executor.compile({ ...program, sections: { forward, backward: [], update: [] } }, memory, threads);
  const whole = bind([]);
  for (const port of ['input', 'logits-gradient'])
    if (program.ports[port]) whole.port(port).forEach((_, i, values) => (values[i] = ((i * 37) % 101) / 101 - 0.5));
  const operations = [...program.sections.forward, ...program.sections.backward, ...program.sections.update];
  const steps = operations.map((operation) => ({ operation, executable: bind([operation]), times: [] as number[] }));
  for (let pass = 0; pass < PASSES; pass++)
    for (const { executable, times } of steps) {
      const start = performance.now();
      executable.run('forward', CONTROLS);
      times.push(performance.now() - start);
    }
  void executor.dispose();
  const kinds = new Map<string, { count: number; ms: number; flops: number }>();
  for (const { operation, times } of steps) {
    const kind = kindOf(operation);
    const { count, ms, flops } = kinds.get(kind) ?? { count: 0, ms: 0, flops: 0 };
    kinds.set(kind, { count: count + 1, ms: ms + Math.min(...times), flops: flops + flopsOf(operation) });
  }
  const total = [...kinds.values()].reduce((sum, { ms }) => sum + ms, 0);
  const row = ([kind, { count, ms, flops }]: [string, { count: number; ms: number; flops: number }]): string =>
    `| ${kind} | ${count} | ${ms.toFixed(2)} | ${((100 * ms) / total).toFixed(1)} % | ${flops ? (flops / ms / 1e6).toFixed(1) : ''} |`;
  return [
    `| operation | number | ms | share | GFLOP/s |`,
    `| :-- | --: | --: | --: | --: |`,
    ...[...kinds].sort((a, b) => b[1].ms - a[1].ms).map(row),
    `| all | ${steps.length} | ${total.toFixed(2)} | | |`,
  ].join('\n');
}
