import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { inCopy, prepared, run, secondsOf, THREADS, weightsOf } from './distil/project.ts';
import { median } from './train/median.ts';

const PAIR = { teacher: 'resnet32x4', student: 'resnet8x4', size: 32, batch: 64 };
const ROUNDS = 3;
const IMAGES = 500;
const EPOCHS = 4;

/** A student beside the network, and one of its kept logits. */
const pipeline = (images: number): string => `name: kept
defaults:
  train-teacher: { epochs: 1, batch_size: ${PAIR.batch} }
  distill-student:
    data: "\${stages.digits}"
    model: ${PAIR.student}
    epochs: ${EPOCHS}
    batch_size: ${PAIR.batch}
    crop: centre
    kd_method: SoftTarget
    kd_ratio: 0.9
stages:
  digits:
    uses: dataset
    with:
      source: mnist-digits
      image_size: ${PAIR.size}
      limit: { train: ${images}, val: ${images / 10}, test: 10 }
  teacher:
    uses: train-teacher
    with: { data: "\${stages.digits}", model: ${PAIR.teacher} }
  said:
    uses: predict
    with: { data: "\${stages.digits}", of: "\${stages.teacher}", splits: [train], batch_size: ${PAIR.batch} }
  beside:
    uses: distill-student
    with: { teacher: "\${stages.teacher}" }
  kept:
    uses: distill-student
    with: { teacher: "\${stages.said}" }
`;

/** Runs a stage that needs nothing else to run; seconds, and what weights it made. */
function timed(folder: string, stage: string) {
  const seconds = secondsOf(() => run(folder, '--to', stage));
  return { seconds, weights: stage === 'said' ? undefined : weightsOf(folder, stage).get(stage) };
}

/** Seconds of the three stages in turn. */
function round(project: string) {
  return inCopy(project, (folder) => {
    const [beside, said, kept] = [timed(folder, 'beside'), timed(folder, 'said'), timed(folder, 'kept')];
    if (beside.weights === undefined || beside.weights !== kept.weights)
      throw new Error('the student of kept logits has other weights');
    const times = { beside: beside.seconds, said: said.seconds, kept: kept.seconds };
    console.error(JSON.stringify(times));
    return times;
  });
}

/**
 * What it saves to keep a teacher's logits where crops are fixed.
 *
 * @param args - `rounds=1`, `images=500` (a multiple of 100)
 * @returns a Markdown section
 * @throws Error where the student's weights are not, byte for byte, those that it has beside the network
 */
export function kept(args: readonly string[]): string {
  const given = (name: string, initial: number): number =>
    Number(args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? initial);
  const [rounds, images] = [given('rounds', ROUNDS), given('images', IMAGES)];
  const load = (): string => (loadavg()[0] ?? NaN).toFixed(1);
  const before = load();
  const project = prepared(pipeline(images), 'teacher');
  const times = Array.from({ length: rounds }, () => round(project));
  rmSync(project, { recursive: true });
  const line = (name: string, of: (one: (typeof times)[number]) => number): string => {
    const ratios = times.map((one) => one.beside / of(one));
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    return `| ${name} | ${median(times.map(of)).toFixed(1)} | ${median(ratios).toFixed(2)}× (${range}) |`;
  };
  return [
    '## Kept logits',
    '',
    `One student by SoftTarget (${PAIR.teacher} → ${PAIR.student}, ${PAIR.size}² b${PAIR.batch}), ${EPOCHS} epochs of ${images} centre-cropped digits, ${THREADS} threads: beside`,
    'the network, and from logits that `predict` has kept; whole processes of `kdpipe run -j 1` by the clock, dataset and teacher',
    `there already, ${rounds} rounds in turn (medians). Checked in each round: both students’ weights have the same SHA-256.`,
    '',
    '| student | seconds | beside ÷ it |',
    '| :-- | --: | --: |',
    line('beside the network', ({ beside }) => beside),
    line('of kept logits, keeping them included', ({ said, kept: student }) => said + student),
    line('of kept logits that are there', ({ kept: student }) => student),
    '',
    `Load average of the machine: ${before} before, ${load()} after; much above the threads, others shared it.`,
  ].join('\n');
}
