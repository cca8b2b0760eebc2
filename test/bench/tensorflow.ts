/** Processor time of whole steps with TensorFlow, beside our own kernels. */
import { frozenStep, trainingStep } from '../../src/ml/bench/measure.ts';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../src/ml/engines/engine.ts';
import type { EngineName } from '../../src/ml/engines/registry.ts';
import { models } from '../../src/ml/models/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import type { Case } from './train/case.ts';
import { median } from './train/median.ts';
import { casesOf, named, settingOf } from './train/situations.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const NAMES: readonly EngineName[] = ['tensorflow', 'wasm', 'native'];
const ROUNDS = 15;

function stepOf(engine: Engine, { model, size, classes, mode, batch, threads }: Case): () => void {
  const network = models[model as keyof typeof models].build({ height: size, width: size, channels: 3 }, classes);
  const session = engine.session(network, { optimizer: mode === 'train' ? ADAMW : null, threads });
  session.write(initialState(network, 0));
  return mode === 'train' ? trainingStep(engine, session, batch) : frozenStep(session, batch);
}

/** Milliseconds that this process's threads worked on something, all of them together. */
function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

/** Processor time of the first step, and of each later one, by engine; each round takes one of all, in turn. */
async function timesOf(wanted: Case, rounds: number) {
  const steps = await Promise.all(
    NAMES.map(async (name) => {
      const engine = await createEngine(name, { threads: wanted.threads });
      return { name, engine, step: stepOf(engine, wanted), times: [] as number[], first: NaN };
    }),
  );
  for (const one of steps) one.first = processorTime(one.step);
  for (const { step } of steps) step();
  for (let round = 0; round < rounds; round++)
    for (const { step, times } of round % 2 ? steps.toReversed() : steps) times.push(processorTime(step));
  await Promise.all(steps.map(({ engine }) => engine.dispose()));
  return steps;
}

/**
 * Processor time with TensorFlow, in one process with our own kernels in turn.
 *
 * @param args - as those of `train`
 * @returns a Markdown section
 */
export async function tensorflow(args: readonly string[]): Promise<string> {
  const rounds = Number(settingOf(args, 'rounds') ?? ROUNDS);
  const header = ['work', 'threads', ...NAMES.map((name) => `${name} (ms)`), 'tensorflow ÷ wasm', 'first step (ms)'];
  const rows: string[] = [];
  for (const wanted of casesOf(args).filter(({ mode }) => mode !== 'amp')) {
    const steps = await timesOf(wanted, rounds);
    const [own, wasm] = steps.map(({ times }) => times);
    const ratio = median(own!.map((time, round) => time / (wasm![round] ?? NaN)));
    const times = steps.map(({ times: all }) => median(all).toFixed(0));
    const cells = [named(wanted), String(wanted.threads), ...times, ratio.toFixed(2), steps[0]!.first.toFixed(0)];
    rows.push(`| ${cells.join(' | ')} |`);
    console.log(rows.at(-1));
  }
  return [
    '## TensorFlow beside our own kernels, processor time',
    '',
    'Whole steps (`train`: forward, loss, backward, AdamW; `frozen`: evaluation) on one processor, in one process, one of each in',
    `turn, ${rounds} rounds: median milliseconds in which the process's threads worked, the median of the rounds' ratios, and what`,
    'the first step took with TensorFlow, which builds, loads and optimises its graph.',
    '',
    `| ${header.join(' | ')} |`,
    `| :-- ${'| --: '.repeat(header.length - 1)}|`,
    ...rows,
  ].join('\n');
}
