/** Whole steps by the kernels of native code and by those in WebAssembly. */
import { loadavg } from 'node:os';
import { frozenStep, trainingStep } from '../../src/ml/bench/measure.ts';
import type { Executor } from '../../src/ml/engines/executor.ts';
import { CompiledEngine } from '../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../src/ml/engines/wasm/executor.ts';
import { models } from '../../src/ml/models/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import { nativeExecutor, nativeKernels } from '../support/native.ts';
import type { Case } from './train/case.ts';
import { median } from './train/median.ts';
import { casesOf, named, settingOf } from './train/situations.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const ROUNDS = 7;

/** Executors by the names of their kernels, the best first, wasm last. */
const executorsOf = (threads: number): ReadonlyMap<string, Executor> =>
  new Map<string, Executor>([
    ...nativeKernels().map((kernels) => [kernels, nativeExecutor({ threads, kernels })!] as const),
    ['wasm', new WasmExecutor({ threads })],
  ]);

function stepOf(executor: Executor, { model, size, classes, mode, batch, threads }: Case): () => void {
  const network = models[model as keyof typeof models].build({ height: size, width: size, channels: 3 }, classes);
  const optimizer = mode === 'train' ? ADAMW : null;
  const engine = new CompiledEngine(executor);
  const session = engine.session(network, { optimizer, threads });
  session.write(initialState(network, 0));
  return mode === 'train' ? trainingStep(engine, session, batch) : frozenStep(session, batch);
}

/** Seconds of steps by kernels; each round takes one of all, in turn. */
async function timesOf(wanted: Case, rounds: number): Promise<ReadonlyMap<string, readonly number[]>> {
  const executors = executorsOf(wanted.threads);
  const steps = [...executors].map(([name, executor]) => ({
    ...{ name, step: stepOf(executor, wanted) },
    times: [] as number[],
  }));
  for (const { step } of steps) step();
  for (let round = 0; round < rounds; round++)
    for (const { step, times } of round % 2 ? steps.toReversed() : steps) {
      const start = performance.now();
      step();
      times.push((performance.now() - start) / 1e3);
    }
  await Promise.all([...executors.values()].map((executor) => executor.dispose()));
  return new Map(steps.map(({ name, times }) => [name, times]));
}

/** Cells of a row: images a second by kernels, of the fastest step; then how often each is as fast as wasm, in the median round. */
function cellsOf(times: ReadonlyMap<string, readonly number[]>, batch: number): readonly string[] {
  const wasm = times.get('wasm') ?? [];
  const rate = (of: readonly number[]): string =>
    (batch / Math.min(...of)).toFixed(batch / Math.min(...of) < 100 ? 1 : 0);
  const ratio = (of: readonly number[]): string => median(of.map((time, i) => (wasm[i] ?? NaN) / time)).toFixed(2);
  const native = [...times].filter(([name]) => name !== 'wasm');
  return [...[...times.values()].map(rate), ...native.map(([, of]) => ratio(of))];
}

/**
 * Speed of native code and of WebAssembly, in one process in turn.
 *
 * @param args - as those of `train`
 * @returns a Markdown section
 */
export async function native(args: readonly string[]): Promise<string> {
  const rounds = Number(settingOf(args, 'rounds') ?? ROUNDS);
  const load = (): string => (loadavg()[0] ?? NaN).toFixed(1);
  const before = load();
  const names = [...nativeKernels(), 'wasm'];
  const header = [
    'work',
    'threads',
    ...names.map((name) => `${name} (img/s)`),
    ...names.slice(0, -1).map((name) => `${name} ÷ wasm`),
  ];
  const rows: string[] = [];
  // Half precision is no other way to the same bits.
  for (const wanted of casesOf(args).filter(({ mode }) => mode !== 'amp')) {
    const cells = [named(wanted), String(wanted.threads), ...cellsOf(await timesOf(wanted, rounds), wanted.batch)];
    rows.push(`| ${cells.join(' | ')} |`);
    console.log(rows.at(-1));
  }
  return [
    '## AVX-512, AVX2 and WebAssembly',
    '',
    `Whole steps (\`train\`: forward, loss, backward, AdamW; \`frozen\`: evaluation) of the same bits, in one process, one of each in turn,`,
    `${rounds} rounds: images a second of the fastest step, and the median of the rounds’ ratios.`,
    '',
    `| ${header.join(' | ')} |`,
    `| :-- ${'| --: '.repeat(header.length - 1)}|`,
    ...rows,
    '',
    `The machine's load was ${before} before and ${load()} after: above the threads, others shared it.`,
  ].join('\n');
}
