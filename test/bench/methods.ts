import { loadavg } from 'node:os';
import type { TrainBatch } from '../../src/ml/data/batch-loader.ts';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../src/ml/engines/engine.ts';
import { crossEntropy } from '../../src/ml/losses/cross-entropy.ts';
import type { KdMethod } from '../../src/ml/methods/kd-method.ts';
import { methods } from '../../src/ml/methods/registry.ts';
import { models, type ModelName } from '../../src/ml/models/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import { KdTerm } from '../../src/ml/train/kd-term.ts';
import { TeacherPass } from '../../src/ml/train/teacher-pass.ts';
import { signed } from '../support/hashed.ts';
import { optionsOf } from '../support/kd-evaluation.ts';
import { termDifferences, termRows } from '../support/term-reference.ts';
import { median } from './train/median.ts';

const THREADS = 2;
const BATCH = 64;
const SIDE = 32;
const CLASSES = 100;
/** What CRD's banks are as long as: CIFAR-100's training images. */
const IMAGES = 50_000;
const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const UPDATE = { learningRate: 1e-4, weightDecay: 5e-4 };
const WARM_UP = 2;
const STEPS = 7;
const TEACHER: ModelName = 'resnet32x4';
const STUDENT: ModelName = 'resnet8x4';

const build = (model: ModelName) => models[model].build({ height: SIDE, width: SIDE, channels: 3 }, CLASSES);

/** Pictures of noise, a new object each time: a teacher's pass remembers the batch it saw. */
const images = signed('images', BATCH * SIDE * SIDE * 3);
const labels = Int32Array.from({ length: BATCH }, (_, image) => (image * 37) % CLASSES);
const indices = Uint32Array.from(labels, (label, image) => label + CLASSES * image);
const batchOf = (): TrainBatch => ({ images, labels, indices, mixed: null });

/** Milliseconds of the parts of a step, medians. */
interface Times {
  readonly teacher: number;
  readonly student: number;
  readonly term: number;
}

function measured(engine: Engine, method: KdMethod): Times {
  const teacher = engine.session(build(TEACHER), { optimizer: null, threads: THREADS });
  const student = engine.session(build(STUDENT), { optimizer: ADAMW, threads: THREADS });
  teacher.write(initialState(teacher.network, 1));
  student.write(initialState(student.network, 2));
  const split = Int32Array.from({ length: IMAGES }, (_, place) => place % CLASSES);
  const kd = new KdTerm(
    {
      ...{ teacher: new TeacherPass(teacher), student: student.network, labels: split, batchSize: BATCH },
      ...{ engine, optimizer: ADAMW, threads: THREADS, seed: 0 },
    },
    { method: method.name, options: optionsOf(method), weight: { weight: 0.01 } },
  );
  const rounds: Times[] = [];
  for (let round = 0; round < WARM_UP + STEPS; round++) {
    const marks = [performance.now()];
    const mark = (): unknown => marks.push(performance.now());
    kd.observe(batchOf(), 0);
    mark();
    const step = student.trainStep({ batch: BATCH, taps: kd.taps });
    step.input.set(images);
    step.forward(0, round);
    const loss = { labelSmoothing: 0.1, classWeights: null };
    crossEntropy({ logits: step.logits, labels, classes: CLASSES }, loss, step.logitsGradient);
    mark();
    kd.addGradients(step, labels);
    mark();
    step.backward();
    step.update(UPDATE);
    mark();
    kd.update(UPDATE);
    mark();
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = marks;
    if (round >= WARM_UP) rounds.push({ teacher: b - a, student: c - b + e - d, term: d - c + f - e });
  }
  kd.dispose();
  student.dispose();
  teacher.dispose();
  const middle = (part: keyof Times): number => median(rounds.map((round) => round[part]));
  return { teacher: middle('teacher'), student: middle('student'), term: middle('term') };
}

/** Largest differences from the reference file, of all its terms that the method has. */
function differences(method: KdMethod): readonly string[] {
  const found = termRows.filter((row) => row.method.name === method.name).map(termDifferences);
  const largest = (part: 'value' | 'gradient'): string =>
    found.length > 0 ? Math.max(...found.map((one) => one[part])).toExponential(1) : '–';
  return [largest('value'), largest('gradient')];
}

function rowOf(engine: Engine, method: KdMethod): string {
  const { teacher, student, term } = measured(engine, method);
  const total = teacher + student + term;
  const cells = [
    ...[method.name, ...differences(method), term.toFixed(1), total.toFixed(1)],
    `${((100 * term) / total).toFixed(1)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/**
 * Every method at its defaults: how exact it is, and what it costs beside teacher and student.
 *
 * @param args - names of methods; all unless told
 * @returns a Markdown section
 */
export async function methodsTable(args: readonly string[]): Promise<string> {
  const engine = await createEngine('wasm', { threads: THREADS });
  const load = (loadavg()[0] ?? NaN).toFixed(1);
  const all = Object.values<KdMethod>(methods).filter(({ name }) => args.length === 0 || args.includes(name));
  const rows = all.map((method) => {
    const row = rowOf(engine, method);
    console.error(row);
    return row;
  });
  await engine.dispose();
  return [
    '## Distillation methods',
    '',
    'Differences: largest relative one of the value, and largest one of the gradient (÷ (1 + |g|)), from PyTorch in float64',
    'over the terms that test/fixtures/losses.json has of the method; – where a test compares with another oracle (VID, WKD-L:',
    `plain arrays; CRD: test/fixtures/crd.json). Time: ${TEACHER} → ${STUDENT}, ${SIDE}² b${BATCH}, AdamW, wasm on ${THREADS} threads: the term (adapters and`,
    `their update included) beside the teacher’s pass and the student’s step; medians of ${STEPS} steps. CRD: ${IMAGES} images,`,
    `16,384 negatives. Load average of the machine before: ${load}.`,
    '',
    '| method | value | gradient | term (ms) | step (ms) | share of the step |',
    '| :-- | --: | --: | --: | --: | --: |',
    ...rows,
  ].join('\n');
}
