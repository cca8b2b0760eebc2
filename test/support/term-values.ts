import type { JsonObject } from '../../src/core/json.ts';
import type { AdapterCall } from '../../src/ml/algebra/node.ts';
import type { KdMethod, Sides } from '../../src/ml/methods/kd-method.ts';
import { methods } from '../../src/ml/methods/registry.ts';
import type { Shape } from '../../src/ml/network/network.ts';
import { EchoRunner } from './echo-runner.ts';
import type { Values } from './evaluate-expression.ts';
import { hashed, signed } from './hashed.ts';
import { optionsOf } from './default-options.ts';
import { EQUAL_CHANNELS } from './equal-channels.ts';
import { TermInFloat64 } from './kd-evaluation.ts';

const at = (height: number, width: number, channels: number): Shape => ({ height, width, channels });

type Shapes = Readonly<Record<string, Shape>>;

const STUDENT: Shapes = {
  block1: at(12, 8, 6),
  block2: at(7, 7, 10),
  block3: at(6, 6, 16),
  block4: at(3, 3, 24),
  'last-map': at(3, 3, 24),
  pooled: at(1, 1, 24),
  logits: at(1, 1, 11),
};
const TEACHER: Shapes = {
  block1: at(12, 8, 6),
  block2: at(7, 7, 12),
  block3: at(6, 6, 20),
  block4: at(3, 3, 24),
  'last-map': at(3, 3, 24),
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
  alike: { student: STUDENT, teacher: STUDENT },
  'a larger teacher': { student: STUDENT, teacher: enlarged(TEACHER) },
  'a larger student': { student: enlarged(STUDENT), teacher: TEACHER },
};
const EVERY_BLOCK = { blocks: [1, 2, 3, 4] };

/** A method's options, beside its defaults, and the networks that it is tried with. */
type Trial = readonly [method: KdMethod, options: JsonObject, networks: string];

const defaults: readonly Trial[] = Object.values<KdMethod>(methods).map((method) => [
  method,
  {},
  EQUAL_CHANNELS.has(method.name) ? 'alike' : 'equal sizes',
]);
const {
  AB,
  AT,
  CC,
  FSP,
  FT,
  KDSVD,
  SP,
  NST,
  ICKD,
  FitNet,
  MGD,
  VID,
  DKD,
  DIST,
  NKD,
  MLKD,
  RKD,
  CRD,
  'WKD-F': WKDF,
  'WKD-L': WKDL,
} = methods;

const TRIALS: readonly Trial[] = [
  ...defaults,
  ...[AT, SP, NST, ICKD, FitNet, MGD, VID, WKDF].map((method): Trial => [method, EVERY_BLOCK, 'equal sizes']),
  ...[AT, SP, NST, ICKD, WKDF].map((method): Trial => [method, EVERY_BLOCK, 'a larger teacher']),
  ...[AT, SP, NST, ICKD, WKDF, FitNet].map((method): Trial => [method, EVERY_BLOCK, 'a larger student']),
  [ICKD, { ickd_form: 'imagenet', ...EVERY_BLOCK }, 'a larger teacher'],
  [WKDF, { wkd_projector: 'bottleneck' }, 'equal sizes'],
  [WKDF, { wkd_projector: 'align', wkd_grid: 2, ...EVERY_BLOCK }, 'a larger student'],
  [AT, { at_form: 'paper' }, 'equal sizes'],
  [SP, { sp_norm: 'l2' }, 'equal sizes'],
  [FitNet, { fitnet_regressor: 'conv', blocks: [2] }, 'equal sizes'],
  [MGD, { mgd_mask: 0.5, mgd_alpha: 0.3 }, 'equal sizes'],
  [DKD, { dkd_alpha: 0.3, temperature: 2 }, 'equal sizes'],
  [DIST, { temperature: 1, dist_gamma: 0.7 }, 'equal sizes'],
  [NKD, { nkd_temperature: 3 }, 'equal sizes'],
  [MLKD, { mlkd_temperatures: [1.5] }, 'equal sizes'],
  [MLKD, { mlkd_standardise: true }, 'equal sizes'],
  [RKD, { rkd_distance: 1.5, rkd_angle: 0.25 }, 'equal sizes'],
  [CRD, { crd_dimension: 7, crd_sample: 'relax', crd_temperature: 0.2 }, 'equal sizes'],
  [CC, { cc_form: 'paper' }, 'equal sizes'],
  [FSP, { fsp_form: 'paper' }, 'alike'],
  [KDSVD, { svd_rank: 2 }, 'alike'],
  [KDSVD, { svd_form: 'width' }, 'equal sizes'],
  [AB, { ab_form: 'paper' }, 'a larger student'],
  [FT, { ft_form: 'paper', ...EVERY_BLOCK }, 'a larger student'],
  [WKDL, { wkd_iterations: 3, wkd_sharpness: 2 }, 'equal sizes'],
];

/** Σ value · direction, the direction a function of the name alone. */
const projection = (name: string, values: Values): number => {
  const direction = hashed(`direction of ${name}`, values.length);
  return Array.from(values).reduce((sum, value, i) => sum + value * (2 * direction[i]! - 1), 0);
};

/** Projections of all that adapters are given, forwards and backwards. */
class ProjectingRunner extends EchoRunner {
  sum = 0;

  override forward(call: AdapterCall, input: Float64Array, images: number): Values {
    this.sum += projection(`forward ${call.adapter.name}`, input);
    return super.forward(call, input, images);
  }

  override backward(call: AdapterCall, gradient: Float64Array): Values {
    this.sum += projection(`backward ${call.adapter.name}`, gradient);
    return super.backward(call, gradient);
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

/** What a trial gives in three steps: of each its value and projections of its gradients; of adapters and memory one each. */
function summary([method, options, networks]: Trial, batch: number): readonly number[] {
  const whole = NETWORKS[networks]!;
  const names = { student: Object.keys(whole.student), teacher: Object.keys(whole.teacher) };
  const sides = method.taps(optionsOf(method, options), names);
  const pick = (shapes: Shapes, taps: readonly string[]): Shapes =>
    Object.fromEntries(taps.map((tap) => [tap, shapes[tap]!]));
  const shapes = { student: pick(whole.student, sides.student), teacher: pick(whole.teacher, sides.teacher) };
  const split = { labels: Int32Array.from({ length: 40 }, (_, place) => (place * place) % 11), seed: 5 };
  const labels = Int32Array.from({ length: batch }, (_, image) => [3, 0, 10, 3, 7][image % 5]!);
  const runner = new ProjectingRunner();
  const made = method.create(optionsOf(method, options), shapes, shapes, split);
  const term = new TermInFloat64(made, shapes, runner);
  const steps = Array.from({ length: STEPS }, (_, step) => {
    const indices = Uint32Array.from(labels, (_label, image) => (image * 3 + step) % split.labels.length);
    const taps = {
      student: valuesOf('student', shapes.student, batch, step),
      teacher: valuesOf('teacher', shapes.teacher, batch, step),
    };
    const { value, gradients } = term.run({ taps, labels, indices, seed: 11, step, weight: 0.7 });
    term.remember();
    return [value, ...Object.entries(gradients).map(([tap, gradient]) => projection(tap, gradient))];
  });
  const remembered = [...term.memory].map(([name, values]) => projection(name, values));
  return [...steps.flat(), ...(made.adapters ? [runner.sum] : []), ...remembered];
}

/** Values and projections of gradients of every method, by what was tried. */
export function termValues(): Record<string, readonly number[]> {
  return Object.fromEntries(
    TRIALS.flatMap((trial) => {
      const [method, options, networks] = trial;
      return [1, 4]
        .filter((batch) => batch > 1 || !method.relational)
        .map((batch) => [
          `${method.name} ${JSON.stringify(options)} ${networks}, ${batch} images`,
          summary(trial, batch),
        ]);
    }),
  );
}
