import { loadavg } from 'node:os';
import { models } from '../../src/ml/models/registry.ts';
import { comparison } from './train/beside.ts';
import type { Case } from './train/case.ts';
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

const named = ({ model, size, batch, mode }: Situation): string => `${model} ${size} b${batch} ${mode}`;

async function profiles(cases: readonly Case[]): Promise<string> {
  const tables: string[] = [];
  for (const one of cases) tables.push(`${named(one)}, ${one.threads} threads\n\n${await profile(one)}\n`);
  return tables.join('\n');
}

/**
 * Speed, memory and start-up of the wasm engine beside PyTorch on the same machine, in turn.
 *
 * @param args - words that a situation's name must all have, or one of several (`resnet20,resnet50 train`), `rounds=5`, `threads=1`; `profile` prints, instead of
 *   the comparison, where the time of each situation goes
 * @returns a Markdown section
 */
export async function train(args: readonly string[]): Promise<string> {
  const setting = (name: string): string | undefined =>
    args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const rounds = Number(setting('rounds') ?? ROUNDS);
  const threads = setting('threads')?.split(',').map(Number) ?? THREADS;
  const words = args.filter((word) => word !== 'profile' && !word.includes('='));
  const cases = SITUATIONS.filter(
    (known) =>
      known.model in models &&
      words.every((word) => word.split(',').some((choice) => named(known).split(' ').includes(choice))),
  ).flatMap((known) => threads.map((team): Case => ({ ...known, threads: team })));
  if (args.includes('profile')) return profiles(cases);
  const load = (): string => (loadavg()[0] ?? NaN).toFixed(1);
  const before = load();
  const table = comparison(cases, rounds);
  return [
    '## Training beside PyTorch',
    '',
    `Ours: the wasm engine. PyTorch: from PyPI, on the CPU, channels last. \`train\` is a whole step with AdamW. The two`,
    `ran in turn, ${rounds} rounds of a process each, of which the fastest step counts; rates are medians over the rounds,`,
    'the ratio is the median (least–largest). Memory: largest resident set. Start: to the end of the first step.',
    '',
    ...table,
    '',
    `The machine's load was ${before} before and ${load()} after: much above the threads, others shared it, and threads that`,
    'spin at their barriers (PyTorch with two) lose most.',
  ].join('\n');
}
