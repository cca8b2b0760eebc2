import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import { leavesOneImage } from '../../params/shared-rules.ts';
import { dominant, partnersOf } from '../augment/mix.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { TrainStep, UpdateOptions } from '../engines/engine.ts';
import { floatAt } from '../../util/at.ts';
import type { KdLoss, KdMethod, KdSplit, SeenStep, Sides, TapShapes } from '../methods/kd-method.ts';
import { methods } from '../methods/registry.ts';
import type { TapValues } from '../methods/terms/kd-loss.ts';
import { kdWeight, rampShare } from '../methods/terms/kd-weight.ts';
import { TermInterpreter } from '../methods/tfjs/interpreter.ts';
import type { Network, Shape, StateDict } from '../network/network.ts';
import { Adapters, type AdapterDeps } from './adapters.ts';
import type { LossTerm, Pass } from './job.ts';
import { compiledTaps, tapShapes, type Teacher } from './teacher-pass.ts';
import type { TermLosses } from './term-losses.ts';

/** What is distilled how. */
export interface KdTermOptions {
  /** Name in the registry. */
  readonly method: string;
  /** Options of the method. */
  readonly options: JsonObject;
  /** w of total = L_cls + w · L_kd, or the ratio that the method makes it of. */
  readonly weight: { readonly weight: number } | { readonly ratio: number };
  /** Epochs over which the weight climbs from 0; 0 = it is w from the start. */
  readonly ramp?: number;
  /** Which part of the weight it has: 1/n where it is one of n teachers'. */
  readonly share?: number;
}

/** Who learns from whom, on what, and where adapters are trained. */
export interface KdTermDeps extends AdapterDeps {
  /** The teacher's outputs; the caller disposes its session. */
  readonly teacher: Teacher;
  /** The network to be trained. */
  readonly student: Network;
  /** Class indices of the training split. */
  readonly labels: KdSplit['labels'];
  /** Images of a batch; the last one of an epoch may have fewer. */
  readonly batchSize: number;
}

/** Name of what the memory's arrays stand under in checkpoints; no adapter's. */
const MEMORY = 'memory/';

function pickTaps(shapes: Readonly<Record<string, Shape>>, taps: readonly string[]): Record<string, Shape> {
  return Object.fromEntries(
    taps.map((tap) => {
      const shape = shapes[tap];
      if (!shape) throw new Error(`no tap ${tap}`);
      return [tap, shape];
    }),
  );
}

function findMethod(name: string): KdMethod {
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

/** Comparing images with each other takes two of them, in the last batch of an epoch too. */
function requirePairs(method: KdMethod, { labels: { length }, batchSize }: KdTermDeps): void {
  if (!method.relational || !leavesOneImage(batchSize, length)) return;
  fail({
    code: 'batch-too-small',
    message: `${method.name} compares the images of a batch, and of ${length} in batches of ${batchSize} one is left alone`,
    expected: 'at least two images in every batch',
    fix: 'choose a batch_size that does not leave one image over',
  });
}

/** The batch that is under way, as the term sees it. */
interface Observed {
  readonly teacher: TapValues;
  readonly indices: Uint32Array;
}

/** The distillation term of a student's training: a frozen teacher in evaluation mode, and a method. */
export class KdTerm implements LossTerm {
  readonly taps: readonly string[];
  /** w, where no ramp lowers it. */
  readonly fullWeight: number;
  readonly #ramp: number;
  /** Name of the method. */
  readonly method: string;
  readonly #teacher: Teacher;
  readonly #sides: Sides<readonly string[]>;
  readonly #shapes: TapShapes;
  readonly #loss: KdLoss;
  readonly #interpreter: TermInterpreter;
  readonly #adapters: Adapters;
  readonly #seed: number;
  #observed: Observed = { teacher: {}, indices: new Uint32Array() };
  /** What the memory takes in: the last pass. */
  #seen: SeenStep | undefined;
  #epoch = 0;

  /**
   * @param deps - teacher, student, training labels, engine, optimiser, seed
   * @param distilled - method, options, weight
   * @throws FailureError where the method does not fit the two networks or the images
   */
  constructor(deps: KdTermDeps, distilled: KdTermOptions) {
    const { method: name, options, weight, ramp = 0, share = 1 } = distilled;
    const { teacher, student, seed, labels } = deps;
    const method = findMethod(name);
    const all = { teacher: teacher.shapes, student: tapShapes(student) };
    requirePairs(method, deps);
    this.method = name;
    this.#teacher = teacher;
    this.#seed = seed;
    this.#sides = method.taps(options, { teacher: Object.keys(all.teacher), student: Object.keys(all.student) });
    this.#shapes = {
      teacher: pickTaps(all.teacher, this.#sides.teacher),
      student: pickTaps(all.student, this.#sides.student),
    };
    this.#loss = method.create(options, this.#shapes, all, { labels, seed });
    this.#interpreter = new TermInterpreter(this.#loss, this.#shapes);
    this.#adapters = new Adapters(this.#loss.adapters ?? [], deps);
    this.taps = compiledTaps(this.#sides.student);
    teacher.need(this.#sides.teacher);
    this.fullWeight = share * ('weight' in weight ? weight.weight : kdWeight(weight.ratio, method.weighting));
    this.#ramp = ramp;
  }

  prepare(batch: number, passes: number): void {
    this.#teacher.prepare(batch);
    this.#adapters.prepare(batch, passes);
    this.#interpreter.prepare(batch);
  }

  /** w of total = L_cls + w · L_kd, in the epoch under way. */
  get weight(): number {
    return this.fullWeight * rampShare(this.#epoch, this.#ramp);
  }

  observe(batch: TrainBatch, epoch: number): void {
    const { indices, mixed } = batch;
    this.#epoch = epoch;
    const seen = dominant(mixed, indices, () => partnersOf(indices));
    this.#observed = { teacher: this.#teacher.of(batch), indices: seen };
  }

  addGradients(step: TrainStep, labels: Int32Array, { index, of }: Pass = { index: 0, of: 1 }): TermLosses {
    const { teacher: read, indices } = this.#observed;
    const own = this.#sides.student.map((tap) => [tap, tap === 'logits' ? step.logits : step.tap(tap)] as const);
    const teacher = Object.fromEntries(Object.entries(read).filter(([tap]) => tap in this.#shapes.teacher));
    const taps = { teacher, student: Object.fromEntries(own) };
    const draw = { seed: this.#seed, step: this.#adapters.updates * of + index };
    const batch = { taps, labels, indices, draw, weight: this.weight / of };
    const runner = index === 0 ? this.#adapters : this.#adapters.second;
    const { value, gradients, outputs } = this.#interpreter.run(batch, runner);
    this.#seen = { indices, outputs };
    for (const [tap, gradient] of Object.entries(gradients)) {
      const target = tap === 'logits' ? step.logitsGradient : step.tapGradient(tap);
      for (let i = 0; i < target.length; i++) target[i] = floatAt(target, i) + floatAt(gradient, i);
    }
    return { weighted: this.weight * value, each: { [this.method]: value } };
  }

  update(options: UpdateOptions): void {
    this.#adapters.update(options);
    if (this.#seen) this.#loss.memory?.update(this.#seen);
    this.#seen = undefined;
  }

  state(): StateDict {
    const remembered = [...(this.#loss.memory?.values ?? [])];
    const copies = remembered.map(([name, values]) => [`${MEMORY}${name}`, values.slice()] as const);
    return new Map([...this.#adapters.state(), ...copies]);
  }

  restore(state: StateDict, updates: number): void {
    this.#adapters.restore(state, updates);
    for (const [name, values] of this.#loss.memory?.values ?? []) {
      const saved = state.get(`${MEMORY}${name}`);
      if (!saved) throw new Error(`the checkpoint has no ${name}`);
      values.set(saved);
    }
  }

  /** Gives the adapters' memory back. */
  dispose(): void {
    this.#adapters.dispose();
  }
}
