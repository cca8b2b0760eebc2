import { loadavg } from 'node:os';
import { comparison } from './train/beside.ts';
import type { Case } from './train/case.ts';
import { torchVariants } from './train/variants.ts';
import { profile } from './train/profile.ts';
import { casesOf, named, settingOf } from './train/situations.ts';

const ROUNDS = 3;

async function profiles(cases: readonly Case[]): Promise<string> {
  const tables: string[] = [];
  for (const one of cases) tables.push(`${named(one)}, ${one.threads} threads\n\n${await profile(one)}\n`);
  return tables.join('\n');
}

/**
 * Speed, memory and start-up of the best engine here beside PyTorch on the same machine, in turn.
 *
 * @param args - words that a situation's name must all have, or one of several (`resnet20,resnet50 train`), `rounds=5`, `threads=1`; `profile` prints, instead of
 *   the comparison, where the time of each situation goes
 * @returns a Markdown section
 */
export async function train(args: readonly string[]): Promise<string> {
  const rounds = Number(settingOf(args, 'rounds') ?? ROUNDS);
  const cases = casesOf(args.filter((word) => word !== 'profile'));
  if (args.includes('profile')) return profiles(cases);
  const load = (): string => (loadavg()[0] ?? NaN).toFixed(1);
  const before = load();
  const table = comparison(cases, rounds, { name: 'PyTorch', variants: torchVariants() });
  return [
    '## Training beside PyTorch',
    '',
    `Ours: the best engine here. PyTorch: from PyPI, on the CPU. \`train\` is a whole step with AdamW, \`amp\` the same in half precision`,
    '(PyTorch: torch.autocast in bfloat16; ours: float32 where the processor has none). The two',
    `ran in turn, ${rounds} rounds of a process each, of which the fastest step counts; rates are medians over the rounds,`,
    'the ratio is the median (least–largest). Memory: largest resident set. Start: to the end of the first step.',
    '',
    ...table,
    '',
    `The machine's load was ${before} before and ${load()} after: much above the threads, others shared it, and threads that`,
    'spin at their barriers (PyTorch with two) lose most.',
  ].join('\n');
}
