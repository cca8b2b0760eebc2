import { createHash, type Hash } from 'node:crypto';
import type { JsonObject } from '../../src/core/json.ts';
import type { KdMethod, Sides } from '../../src/ml/methods/kd-method.ts';
import { methods } from '../../src/ml/methods/registry.ts';
import type { Shape } from '../../src/ml/network/network.ts';
import { EchoRunner } from './echo-runner.ts';
import { signed } from './hashed.ts';
import { evaluateSteps, optionsOf } from './kd-evaluation.ts';

const at = (height: number, width: number, channels: number): Shape => ({ height, width, channels });

type Shapes = Readonly<Record<string, Shape>>;

const STUDENT: Shapes = {
  block1: at(12, 8, 6),
  block2: at(7, 7, 10),
  block3: at(6, 6, 16),
  block4: at(3, 3, 24),
  pooled: at(1, 1, 24),
  logits: at(1, 1, 11),
};
const TEACHER: Shapes = {
  block1: at(12, 8, 6),
  block2: at(7, 7, 12),
  block3: at(6, 6, 20),
  block4: at(3, 3, 24),
  pooled: at(1, 1, 30),
  logits: at(1, 1, 11),
  classifier: at(11, 1, 30),
};

const enlarged = (shapes: Shapes): Shapes =>
  Object.fromEntries(
    Object.entries(shapes).map(([tap, { height, width, channels }]) => [
      tap,
      tap.startsWith('block') ? at(2 * height, 2 * width, channels) : at(height, width, channels),
    ]),
  );

/** Two networks, by what is special about their shapes or values. */
const NETWORKS: Readonly<Record<string, Sides<Shapes>>> = {
  'equal sizes': { student: STUDENT, teacher: TEACHER },
  'a larger teacher': { student: STUDENT, teacher: enlarged(TEACHER) },
  'a larger student': { student: enlarged(STUDENT), teacher: TEACHER },
};
const EVERY_BLOCK = { blocks: [1, 2, 3, 4] };

/** A method's options, beside its defaults, and the networks that it is tried with. */
type Trial = readonly [method: KdMethod, options: JsonObject, networks: string];

const defaults: readonly Trial[] = Object.values<KdMethod>(methods).map((method) => [method, {}, 'equal sizes']);
const { AT, SP, NST, ICKD, FitNet, MGD, VID, DKD, DIST, NKD, MLKD, RKD, CRD, 'WKD-F': WKDF, 'WKD-L': WKDL } = methods;

const TRIALS: readonly Trial[] = [
  ...defaults,
  ...[AT, SP, NST, ICKD, FitNet, MGD, VID, WKDF].map((method): Trial => [method, EVERY_BLOCK, 'equal sizes']),
  ...[AT, SP, NST, ICKD, WKDF].map((method): Trial => [method, EVERY_BLOCK, 'a larger teacher']),
  ...[AT, SP, NST, ICKD, WKDF, FitNet].map((method): Trial => [method, EVERY_BLOCK, 'a larger student']),
  [AT, { at_form: 'paper' }, 'equal sizes'],
  [SP, { sp_norm: 'l2' }, 'equal sizes'],
  [FitNet, { fitnet_regressor: 'conv', blocks: [2] }, 'equal sizes'],
  [MGD, { mgd_mask: 0.5, mgd_alpha: 0.3 }, 'equal sizes'],
  [DKD, { dkd_alpha: 0.3, temperature: 2 }, 'equal sizes'],
  [DIST, { temperature: 1, dist_gamma: 0.7 }, 'equal sizes'],
  [NKD, { nkd_temperature: 3 }, 'equal sizes'],
  [MLKD, { mlkd_temperatures: [1.5] }, 'equal sizes'],
  [RKD, { rkd_distance: 1.5, rkd_angle: 0.25 }, 'equal sizes'],
  [CRD, { crd_dimension: 7, crd_sample: 'relax', crd_temperature: 0.2 }, 'equal sizes'],
  [WKDL, { wkd_iterations: 3, wkd_sharpness: 2 }, 'equal sizes'],
];

/** Mixes all that adapters are given, forwards and backwards, into a hash. */
class HashingRunner extends EchoRunner {
  readonly #hash: Hash;

  constructor(term: ConstructorParameters<typeof EchoRunner>[0], hash: Hash) {
    super(term);
    this.#hash = hash;
  }

  override forward(name: string, input: Float32Array, batch: number): Float32Array {
    this.#hash.update(`forward ${name} ${batch}`).update(input);
    return super.forward(name, input, batch);
  }

  override backward(name: string, gradient: Float32Array): Float32Array {
    this.#hash.update(`backward ${name}`).update(gradient);
    return super.backward(name, gradient);
  }
}

const STEPS = 3;

function valuesOf(side: string, shapes: Shapes, batch: number, step: number) {
  return Object.fromEntries(
    Object.entries(shapes).map(([tap, { height, width, channels }]) => {
      const images = tap === 'classifier' ? 1 : batch;
      const values = signed(`${side}.${tap}.${step}`, images * height * width * channels, 2);
      // A dead image, and behind a ReLU dead channels.
      if (tap.startsWith('block')) values.forEach((value, i) => (values[i] = Math.max(value, 0)));
      if (step === 2) values.fill(0, 0, values.length / images);
      return [tap, values];
    }),
  );
}

/** Digest of the values and gradients that a trial gives in three steps, adapters and memory included. */
function digest([method, options, networks]: Trial, batch: number): string {
  const whole = NETWORKS[networks]!;
  const names = { student: Object.keys(whole.student), teacher: Object.keys(whole.teacher) };
  const sides = method.taps(optionsOf(method, options), names);
  const pick = (shapes: Shapes, taps: readonly string[]): Shapes =>
    Object.fromEntries(taps.map((tap) => [tap, shapes[tap]!]));
  const shapes = { student: pick(whole.student, sides.student), teacher: pick(whole.teacher, sides.teacher) };
  const hash = createHash('sha256');
  const steps = Array.from({ length: STEPS }, (_, step) => ({
    student: valuesOf('student', shapes.student, batch, step),
    teacher: valuesOf('teacher', shapes.teacher, batch, step),
  }));
  const labels = Int32Array.from({ length: batch }, (_, image) => [3, 0, 10, 3, 7][image % 5]!);
  const made = evaluateSteps({
    ...{ method, options, shapes, labels, seed: 11, weight: 0.7 },
    ...{ steps, split: { labels: Int32Array.from({ length: 40 }, (_, place) => (place * place) % 11), seed: 5 } },
    runner: (term) => new HashingRunner(term, hash),
  });
  for (const { value, gradients } of made.results) {
    hash.update(Float64Array.of(value));
    for (const [tap, gradient] of Object.entries(gradients)) hash.update(tap).update(gradient);
  }
  for (const [name, values] of made.term.memory?.values ?? []) hash.update(name).update(values);
  return hash.digest('hex').slice(0, 16);
}

/** Digests of every method's values and gradients, by what was tried. */
export function termBits(): Record<string, string> {
  return Object.fromEntries(
    TRIALS.flatMap((trial) => {
      const [method, options, networks] = trial;
      return [1, 4, 5]
        .filter((batch) => batch > 1 || !method.relational)
        .map((batch) => [
          `${method.name} ${JSON.stringify(options)} ${networks}, ${batch} images`,
          digest(trial, batch),
        ]);
    }),
  );
}
