import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniforms } from '../../src/ml/random/random.ts';
import { openPacked } from '../../src/ml/data/open.ts';
import { pack } from '../../src/ml/data/pack.ts';
import { directLoader, type BatchLoader, type TrainBatch } from '../../src/ml/data/batch-loader.ts';
import { ThreadedLoader } from '../../src/ml/data/threaded-loader.ts';
import { compileLoss, LOSS } from '../../src/ml/engines/compile-loss.ts';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import { crossEntropy } from '../../src/ml/losses/cross-entropy.ts';
import { models } from '../../src/ml/models/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import { python } from './python.ts';
import { unchanged } from '../support/train-options.ts';

const BATCH = 64;
const CLASSES = 10;
/** Side of the network's input, images of the set, and batches of a round. */
const SIZES = [
  { side: 32, images: 4096, batches: 64 },
  { side: 224, images: 256, batches: 4 },
] as const;
const AUGMENTS = ['none', 'autoaugment'] as const;
/** 0: batches are made when they are asked for. */
const THREADS = [0, 1, 2] as const;
const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

/** Packs pictures of noise on a slope: what policies do to them takes the time that photographs take. */
async function packed(folder: string, { side, images }: (typeof SIZES)[number]): Promise<void> {
  const size = Math.floor(side * 1.1);
  const picture = (index: number) => {
    const uniform = uniforms(0, 'init', 0, index);
    const pixels = Uint8Array.from(
      { length: size * size * 3 },
      (_, i) => 40 + 60 * uniform() + (100 * i) / (size * size * 3),
    );
    return { pixels, height: size, width: size };
  };
  const list = Array.from({ length: images }, (_, index) => ({
    ...{ name: `${index}`, label: index % CLASSES, read: () => picture(index) },
  }));
  const set = { classes: Array.from({ length: CLASSES }, (_, k) => `${k}`), images: list, naturalSize: side };
  const split = { val: 0, test: 0, seed: 0, limit: {} };
  const options = {
    imageSize: side,
    split,
    meanStd: 'imagenet',
    onBadImage: 'fail',
    interpolation: 'bilinear',
    cropPct: 1,
    keep: 'decoded',
    threads: 2,
  } as const;
  const { signal } = new AbortController();
  await pack(set, folder, options, { signal, progress: () => undefined, warn: () => undefined });
}

function supplyFor(folder: string, augment: (typeof AUGMENTS)[number], threads: number): BatchLoader {
  const data = openPacked(folder);
  const options = { ...unchanged, batchSize: BATCH, seed: 0, crop: 'random', flip: true, augment } as const;
  return threads === 0
    ? directLoader(data.split('train'), data.manifest, options)
    : new ThreadedLoader({ folder, manifest: data.manifest, options, form: 'normalised', threads });
}

/** The fastest of several rounds: others use the machine too. */
const ROUNDS = 5;

/** Images a second of work over so many batches a round, and the share of that time which went into waiting for them. */
async function timed(loader: BatchLoader, batches: number, use: (batch: TrainBatch, at: number) => void) {
  const rounds: { readonly speed: number; readonly waiting: number }[] = [];
  // The first round warms up.
  for (let at = 0, round = 0; round <= ROUNDS; round++) {
    const started = performance.now();
    let waited = 0;
    for (const end = at + batches; at < end; at++) {
      const asked = performance.now();
      const batch = await loader.take(Math.floor(at / loader.count), at % loader.count);
      waited += performance.now() - asked;
      use(batch, at);
    }
    const time = performance.now() - started;
    if (round > 0) rounds.push({ speed: (batches * BATCH * 1000) / time, waiting: waited / time });
  }
  await loader.close();
  return rounds.reduce((best, each) => (each.speed > best.speed ? each : best));
}

/** A training step of resnet8 at 32², on two threads. */
async function trainingStep(): Promise<{
  readonly step: (batch: TrainBatch, at: number) => void;
  readonly dispose: () => Promise<void>;
}> {
  const network = models.resnet8.build({ height: 32, width: 32, channels: 3 }, CLASSES);
  const engine = await createEngine('wasm', { threads: 2 });
  const session = engine.session(network, { optimizer: ADAMW, threads: 2 });
  session.write(initialState(network, 0));
  const made = session.trainStep({ batch: BATCH, taps: [] });
  const loss = compileLoss(session, made, (logits, labels) =>
    crossEntropy(logits, labels, { labelSmoothing: 0.1, classWeights: null }),
  );
  const step = ({ images, labels }: TrainBatch, at: number): void => {
    made.input.set(images);
    made.forward(0, at);
    loss.input(LOSS.labels).set(labels);
    loss.run();
    made.backward();
    made.update({ learningRate: 1e-3, weightDecay: 5e-4 });
  };
  return { step, dispose: () => engine.dispose() };
}

/** Images a second that torchvision's transforms make on one thread, by `<side> <augment>`. */
function torchvisionSpeeds(folder: string): Readonly<Record<string, number>> {
  const cases = join(folder, 'cases.json');
  writeFileSync(cases, JSON.stringify(SIZES.map(({ side, batches }) => ({ side, images: batches * BATCH }))));
  const ended = spawnSync(python(), ['test/bench/data/torchvision_data.py', cases], { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(ended.stderr);
  return JSON.parse(ended.stdout) as Record<string, number>;
}

const rounded = (speed: number): string => String(Number(speed.toPrecision(3)));
const HOW = ['with the step', '1 thread ahead', '2 threads ahead'];

async function aloneTable(folder: string): Promise<string[]> {
  const peer = torchvisionSpeeds(folder);
  const lines: string[] = [];
  for (const { side, batches } of SIZES)
    for (const augment of AUGMENTS) {
      const speeds: number[] = [];
      for (const threads of THREADS) {
        const loader = supplyFor(join(folder, String(side)), augment, threads);
        speeds.push((await timed(loader, batches, () => undefined)).speed);
      }
      const other = peer[`${side} ${augment}`] ?? NaN;
      const cells = [
        `${side}²`,
        augment,
        ...speeds.map(rounded),
        rounded(other),
        `${((speeds[0] ?? NaN) / other).toFixed(1)}×`,
      ];
      lines.push(`| ${cells.join(' | ')} |`);
    }
  return lines;
}

async function trainingTable(folder: string): Promise<string[]> {
  const lines: string[] = [];
  const { step, dispose } = await trainingStep();
  for (const augment of AUGMENTS)
    for (const threads of THREADS) {
      const { speed, waiting } = await timed(supplyFor(join(folder, '32'), augment, threads), 40, step);
      lines.push(`| ${augment} | ${HOW[threads]} | ${rounded(speed)} | ${(100 * waiting).toFixed(1)} % |`);
    }
  const loader = supplyFor(join(folder, '32'), 'none', 0);
  const batch = await loader.take(0, 0);
  const still: BatchLoader = { ...loader, take: () => batch };
  const { speed } = await timed(still, 40, step);
  lines.push(`| one batch again and again | | ${rounded(speed)} | |`);
  await dispose();
  return lines;
}

/**
 * Images a second of the data path alone and under a training step, and the share of the time that the step waits.
 *
 * @returns a Markdown section
 */
export async function data(): Promise<string> {
  const load = (loadavg()[0] ?? NaN).toFixed(1);
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-bench-data-'));
  for (const size of SIZES) await packed(join(folder, String(size.side)), size);
  const alone = await aloneTable(folder);
  const training = await trainingTable(folder);
  rmSync(folder, { recursive: true });
  return [
    '## Data path',
    '',
    `Random crop, flip, augmentation, normalisation, from a packed dataset to batches of ${BATCH}; images a second. Beside it`,
    'torchvision (Pillow, one process: RandomCrop, RandomHorizontalFlip, AutoAugment, ToTensor, Normalize) on images in memory.',
    `The fastest of ${ROUNDS} rounds each; load average of the machine before: ${load}.`,
    '',
    '| size | augment | in the same thread | 1 thread | 2 threads | torchvision | same thread / torchvision |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: |',
    ...alone,
    '',
    'Under training of resnet8 at 32² (AdamW, 2 threads): how fast it gets, and how much of the time it waits for a batch.',
    '',
    '| augment | batches are made | images/s | waiting |',
    '| --- | --- | ---: | ---: |',
    ...training,
  ].join('\n');
}
