import type { Engine, Session } from '../../../src/ml/engines/engine.ts';
import type { AdapterDeps } from '../../../src/ml/train/adapters.ts';
import { BatchImages } from '../../../src/ml/train/batch-images.ts';
import { CombinedKdTerm } from '../../../src/ml/train/combined-kd-term.ts';
import type { KdTermOptions } from '../../../src/ml/train/kd-term.ts';
import { Objective } from '../../../src/ml/train/objective.ts';
import { TeacherPass } from '../../../src/ml/train/teacher-pass.ts';
import { crossEntropySupervision } from '../../support/one-batch.ts';

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
export function distillingParts({ engine, teacher, student, optimizer }: Pair, size: StepSize): Parts {
  const { batch, threads, distilled = [SOFT_TARGETS], split = batch } = size;
  const { classes } = student.network;
  const all = Int32Array.from({ length: split }, (_, place) => place % classes);
  const [labels, indices] = [all.slice(0, batch), Uint32Array.from({ length: batch }, (_, place) => place)];
  const images = new BatchImages(engine, student.network.layers[0]?.shape.height ?? 0);
  const pass = new TeacherPass(teacher, engine, images);
  const deps = { student: student.network, labels: all, batchSize: batch, engine, optimizer, threads, seed: 0 };
  const kd = new CombinedKdTerm({ ...deps, teachers: [pass] }, distilled);
  kd.prepare(batch, 1);
  const supervision = crossEntropySupervision;
  const objective = new Objective({ session: student, images, kd, supervision, passes: 1, mixes: false }, batch);
  const [step] = objective.steps;
  if (!step) throw new Error('no pass');
  const pixels = Float32Array.from({ length: images.array(batch).floats }, (_, k) => ((k * 37) % 101) / 50 - 1);
  let count = 0;
  // A new object each time: a teacher's pass remembers the batch it saw.
  const batchOf = () => ({ images: pixels, labels, indices, mixed: null });
  return {
    teacher: () => {
      kd.observe(batchOf(), 0);
    },
    forward: () => {
      step.forward(0, count++);
    },
    losses: () => {
      objective.run(batchOf());
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
      pass.dispose();
      images.dispose();
    },
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
