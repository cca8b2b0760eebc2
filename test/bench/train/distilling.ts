import type { Engine, Session } from '../../../src/ml/engines/engine.ts';
import type { TrainBatch } from '../../../src/ml/data/batch-loader.ts';
import type { AdapterDeps } from '../../../src/ml/train/adapters.ts';
import { BatchImages } from '../../../src/ml/inference/batch-images.ts';
import { CombinedKdTerm } from '../../../src/ml/train/combined-kd-term.ts';
import type { KdTermOptions } from '../../../src/ml/train/kd-term.ts';
import { Objective } from '../../../src/ml/train/objective.ts';
import { TeacherPass } from '../../../src/ml/train/teacher-pass.ts';
import type { KdMethod } from '../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { optionsOf } from '../../support/default-options.ts';
import { crossEntropySupervision } from '../../support/one-batch.ts';
import { plainFormat } from '../../support/plain-format.ts';

/** Who learns from whom, and where. */
export interface Pair {
  readonly engine: Engine;
  /** Frozen. */
  readonly teacher: Session;
  readonly student: Session;
  /** The student's. */
  readonly optimizer: AdapterDeps['optimizer'];
}

const UPDATE = { learningRate: 1e-4, weightDecay: 5e-4 };
const SOFT_TARGETS: KdTermOptions = { method: 'SoftTarget', options: { temperature: 4 }, weight: { weight: 1 } };

/** What the banks of CRD are as long as: CIFAR-100's training images. */
export const SPLIT = 50_000;

/**
 * What distills by one method at its defaults.
 *
 * @param name - of the method
 * @returns what a step is made for beside its size
 */
export function distilledBy(name: string): Pick<StepSize, 'distilled' | 'split'> {
  const method = Object.values<KdMethod>(methods).find((one) => one.name === name);
  if (!method) throw new Error(`no method ${name}`);
  return { distilled: [{ method: name, options: optionsOf(method), weight: { weight: 0.01 } }], split: SPLIT };
}

/** The parts of a distilling step, in their order. */
export interface Parts {
  readonly teacher: () => void;
  readonly forward: () => void;
  /** Losses, their gradients, and adapters. */
  readonly losses: () => void;
  readonly backward: () => void;
  /** Of memory and adapters. */
  readonly update: () => void;
  /** Of the losses, once all is computed. */
  readonly read: () => void;
  readonly dispose: () => void;
}

/** What a step is made for. */
export interface StepSize {
  readonly batch: number;
  readonly threads: number;
  /** What is distilled; soft targets by default. */
  readonly distilled?: readonly KdTermOptions[];
  /** Images of the training split: those of the batch by default. */
  readonly split?: number;
}

/**
 * Makes the parts of distillation steps on made-up pixels, as the trainer has them.
 *
 * @param pair - sessions with their weights
 * @param size - images of a step, threads, methods
 * @returns what runs each part of a step
 */
export function distillingParts(pair: Pair, size: StepSize): Parts {
  const images = new BatchImages(pair.engine, plainFormat(pair.student.network.layers[0]?.shape.height ?? 0));
  const pass = new TeacherPass(pair.teacher, pair.engine, images);
  const { dispose, ...parts } = partsOf(pair, size, { images, pass, batchOf: batchesOf(images, size, pair.student) });
  return {
    ...parts,
    dispose: () => {
      dispose();
      pass.dispose();
      images.dispose();
    },
  };
}

/** What students of one teacher have in common. */
interface Shared {
  readonly images: BatchImages;
  readonly pass: TeacherPass;
  /** A new object for each step: a teacher's pass remembers the batch it saw. */
  readonly batchOf: () => TrainBatch;
}

const labelsOf = (count: number, { network: { classes } }: Session): Int32Array =>
  Int32Array.from({ length: count }, (_, place) => place % classes);

/** Made-up pixels, the same each time. */
function batchesOf(images: BatchImages, { batch }: StepSize, student: Session): () => TrainBatch {
  const pixels = Float32Array.from({ length: images.array(batch).floats }, (_, k) => ((k * 37) % 101) / 50 - 1);
  const indices = Uint32Array.from({ length: batch }, (_, place) => place);
  return () => ({ images: pixels, labels: labelsOf(batch, student), indices, mixed: null });
}

function partsOf({ engine, student, optimizer }: Pair, size: StepSize, { images, pass, batchOf }: Shared): Parts {
  const { batch, threads, distilled = [SOFT_TARGETS], split = batch } = size;
  const deps = {
    student: student.network,
    labels: labelsOf(split, student),
    batchSize: batch,
    engine,
    optimizer,
    threads,
    seed: 0,
  };
  const kd = new CombinedKdTerm({ ...deps, teachers: [pass] }, distilled);
  kd.prepare(batch, 1);
  const supervision = crossEntropySupervision;
  const objective = new Objective({ session: student, images, kd, supervision, passes: 1, mixes: false }, batch);
  const [step] = objective.steps;
  if (!step) throw new Error('no pass');
  let count = 0;
  let seen = batchOf();
  return {
    teacher: () => {
      seen = batchOf();
      kd.observe(seen, 0);
    },
    forward: () => {
      step.forward(0, count++);
    },
    losses: () => {
      objective.run(seen);
    },
    backward: () => {
      step.backward();
      step.update(UPDATE);
    },
    update: () => {
      objective.update();
      kd.update(UPDATE);
    },
    read: () => {
      objective.losses();
    },
    dispose: () => {
      kd.dispose();
    },
  };
}

/**
 * Makes steps of several students that learn from one pass of their teacher, as a cohort's trainers do.
 *
 * @param pair - the teacher and who else is needed
 * @param students - sessions of one network
 * @param size - images of a step, and threads
 * @returns what runs one step of all
 */
export function cohortStep(pair: Omit<Pair, 'student'>, students: readonly Session[], size: StepSize): () => void {
  const [first] = students;
  if (!first) throw new Error('no students');
  const images = new BatchImages(pair.engine, plainFormat(first.network.layers[0]?.shape.height ?? 0));
  const pass = new TeacherPass(pair.teacher, pair.engine, images);
  const next = batchesOf(images, size, first);
  let batch = next();
  const all = students.map((student) => partsOf({ ...pair, student }, size, { images, pass, batchOf: () => batch }));
  return () => {
    batch = next();
    images.show(batch);
    pair.engine.together(() => {
      for (const { teacher, forward, losses, backward, update } of all)
        for (const part of [teacher, forward, losses, backward, update]) part();
    });
    for (const { read } of all) read();
  };
}

/**
 * Makes whole distillation steps on made-up pixels, as the trainer does: teacher, forward, losses, backward, update.
 *
 * @param pair - sessions with their weights
 * @param size - images of a step, and threads
 * @returns what runs one step
 */
export function distillingStep(pair: Pair, size: StepSize): () => void {
  const { teacher, forward, losses, backward, update, read } = distillingParts(pair, size);
  const begin = (): void => {
    for (const part of [teacher, forward, losses, backward, update]) part();
  };
  return () => {
    pair.engine.together(begin);
    read();
  };
}
