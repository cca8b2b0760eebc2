import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import { leavesOneImage } from '../../params/shared-rules.ts';
import type { AdapterCall, Dimensions, Node } from '../algebra/node.ts';
import { dominant, partnersOf } from '../augment/mix.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { AdapterRun, Engine, EngineArray, OwnArray, UpdateOptions } from '../engines/engine.ts';
import type { KdLoss, KdMethod, KdSplit, StepArrays, TapShapes } from '../methods/kd-method.ts';
import { requireMethod } from '../methods/registry.ts';
import { kdWeight, rampShare } from '../methods/terms/kd-weight.ts';
import { recordTerm, type RecordedTerm } from '../methods/terms/record-term.ts';
import type { Network, Shape, StateDict } from '../network/network.ts';
import { Adapters, type AdapterDeps } from './adapters.ts';
import type { LossTerm, Pass, TermPlace } from './loss-terms.ts';
import { compiledTaps, tapShapes, type Teacher } from './teacher-pass.ts';

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
  /** In front of the names of its inputs; those of two terms differ. */
  readonly prefix: string;
  /** Views of each image, a pass each, or 1, which all passes see; 1 by default. */
  readonly views?: number;
  /** Methods of plugins, by name. */
  readonly methods?: Readonly<Record<string, KdMethod>>;
}

/** Name of what the memory's arrays stand under in checkpoints; no adapter's. */
const MEMORY = 'memory/';

function filled(engine: Engine, values: Float32Array): OwnArray {
  const array = engine.array(values.length);
  array.write(values);
  return array;
}

function pickTaps(shapes: Readonly<Record<string, Shape>>, taps: readonly string[]): Record<string, Shape> {
  return Object.fromEntries(
    taps.map((tap) => {
      const shape = shapes[tap];
      if (!shape) throw new Error(`no tap ${tap}`);
      return [tap, shape];
    }),
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

/** One method applied to one teacher, in the training of a student. */
export class KdTerm implements LossTerm {
  readonly taps: readonly string[];
  /** w, where no ramp lowers it. */
  readonly fullWeight: number;
  /** Name of the method. */
  readonly method: string;
  readonly #ramp: number;
  readonly #teacher: Teacher;
  readonly #shapes: TapShapes;
  readonly #loss: KdLoss;
  readonly #memory: ReadonlyMap<string, OwnArray>;
  readonly #adapters: Adapters;
  readonly #seed: number;
  /** In front of the names of its inputs. */
  readonly #prefix: string;
  readonly #views: readonly number[];
  #values: StepArrays = {};
  #indices: Uint32Array = new Uint32Array();
  #epoch = 0;

  /**
   * @param deps - teacher, student, training labels, engine, optimiser, seed
   * @param distilled - method, options, weight
   * @throws FailureError where the method does not fit the two networks or the images
   */
  constructor(deps: KdTermDeps, distilled: KdTermOptions) {
    const { method: name, options, weight, ramp = 0, share = 1 } = distilled;
    const { teacher, student, seed, labels, engine } = deps;
    const method = requireMethod(name, deps.methods);
    const all = { teacher: teacher.shapes, student: tapShapes(student) };
    requirePairs(method, deps);
    this.method = name;
    this.#prefix = deps.prefix;
    this.#teacher = teacher;
    this.#views = Array.from({ length: deps.views ?? 1 }, (_, view) => view);
    this.#seed = seed;
    const sides = method.taps(options, { teacher: Object.keys(all.teacher), student: Object.keys(all.student) });
    this.#shapes = {
      teacher: pickTaps(all.teacher, sides.teacher),
      student: pickTaps(all.student, sides.student),
    };
    this.#loss = method.create(options, this.#shapes, all, { labels, seed });
    this.#adapters = new Adapters(this.#loss.adapters ?? [], deps);
    this.#memory = new Map(
      [...(this.#loss.memory ?? [])].map(([array, values]) => [array, filled(engine, values)] as const),
    );
    this.taps = compiledTaps(sides.student);
    teacher.need(sides.teacher);
    this.fullWeight = share * ('weight' in weight ? weight.weight : kdWeight(weight.ratio, method.weighting));
    this.#ramp = ramp;
  }

  get weight(): number {
    return this.fullWeight * rampShare(this.#epoch, this.#ramp);
  }

  /** Compiles adapters; see {@link LossTerms.prepare}. */
  prepare(batch: number, passes: number): void {
    this.#teacher.prepare(batch);
    this.#adapters.prepare(batch, passes);
  }

  /** In front of the names of the teacher's inputs. */
  #taught(view: number): string {
    return `${this.#prefix}teacher/${view > 0 ? `view ${view}/` : ''}`;
  }

  record({ pass, ...place }: TermPlace): RecordedTerm {
    const taught = this.#taught(this.#views[pass] ?? 0);
    const teacher = (tap: string, shape: Dimensions): Node => this.#teacher.tap(tap, shape, taught);
    return recordTerm(this.#loss, this.#shapes, { ...place, pass, teacher, prefix: `${this.#prefix}${pass}/` });
  }

  /** What the teacher says of all views, with the names of its inputs. */
  #taughtBy<T>(of: (view: number) => Readonly<Record<string, T>>): Readonly<Record<string, T>> {
    return Object.fromEntries(
      this.#views.flatMap((view) =>
        Object.entries(of(view)).map(([name, value]) => [`${this.#taught(view)}${name}`, value] as const),
      ),
    );
  }

  teacherArrays(batch: number): Readonly<Record<string, EngineArray>> {
    return this.#taughtBy((view) => this.#teacher.arrays(batch, view));
  }

  teacherValues(): StepArrays {
    return this.#values;
  }

  memory(name: string): OwnArray {
    const array = this.#memory.get(name);
    if (!array) throw new Error(`${this.method} remembers no ${name}`);
    return array;
  }

  adapterRun(call: AdapterCall, batch: number): AdapterRun {
    return this.#adapters.run(call, batch);
  }

  /** Lets its teacher see a batch; see {@link LossTerms.ahead}. */
  async ahead(batch: TrainBatch): Promise<void> {
    await this.#teacher.ahead?.(batch);
  }

  /** Sees a batch; see {@link LossTerms.observe}. */
  observe(batch: TrainBatch, epoch: number): void {
    const { indices, mixed } = batch;
    this.#epoch = epoch;
    this.#indices = dominant(mixed, indices, () => partnersOf(indices));
    this.#values = this.#taughtBy((view) => this.#teacher.of(batch, view));
  }

  fill({ index, of }: Pass): StepArrays {
    const draw = { seed: this.#seed, step: this.#adapters.updates * of + index };
    return this.#loss.fill?.({ indices: this.#indices, draw }) ?? {};
  }

  /** Gradients of its adapters; see {@link LossTerms.gradients}. */
  gradients(): readonly EngineArray[] {
    return this.#adapters.gradients();
  }

  /** Updates its adapters; see {@link LossTerms.update}. */
  update(options: UpdateOptions): void {
    this.#adapters.update(options);
  }

  /** What it has learned and remembers. */
  state(): StateDict {
    const remembered = [...this.#memory].map(([name, array]) => [`${MEMORY}${name}`, array.read()] as const);
    return new Map([...this.#adapters.state(), ...remembered]);
  }

  /** Goes on from what `state` gave. */
  restore(state: StateDict, updates: number): void {
    this.#adapters.restore(state, updates);
    for (const [name, array] of this.#memory) {
      const saved = state.get(`${MEMORY}${name}`);
      if (!saved) throw new Error(`the checkpoint has no ${name}`);
      array.write(saved);
    }
  }

  /** Gives its memory back. */
  dispose(): void {
    this.#adapters.dispose();
    for (const array of this.#memory.values()) array.dispose();
  }
}
