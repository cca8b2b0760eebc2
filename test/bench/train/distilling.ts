import type { Engine, Session } from '../../../src/ml/engines/engine.ts';
import { crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import type { AdapterDeps } from '../../../src/ml/train/adapters.ts';
import { KdTerm } from '../../../src/ml/train/kd-term.ts';
import { TeacherPass } from '../../../src/ml/train/teacher-pass.ts';

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
const SOFT_TARGETS = { method: 'SoftTarget', options: { temperature: 4 }, weight: { weight: 1 } };

/**
 * Makes whole distillation steps on made-up pixels, as the trainer does: teacher, forward, both losses, backward, update.
 *
 * @param pair - sessions with their weights
 * @param size - images of a step, and threads
 * @returns what runs one step
 */
export function distillingStep(
  { engine, teacher, student, optimizer }: Pair,
  { batch, threads }: { readonly batch: number; readonly threads: number },
): () => void {
  const { classes } = student.network;
  const labels = Int32Array.from({ length: batch }, (_, image) => image % classes);
  const indices = Uint32Array.from(labels, (_, image) => image);
  const kd = new KdTerm(
    {
      ...{ teacher: new TeacherPass(teacher), student: student.network, labels, batchSize: batch },
      ...{ engine, optimizer, threads, seed: 0 },
    },
    SOFT_TARGETS,
  );
  kd.prepare(batch, 1);
  const step = student.trainStep({ batch, taps: kd.taps });
  const images = step.input.map((_, place) => ((place * 37) % 101) / 50 - 1);
  const loss = { labelSmoothing: 0, classWeights: null };
  let count = 0;
  return () => {
    // A new object each time: a teacher's pass remembers the batch it saw.
    kd.observe({ images, labels, indices, mixed: null }, 0);
    step.input.set(images);
    step.forward(0, count++);
    crossEntropy({ logits: step.logits, labels, classes }, loss, step.logitsGradient);
    kd.addGradients(step, labels);
    step.backward();
    step.update(UPDATE);
    kd.update(UPDATE);
  };
}
