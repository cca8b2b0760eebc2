import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ForwardStep, Session, TrainStep } from '../engines/engine.ts';
import { kdTerm, type TapValues } from '../methods/kd-term.ts';
import type { KdLoss, KdMethod, Sides, TapShapes } from '../methods/kd-method.ts';
import { kdWeight } from '../methods/kd-weight.ts';
import { methods } from '../methods/registry.ts';
import type { Network, Shape } from '../network/network.ts';
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

const withoutLogits = (taps: readonly string[]): readonly string[] => taps.filter((tap) => tap !== 'logits');

function shapesOf(network: Network, taps: readonly string[]): Record<string, Shape> {
  return Object.fromEntries(
    taps.map((tap) => {
      const shape = network.layers[network.taps[tap] ?? -1]?.shape;
      if (!shape) throw new Error(`${network.model} has no tap ${tap}`);
      return [tap, shape];
    }),
  );
}

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

/** The distillation term of a student's training: a frozen teacher in evaluation mode, and a method. */
export class Distillation implements KdTerm {
  readonly taps: readonly string[];
  readonly weight: number;
  readonly #teacher: Session;
  readonly #sides: Sides<readonly string[]>;
  readonly #shapes: TapShapes;
  readonly #loss: KdLoss;
  #values: TapValues = {};

  /**
   * @param teacher - frozen session with the teacher's weights; the caller disposes it
   * @param student - the network to be trained
   * @param options - method, options, weight
   * @throws FailureError where the method does not fit the two networks
   */
  constructor(teacher: Session, student: Network, { method: name, options, weight }: DistillationOptions) {
    const method = methodCalled(name);
    const available = { teacher: Object.keys(teacher.network.taps), student: Object.keys(student.taps) };
    this.#teacher = teacher;
    this.#sides = method.taps(options, available);
    this.#shapes = {
      teacher: shapesOf(teacher.network, this.#sides.teacher),
      student: shapesOf(student, this.#sides.student),
    };
    this.#loss = method.create(options, this.#shapes);
    this.taps = withoutLogits(this.#sides.student);
    this.weight = 'weight' in weight ? weight.weight : kdWeight(weight.ratio, method.weighting);
  }

  observe(images: Float32Array, batch: number): void {
    const step = this.#teacher.forwardStep({ batch, taps: withoutLogits(this.#sides.teacher) });
    step.input.set(images);
    step.run();
    // Copies: the student's step may use the same memory.
    this.#values = this.#read(step, this.#sides.teacher, (values) => values.slice());
  }

  addGradients(step: TrainStep, labels: Int32Array): number {
    const student = this.#read(step, this.#sides.student, (values) => values);
    const { value, gradients } = kdTerm(this.#loss, this.#shapes, { teacher: this.#values, student }, labels);
    for (const [tap, gradient] of Object.entries(gradients)) {
      const target = tap === 'logits' ? step.logitsGradient : step.tapGradient(tap);
      for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + this.weight * (gradient[i] ?? 0);
    }
    return value;
  }

  #read(step: ForwardStep | TrainStep, taps: readonly string[], keep: (values: Float32Array) => Float32Array) {
    return Object.fromEntries(taps.map((tap) => [tap, keep(tap === 'logits' ? step.logits : step.tap(tap))]));
  }
}
