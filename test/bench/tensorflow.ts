/** Processor time of whole steps with TensorFlow, beside our own kernels. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NAMES } from './tensorflow/names.ts';
import type { Case } from './train/case.ts';
import { median } from './train/median.ts';
import { casesOf, named, settingOf } from './train/situations.ts';

const ROUNDS = 15;
const CASE = fileURLToPath(new URL('tensorflow/case.ts', import.meta.url));

/** Milliseconds of the first step, and of each later one, in the order of {@link NAMES}. */
interface Times {
  readonly first: number;
  readonly times: readonly number[];
}

function timesOf(wanted: Case, rounds: number): readonly Times[] {
  const argv = ['--import', import.meta.resolve('tsx'), CASE, JSON.stringify(wanted), String(rounds)];
  const ended = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(ended.stderr);
  return JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '') as readonly Times[];
}

/**
 * Processor time with TensorFlow, with our own kernels in turn, a process a row.
 *
 * @param args - as those of `train`
 * @returns a Markdown section
 */
export function tensorflow(args: readonly string[]): string {
  const rounds = Number(settingOf(args, 'rounds') ?? ROUNDS);
  const header = ['work', 'threads', ...NAMES.map((name) => `${name} (ms)`), 'tensorflow ÷ wasm', 'first step (ms)'];
  const rows: string[] = [];
  for (const wanted of casesOf(args).filter(({ mode }) => mode !== 'amp')) {
    const steps = timesOf(wanted, rounds);
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
    'Whole steps (`train`: forward, loss, backward, AdamW; `frozen`: evaluation) on one processor, in a process a row, one of each in',
    `turn, ${rounds} rounds: median milliseconds in which the process's threads worked, the median of the rounds' ratios, and what`,
    'the first step took with TensorFlow, which builds, loads and optimises its graph.',
    '',
    `| ${header.join(' | ')} |`,
    `| :-- ${'| --: '.repeat(header.length - 1)}|`,
    ...rows,
  ].join('\n');
}
