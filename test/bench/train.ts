import { loadavg } from 'node:os';
import { models } from '../../src/ml/models/registry.ts';
import { comparison } from './train/beside.ts';
import type { Case } from './train/case.ts';
import { torchVariants } from './train/variants.ts';
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

/**
 * Speed, memory and start-up of the best engine here beside PyTorch on the same machine, in turn.
 *
 * @param args - words that a situation's name must all have, or one of several (`resnet20,resnet50 train`), `rounds=5`; `threads=2`; `profile` prints, instead of
 *   the comparison, where the time of each situation goes
 * @returns a Markdown section
 */
export function train(args: readonly string[]): string {
  const rounds = Number(args.find((word) => word.startsWith('rounds='))?.slice(7) ?? ROUNDS);
  const threads = args.find((word) => word.startsWith('threads='))?.slice(8);
  const words = args.filter((word) => word !== 'profile' && !/^(rounds|threads)=/.test(word));
  const named = ({ model, size, batch, mode }: Situation): string => `${model} ${size} b${batch} ${mode}`;
  const cases = SITUATIONS.filter(
    (known) =>
      known.model in models &&
      words.every((word) => word.split(',').some((choice) => named(known).split(' ').includes(choice))),
  ).flatMap((known) =>
    (threads === undefined ? THREADS : [Number(threads)]).map((n): Case => ({ ...known, threads: n })),
  );
  if (args.includes('profile'))
    return cases.map((wanted) => `${named(wanted)}, ${wanted.threads} threads\n\n${profile(wanted)}\n`).join('\n');
  const load = (): string => (loadavg()[0] ?? NaN).toFixed(1);
  const before = load();
  const table = comparison(cases, rounds, { name: 'PyTorch', variants: torchVariants() });
  return [
    '## Training beside PyTorch',
    '',
    `Ours: the best engine here. PyTorch: from PyPI, on the CPU. \`train\` is a whole step with AdamW. The two`,
    `ran in turn, ${rounds} rounds of a process each, of which the fastest step counts; rates are medians over the rounds,`,
    'the ratio is the median (least–largest). Memory: largest resident set. Start: to the end of the first step.',
    '',
    ...table,
    '',
    `The machine's load was ${before} before and ${load()} after: much above the threads, others shared it, and threads that`,
    'spin at their barriers (PyTorch with two) lose most.',
  ].join('\n');
}
