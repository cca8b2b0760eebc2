import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { python } from '../python.ts';
import { median } from '../train/median.ts';

const THREADS = 2;
const RATIOS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
const CELL = { teacher: 'resnet32x4', student: 'resnet8x4', size: 32, batch: 64, classes: 10, threads: THREADS };
const KDPIPE = resolve('dist/cli/main.js');
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

/** Runs a process to its end; certificates that a machine adds to Node cost 60 ms a start and are not ours. */
function call(argv: readonly [string, ...string[]], folder: string): string {
  const [command, ...args] = argv;
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const ended = spawnSync(command, args, {
    cwd: folder,
    env: { ...env, KDPIPE_THREADS: String(THREADS), OMP_NUM_THREADS: String(THREADS) },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (ended.status !== 0) throw new Error(`${argv.join(' ')}: ${ended.stderr.slice(-2000)}`);
  return ended.stdout;
}

/** Seconds that something takes. */
function secondsOf(work: () => unknown): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1e3;
}

/** Digests of the students' weights, by cell. */
function digests(folder: string): ReadonlyMap<string, string> {
  const shown = call(['node', KDPIPE, 'show', 'student', '--json'], folder);
  const cells = JSON.parse(shown) as Record<string, { readonly outputs: { readonly weights: { digest: string } } }>;
  const found = Object.entries(cells).map(([cell, { outputs }]) => [cell, outputs.weights.digest] as const);
  if (found.length !== RATIOS.length) throw new Error(`${found.length} students instead of ${RATIOS.length}`);
  return new Map(found);
}

/** Runs the students in a copy of the prepared project. */
function students(prepared: string, flags: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'distil-sweep-'));
  cpSync(prepared, folder, { recursive: true, preserveTimestamps: true });
  const seconds = secondsOf(() => call(['node', KDPIPE, 'run', '-j', '1', ...flags, 'pipeline.yaml'], folder));
  const weights = digests(folder);
  rmSync(folder, { recursive: true });
  return { seconds, weights };
}

/** One process of PyTorch a cell, one after the other. */
function pytorch(images: number, folder: string): number {
  const cells = RATIOS.map((ratio) => ({ ...CELL, images, validation: validation(images), ratio }));
  return secondsOf(() => {
    for (const cell of cells) call([python(), TORCH, JSON.stringify(cell)], folder);
  });
}

/** The three ways in turn; seconds. */
function round(prepared: string, images: number) {
  const cohort = students(prepared, []);
  const single = students(prepared, ['--no-cohorts']);
  for (const [cell, digest] of cohort.weights)
    if (single.weights.get(cell) !== digest) throw new Error(`${cell} has other weights in a cohort than alone`);
  const times = { cohort: cohort.seconds, single: single.seconds, torch: pytorch(images, prepared) };
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
  const prepared = mkdtempSync(join(tmpdir(), 'distil-prepared-'));
  writeFileSync(join(prepared, 'pipeline.yaml'), pipeline(images));
  call(['node', KDPIPE, 'run', '-j', '1', '--to', 'teacher', 'pipeline.yaml'], prepared);
  const times = Array.from({ length: rounds }, () => round(prepared, images));
  rmSync(prepared, { recursive: true });
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
