import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { python } from '../python.ts';
import { median } from '../train/median.ts';
import { call, inCopy, prepared, run, secondsOf, THREADS, weightsOf } from './project.ts';

const RATIOS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
const CELL = { teacher: 'resnet32x4', student: 'resnet8x4', size: 32, batch: 64, classes: 10, threads: THREADS };
const TORCH = resolve('test/bench/distil/torch_cell.py');

/** Images of the splits: a tenth as many validate. */
const validation = (images: number): number => images / 10;

/** The sweep as a user writes it. */
const pipeline = (images: number): string => `name: sweep
defaults:
  train-teacher: { epochs: 1, batch_size: ${CELL.batch}, label_smoothing: 0 }
  distill-student: { epochs: 1, batch_size: ${CELL.batch}, label_smoothing: 0 }
stages:
  digits:
    uses: dataset
    with:
      source: mnist-digits
      image_size: ${CELL.size}
      limit: { train: ${images}, val: ${validation(images)}, test: 10 }
  teacher:
    uses: train-teacher
    with: { data: "\${stages.digits}", model: ${CELL.teacher} }
  student:
    uses: distill-student
    matrix: { teacher: ["\${stages.teacher}"], kd_ratio: [${RATIOS.join(', ')}] }
    with: { data: "\${stages.digits}", model: ${CELL.student}, kd_method: SoftTarget, temperature: 4 }
`;

/** Runs the students in a copy of the prepared project. */
function students(project: string, flags: readonly string[]) {
  return inCopy(project, (folder) => {
    const seconds = secondsOf(() => run(folder, ...flags));
    const weights = weightsOf(folder, 'student');
    if (weights.size !== RATIOS.length) throw new Error(`${weights.size} students instead of ${RATIOS.length}`);
    return { seconds, weights };
  });
}

/** One process of PyTorch a cell, one after the other. */
function pytorch(images: number, folder: string): number {
  const cells = RATIOS.map((ratio) => ({ ...CELL, images, validation: validation(images), ratio }));
  return secondsOf(() => {
    for (const cell of cells) call([python(), TORCH, JSON.stringify(cell)], folder);
  });
}

/** The three ways in turn; seconds. */
function round(project: string, images: number) {
  const cohort = students(project, []);
  const single = students(project, ['--no-cohorts']);
  for (const [cell, digest] of cohort.weights)
    if (single.weights.get(cell) !== digest) throw new Error(`${cell} has other weights in a cohort than alone`);
  const times = { cohort: cohort.seconds, single: single.seconds, torch: pytorch(images, project) };
  console.error(JSON.stringify(times));
  return times;
}

/**
 * A sweep over kd_ratio: in a cohort, one by one, and with a PyTorch process a cell.
 *
 * @param rounds - how often each is run
 * @param images - training images of the epoch, a multiple of 100
 * @returns lines of Markdown
 * @throws Error where a cell's weights in the cohort are not, byte for byte, those that it has alone
 */
export function sweep(rounds: number, images: number): readonly string[] {
  const project = prepared(pipeline(images), 'teacher');
  const times = Array.from({ length: rounds }, () => round(project, images));
  rmSync(project, { recursive: true });
  const line = (name: string, of: (one: (typeof times)[number]) => number): string => {
    const ratios = times.map((one) => of(one) / one.cohort);
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    return `| ${name} | ${median(times.map(of)).toFixed(1)} | ${median(ratios).toFixed(2)} (${range}) |`;
  };
  return [
    `Sweep: ${RATIOS.length} values of kd_ratio (SoftTarget, ${CELL.teacher} → ${CELL.student}, ${CELL.size}² b${CELL.batch}), one epoch of ${images} images and`,
    `validation of ${validation(images)} each, ${THREADS} threads; whole processes by the clock, ${rounds} rounds of the three in turn (medians). kdpipe:`,
    '`kdpipe run -j 1` on MNIST digits, dataset and teacher there already. PyTorch: a loop as RepDistiller’s, on random images',
    'from memory without augmentation, channels last. Checked in each round: every cell’s weights have the same SHA-256 in the',
    'cohort and alone.',
    '',
    '| sweep | seconds | ÷ cohort |',
    '| :-- | --: | --: |',
    line('kdpipe, one cohort', ({ cohort }) => cohort),
    line('kdpipe, one by one (`--no-cohorts`)', ({ single }) => single),
    line(`PyTorch, ${RATIOS.length} processes`, ({ torch }) => torch),
  ];
}
