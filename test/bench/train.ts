import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { models } from '../../src/ml/models/registry.ts';
import { python } from './python.ts';
import type { Case, Outcome } from './train/case.ts';
import { median } from './train/median.ts';
import { profile } from './train/profile.ts';

type Situation = Omit<Case, 'threads'>;
const situation = (model: string, size: number, batch: number, mode: Case['mode']): Situation => ({
  ...{ model, size, batch, mode },
  classes: size > 32 ? 200 : 10,
});

const SITUATIONS: readonly Situation[] = [
  situation('resnet20', 32, 64, 'train'),
  situation('resnet20', 32, 64, 'frozen'),
  situation('mobilenetv2', 32, 64, 'train'),
  situation('mobilenetv2', 224, 16, 'train'),
  situation('mobilenetv2', 224, 16, 'frozen'),
  situation('resnet50', 224, 8, 'train'),
  situation('resnet50', 224, 16, 'frozen'),
  situation('ghostnet', 224, 8, 'train'),
  situation('efficientnet_v2_s', 224, 8, 'train'),
];
const THREADS = [1, 2];
const ROUNDS = 3;

const BUNDLE = resolve('dist/bench/train.mjs');

/** One process's figures. */
interface Figures {
  /** Images a second, from the fastest step: what the machine does when nobody else has it. */
  readonly rate: number;
  /** Seconds from the process's start to the end of its first step. */
  readonly start: number;
  readonly memory: number;
}

function measure(argv: readonly [string, ...string[]], wanted: Case): Figures {
  const [command, ...args] = argv;
  // Certificates that a machine adds to Node cost 60 ms a start and are not ours.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const start = Date.now() / 1e3;
  const ended = spawnSync(command, [...args, JSON.stringify(wanted)], {
    env: { ...env, OMP_NUM_THREADS: String(wanted.threads) },
    encoding: 'utf8',
  });
  if (ended.status !== 0) throw new Error(`${argv.join(' ')}: ${ended.stderr.slice(-2000)}`);
  const outcome = JSON.parse(ended.stdout) as Outcome;
  return { rate: wanted.batch / Math.min(...outcome.steps), start: outcome.first - start, memory: outcome.memory };
}

function row(wanted: Case, rounds: number): string {
  const pairs = Array.from({ length: rounds }, () => ({
    ours: measure(['node', BUNDLE], wanted),
    theirs: measure([python(), 'test/bench/train/torch_step.py'], wanted),
  }));
  const middle = (of: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(of));
  const ratios = pairs.map(({ ours, theirs }) => ours.rate / theirs.rate);
  return [
    `| ${wanted.model} ${wanted.size}² b${wanted.batch} ${wanted.mode}`,
    wanted.threads,
    middle((pair) => pair.ours.rate).toFixed(1),
    middle((pair) => pair.theirs.rate).toFixed(1),
    `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
    `${middle((pair) => pair.ours.memory).toFixed(0)} / ${middle((pair) => pair.theirs.memory).toFixed(0)}`,
    `${middle((pair) => pair.ours.start).toFixed(1)} / ${middle((pair) => pair.theirs.start).toFixed(1)} |`,
  ].join(' | ');
}

/**
 * Speed, memory and start-up of the wasm engine beside PyTorch on the same machine, in turn.
 *
 * @param args - words that a situation's name must all have, or one of several (`resnet20,resnet50 train`), `rounds=5`; `profile` prints, instead of
 *   the comparison, where the time of each situation goes
 * @returns a Markdown section
 */
export function train(args: readonly string[]): string {
  const rounds = Number(args.find((word) => word.startsWith('rounds='))?.slice(7) ?? ROUNDS);
  const words = args.filter((word) => word !== 'profile' && !word.startsWith('rounds='));
  const named = ({ model, size, batch, mode }: Situation): string => `${model} ${size} b${batch} ${mode}`;
  const cases = SITUATIONS.filter(
    (known) =>
      known.model in models &&
      words.every((word) => word.split(',').some((choice) => named(known).split(' ').includes(choice))),
  ).flatMap((known) => THREADS.map((threads): Case => ({ ...known, threads })));
  if (args.includes('profile'))
    return cases.map((wanted) => `${named(wanted)}, ${wanted.threads} threads\n\n${profile(wanted)}\n`).join('\n');
  buildSync({
    entryPoints: ['test/bench/train/ours.ts'],
    outfile: BUNDLE,
    ...({ bundle: true, format: 'esm', platform: 'node', target: 'node20' } as const),
  });
  const load = (): string => (loadavg()[0] ?? NaN).toFixed(1);
  const before = load();
  const rows = cases.map((wanted) => {
    const line = row(wanted, rounds);
    console.error(line);
    return line;
  });
  return [
    '## Training beside PyTorch',
    '',
    `Ours: the wasm engine. PyTorch: from PyPI, on the CPU, channels last. \`train\` is a whole step with AdamW. The two`,
    `ran in turn, ${rounds} rounds of a process each, of which the fastest step counts; rates are medians over the rounds,`,
    'the ratio is the median (least–largest). Memory: largest resident set. Start: to the end of the first step.',
    '',
    '| case | threads | ours (img/s) | PyTorch (img/s) | ratio | memory (MiB) ours / PyTorch | start (s) ours / PyTorch |',
    '| :-- | --: | --: | --: | --: | --: | --: |',
    ...rows,
    '',
    `The machine's load was ${before} before and ${load()} after: much above the threads, others shared it, and threads that`,
    'spin at their barriers (PyTorch with two) lose most.',
  ].join('\n');
}
