import { loadavg } from 'node:os';
import { sweep } from './distil/sweep.ts';
import { comparison } from './train/beside.ts';
import type { Case } from './train/case.ts';
import { torchVariants } from './train/variants.ts';

const PAIRS = [
  { teacher: 'resnet50', model: 'mobilenetv2', size: 224, batch: 8, classes: 200 },
  { teacher: 'resnet32x4', model: 'resnet8x4', size: 32, batch: 64, classes: 100 },
] as const;
/** Of the second pair, beside soft targets. */
const METHODS = ['DKD', 'CRD', 'ReviewKD'];
const THREADS = [1, 2];
const ROUNDS = 3;
const IMAGES = 2000;

const steps = (rounds: number, threads: readonly number[]): readonly string[] => [
  `Step: the teacher’s pass in evaluation mode, the student’s forward, cross-entropy + T² · KL with T = 4 or the method named, backward, AdamW`,
  '(test/bench/train/torch_terms.py; CRD: 50,000 images, 16,384 negatives; ReviewKD: 256 channels). Ours',
  `and PyTorch (CPU) in turn, ${rounds} rounds of a process each, of which the fastest step counts; rates are medians`,
  'over the rounds, the ratio is the median (least–largest). Memory: largest resident set. Start: to the end of the first step.',
  '',
  ...comparison(
    [...PAIRS, ...METHODS.map((method) => ({ ...PAIRS[1], method }))].flatMap((pair) =>
      threads.map((n): Case => ({ ...pair, threads: n, mode: 'distil' })),
    ),
    rounds,
    { name: 'PyTorch', variants: torchVariants() },
  ),
];

/**
 * Distillation beside PyTorch: one step, and a sweep that shares its teacher.
 *
 * @param args - `step` or `sweep` for one of the two; `rounds=1`, `threads=2` (of the step), `images=200` (of the sweep's epoch, a multiple of 100)
 * @returns a Markdown section
 */
export function distil(args: readonly string[]): string {
  const given = (name: string): string | undefined =>
    args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const rounds = Number(given('rounds') ?? ROUNDS);
  const threads = given('threads') === undefined ? THREADS : [Number(given('threads'))];
  const both = !args.includes('step') && !args.includes('sweep');
  const load = (): string => (loadavg()[0] ?? NaN).toFixed(1);
  const before = load();
  return [
    '## Distillation beside PyTorch',
    '',
    ...(both || args.includes('step') ? [...steps(rounds, threads), ''] : []),
    ...(both || args.includes('sweep') ? [...sweep(rounds, Number(given('images') ?? IMAGES)), ''] : []),
    `Load average of the machine: ${before} before, ${load()} after; much above the threads, others shared it.`,
  ].join('\n');
}
