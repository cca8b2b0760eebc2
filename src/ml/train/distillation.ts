import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ForwardStep, Session, TrainStep, UpdateOptions } from '../engines/engine.ts';
import { Adapters, type AdapterSetting } from './adapters.ts';
import { kdTerm, type TapValues } from '../methods/kd-term.ts';
import type { KdLoss, KdMethod, Sides, TapShapes } from '../methods/kd-method.ts';
import { kdWeight } from '../methods/kd-weight.ts';
import { methods } from '../methods/registry.ts';
import { CLASSIFIER } from '../methods/taps.ts';
import type { LinearLayer, Network, Shape, StateDict } from '../network/network.ts';
import type { KdTerm } from './job.ts';

/** What is distilled how. */
export interface DistillationOptions {
  /** Name in the registry. */
  readonly method: string;
  /** Options of the method. */
  readonly options: JsonObject;
  /** w of total = L_cls + w · L_kd, or the ratio that the method makes it of. */
  readonly weight: { readonly weight: number } | { readonly ratio: number };
}

/** Taps that a step has to be compiled for. */
const ofStep = (taps: readonly string[]): readonly string[] =>
  taps.filter((tap) => tap !== 'logits' && tap !== CLASSIFIER);

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
  /** Frozen session with the teacher's weights; the caller disposes it. */
  readonly teacher: Session;
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

/** The weight of a frozen network's classifier. */
function weightOf(teacher: Session): TapValues {
  const name = `${classifierOf(teacher.network).name}.weight`;
  const values = teacher.read().get(name);
  if (!values) throw new Error(`${teacher.network.model} has no ${name}`);
  return { [CLASSIFIER]: values };
}

/** The distillation term of a student's training: a frozen teacher in evaluation mode, and a method. */
export class Distillation implements KdTerm {
  readonly taps: readonly string[];
  readonly weight: number;
  readonly #method: KdMethod;
  readonly #teacher: Session;
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
    this.taps = ofStep(this.#sides.student);
    this.#fixed = this.#sides.teacher.includes(CLASSIFIER) ? weightOf(teacher) : {};
    this.weight = 'weight' in weight ? weight.weight : kdWeight(weight.ratio, method.weighting);
  }

  prepare(batch: number): void {
    requirePairs(this.#method, batch);
    this.#teacherStep(batch);
    this.#adapters.prepare(batch);
  }

  #teacherStep(batch: number): ForwardStep {
    return this.#teacher.forwardStep({ batch, taps: ofStep(this.#sides.teacher) });
  }

  observe(images: Float32Array, batch: number): void {
    const step = this.#teacherStep(batch);
    step.input.set(images);
    step.run();
    // Copies: the student's step may use the same memory.
    this.#values = { ...this.#fixed, ...this.#read(step, this.#sides.teacher, (values) => values.slice()) };
  }

  addGradients(step: TrainStep, labels: Int32Array): number {
    const student = this.#read(step, this.#sides.student, (values) => values);
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

  #read(step: ForwardStep | TrainStep, taps: readonly string[], keep: (values: Float32Array) => Float32Array) {
    const own = taps.filter((tap) => tap !== CLASSIFIER);
    return Object.fromEntries(own.map((tap) => [tap, keep(tap === 'logits' ? step.logits : step.tap(tap))]));
  }
}
