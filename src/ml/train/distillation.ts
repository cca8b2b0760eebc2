import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { TrainBatch } from '../data/supply.ts';
import type { TrainStep, UpdateOptions } from '../engines/engine.ts';
import { Adapters, type AdapterSetting } from './adapters.ts';
import { kdTerm, type TapValues } from '../methods/kd-term.ts';
import type { KdLoss, KdMethod, Sides, TapShapes } from '../methods/kd-method.ts';
import { kdWeight } from '../methods/kd-weight.ts';
import { methods } from '../methods/registry.ts';
import { CLASSIFIER } from '../methods/taps.ts';
import type { LinearLayer, Network, Shape, StateDict } from '../network/network.ts';
import type { KdTerm } from './job.ts';
import { compiledTaps, type TeacherPass } from './teacher-pass.ts';

/** What is distilled how. */
export interface DistillationOptions {
  /** Name in the registry. */
  readonly method: string;
  /** Options of the method. */
  readonly options: JsonObject;
  /** w of total = L_cls + w · L_kd, or the ratio that the method makes it of. */
  readonly weight: { readonly weight: number } | { readonly ratio: number };
}

/** The last linear layer: what it turns features into are the logits. */
function classifierOf({ layers, model }: Network): LinearLayer {
  const last = layers.at(-1);
  if (last?.kind !== 'linear') throw new Error(`${model} does not end with a linear layer`);
  return last;
}

function shapesIn(network: Network, taps: readonly string[]): Record<string, Shape> {
  return Object.fromEntries(
    taps.map((tap) => {
      if (tap === CLASSIFIER) {
        const { inFeatures, outFeatures } = classifierOf(network);
        return [tap, { height: outFeatures, width: 1, channels: inFeatures }];
      }
      const shape = network.layers[network.taps[tap] ?? -1]?.shape;
      if (!shape) throw new Error(`${network.model} has no tap ${tap}`);
      return [tap, shape];
    }),
  );
}

const shapesOf = (setting: DistillationSetting, taps: Sides<readonly string[]>): TapShapes => ({
  teacher: shapesIn(setting.teacher.network, taps.teacher),
  student: shapesIn(setting.student, taps.student),
});

function methodCalled(name: string): KdMethod {
  const all: Readonly<Record<string, KdMethod>> = methods;
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  return (
    found ??
    fail({
      code: 'unknown-method',
      message: `no distillation method is called ${name}`,
      expected: `one of ${Object.keys(methods).join(', ')}`,
      fix: 'kdpipe list methods',
    })
  );
}

/** Who learns from whom, and where adapters are trained. */
export interface DistillationSetting extends AdapterSetting {
  /** The teacher's outputs; the caller disposes its session. */
  readonly teacher: TeacherPass;
  /** The network to be trained. */
  readonly student: Network;
}

/** Comparing images with each other takes two of them. */
function requirePairs(method: KdMethod, images: number): void {
  if (!method.relational || images > 1) return;
  fail({
    code: 'batch-too-small',
    message: `${method.name} compares the images of a batch, and a batch of the epoch has only one`,
    expected: 'at least two images in every batch',
    fix: 'choose a batch_size that does not leave one image over',
  });
}

/** The weight of the teacher's classifier. */
function weightOf(teacher: TeacherPass): TapValues {
  return { [CLASSIFIER]: teacher.parameter(`${classifierOf(teacher.network).name}.weight`) };
}

/** The distillation term of a student's training: a frozen teacher in evaluation mode, and a method. */
export class Distillation implements KdTerm {
  readonly taps: readonly string[];
  readonly weight: number;
  readonly #method: KdMethod;
  readonly #teacher: TeacherPass;
  readonly #sides: Sides<readonly string[]>;
  readonly #shapes: TapShapes;
  readonly #loss: KdLoss;
  readonly #adapters: Adapters;
  readonly #seed: number;
  /** What does not change from batch to batch. */
  readonly #fixed: TapValues;
  #values: TapValues = {};

  /**
   * @param setting - teacher, student, engine, optimiser, seed
   * @param options - method, options, weight
   * @throws FailureError where the method does not fit the two networks
   */
  constructor(setting: DistillationSetting, { method: name, options, weight }: DistillationOptions) {
    const { teacher, student, seed } = setting;
    const method = methodCalled(name);
    const available = {
      teacher: [...Object.keys(teacher.network.taps), CLASSIFIER],
      student: Object.keys(student.taps),
    };
    this.#method = method;
    this.#teacher = teacher;
    this.#seed = seed;
    this.#sides = method.taps(options, available);
    this.#shapes = shapesOf(setting, this.#sides);
    this.#loss = method.create(options, this.#shapes, shapesOf(setting, available));
    this.#adapters = new Adapters(this.#loss.adapters ?? [], setting);
    this.taps = compiledTaps(this.#sides.student);
    teacher.need(this.#sides.teacher);
    this.#fixed = this.#sides.teacher.includes(CLASSIFIER) ? weightOf(teacher) : {};
    this.weight = 'weight' in weight ? weight.weight : kdWeight(weight.ratio, method.weighting);
  }

  reserve(batch: number): void {
    this.#teacher.reserve(batch);
    this.#adapters.reserve(batch);
  }

  observe(batch: TrainBatch): void {
    requirePairs(this.#method, batch.labels.length);
    this.#values = { ...this.#fixed, ...this.#teacher.of(batch) };
  }

  addGradients(step: TrainStep, labels: Int32Array): number {
    const own = this.#sides.student.map((tap) => [tap, tap === 'logits' ? step.logits : step.tap(tap)] as const);
    const student = Object.fromEntries(own);
    const draw = { seed: this.#seed, step: this.#adapters.updates };
    const batch = { taps: { teacher: this.#values, student }, labels, draw, weight: this.weight };
    const { value, gradients } = kdTerm(this.#loss, this.#shapes, batch, this.#adapters);
    for (const [tap, gradient] of Object.entries(gradients)) {
      const target = tap === 'logits' ? step.logitsGradient : step.tapGradient(tap);
      for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + (gradient[i] ?? 0);
    }
    return value;
  }

  update(options: UpdateOptions): void {
    this.#adapters.update(options);
  }

  state(): StateDict {
    return this.#adapters.state();
  }

  restore(state: StateDict, updates: number): void {
    this.#adapters.restore(state, updates);
  }

  /** Gives the adapters' memory back. */
  dispose(): void {
    this.#adapters.dispose();
  }
}
