import { fail } from '../../core/failure.ts';
import type { Network, StateDict } from '../network/network.ts';
import { Place } from './arrays.ts';
import type {
  EngineArray,
  Expression,
  ExpressionOptions,
  ForwardStep,
  OptimizerSpec,
  Session,
  SessionOptions,
  StepOptions,
  TrainStep,
} from './engine.ts';
import type { Executor } from './executor.ts';
import { CompiledExpression, lowerFor } from './expression.ts';
import { fromPyTorch, layoutOf, slotOf, toPyTorch, type Layout, type Slot } from './layout.ts';
import { firstThatFits, largestBatch, type Lowering } from './largest-batch.ts';
import { lowerInference, lowerTraining } from './lower/lower.ts';
import { allocateAll, memoryFor, roomFor } from './memory.ts';
import { bytes, type Program, type Region, type SessionSpace, type Space } from './program.ts';
import { slotsOf } from './optimizer-slots.ts';
import { CompiledForward, CompiledStep, CompiledTraining, stepKey, type Progress } from './steps.ts';
import type { Target } from './target.ts';
import { Workspace } from './workspace.ts';

/** Where the moving average of an entry's space lies. */
const AVERAGE = { parameter: 'parameter-average', statistic: 'statistic-average' } as const;

/** Of a step that ought to fit and does not: the part of its memory that a smaller one may take. */
const RELIEF = 0.75;

const inFloat32 = (target: Target): Target => ({ ...target, bfloat16: null });

/** A session over any executor. */
export class CompiledSession implements Session {
  readonly network: Network;
  readonly #executor: Executor;
  readonly #options: SessionOptions;
  readonly #threads: number;
  readonly #layout: Layout;
  readonly #spaces: Readonly<Record<SessionSpace, Region>>;
  readonly #workspace: Workspace;
  readonly #disposables: { dispose(): void }[] = [];
  readonly #forwardSteps = new Map<string, ForwardStep>();
  readonly #trainSteps = new Map<string, TrainStep>();
  readonly #progress: Progress = { updates: 0, last: null };
  readonly #secondProgress: Progress = { updates: 0, last: null };
  /** Gradients of second passes; none until one is asked for. */
  #secondGradient: Region | null = null;

  constructor(executor: Executor, network: Network, options: SessionOptions) {
    this.network = network;
    this.#executor = executor;
    this.#options = options;
    this.#threads = options.threads ?? Infinity;
    this.#layout = layoutOf(network, executor.target);
    const { parameters, statistics } = this.#layout;
    const { optimizer, average = false } = options;
    const trained = optimizer ? parameters : 0;
    this.#spaces = allocateAll(executor, {
      parameter: parameters,
      statistic: statistics,
      gradient: trained,
      'gradient-sum': 0,
      slot0: trained,
      slot1: optimizer && slotsOf(optimizer).has('slot1') ? trained : 0,
      'parameter-average': average ? parameters : 0,
      'statistic-average': average ? statistics : 0,
    });
    this.#workspace = options.workspace ?? new Workspace();
    this.#workspace.join();
  }

  #get(slot: Slot, space: SessionSpace): Float32Array {
    return toPyTorch(slot, this.#executor.read(this.#spaces[space], slot.offset, slot.floats));
  }

  #set(slot: Slot, space: SessionSpace, values: Float32Array | undefined): void {
    const { name, shape } = slot.spec;
    const size = shape.reduce((product, n) => product * n, 1);
    if (values?.length !== size) {
      fail({
        code: 'weights-mismatch',
        message: `${this.network.model} got ${values ? `${values.length} values` : 'no values'} for ${name}`,
        expected: `${size} values, shape ${shape.join('×')}`,
        fix: 'take weights of the same model with the same number of classes',
      });
    }
    this.#executor.write(this.#spaces[space], slot.offset, fromPyTorch(slot, values));
  }

  #trained(): Slot[] {
    return [...this.#layout.slots.values()].filter((slot) => slot.space === 'parameter');
  }

  #optimizer(): OptimizerSpec {
    if (!this.#options.optimizer) throw new Error(`the session of ${this.network.model} is frozen`);
    return this.#options.optimizer;
  }

  #readAll(spaceOf: (slot: Slot) => SessionSpace): StateDict {
    return new Map(
      this.network.parameters.map(({ name }) => {
        const slot = slotOf(this.#layout, name);
        return [name, this.#get(slot, spaceOf(slot))];
      }),
    );
  }

  #writeAll(state: StateDict, spaceOf: (slot: Slot) => SessionSpace): void {
    for (const { name } of this.network.parameters) {
      const slot = slotOf(this.#layout, name);
      this.#set(slot, spaceOf(slot), state.get(name));
    }
  }

  read(): StateDict {
    return this.#readAll((slot) => slot.space);
  }

  write(state: StateDict): void {
    this.#writeAll(state, (slot) => slot.space);
  }

  #needAverage(): void {
    if (!this.#options.average) throw new Error(`the session of ${this.network.model} keeps no moving average`);
  }

  readAverage(): StateDict {
    this.#needAverage();
    return this.#readAll((slot) => AVERAGE[slot.space]);
  }

  writeAverage(state: StateDict): void {
    this.#needAverage();
    this.#writeAll(state, (slot) => AVERAGE[slot.space]);
  }

  readOptimizer(): { readonly updates: number; readonly slots: StateDict } {
    const slots = new Map<string, Float32Array>();
    for (const [space, slotName] of slotsOf(this.#optimizer()))
      for (const slot of this.#trained()) slots.set(`${slot.spec.name}/${slotName}`, this.#get(slot, space));
    return { updates: this.#progress.updates, slots };
  }

  writeOptimizer(state: { readonly updates: number; readonly slots: StateDict }): void {
    for (const [space, slotName] of slotsOf(this.#optimizer()))
      for (const slot of this.#trained()) this.#set(slot, space, state.slots.get(`${slot.spec.name}/${slotName}`));
    this.#progress.updates = state.updates;
  }

  readGradients(): StateDict {
    this.#optimizer();
    return new Map(this.#trained().map((slot) => [slot.spec.name, this.#get(slot, 'gradient')]));
  }

  get gradients(): EngineArray {
    const { gradient } = this.#spaces;
    return new Place(gradient, 0, gradient.floats);
  }

  forwardStep(options: StepOptions): ForwardStep {
    if (options.average) this.#needAverage();
    return this.#once(this.#forwardSteps, options, () => {
      const target = inFloat32(this.#executor.target);
      const lower: Lowering = (batch) => lowerInference(this.network, { ...options, batch, target });
      return new CompiledForward(options.batch, this.#compile('an evaluation step', options, [lower]));
    });
  }

  trainStep(options: StepOptions): TrainStep {
    const optimizer = this.#optimizer();
    const { average = false, amp = false } = this.#options;
    const target = amp ? this.#executor.target : inFloat32(this.#executor.target);
    return this.#once(this.#trainSteps, options, () => {
      const lower =
        (recompute: boolean): Lowering =>
        (batch) =>
          lowerTraining(this.network, { ...options, batch, target }, optimizer, { average, recompute });
      const lowerings = [lower(false), lower(true)] as const;
      if (!options.secondPass) {
        const executable = this.#compile('a training step', options, lowerings);
        return new CompiledTraining(options.batch, executable, { optimizer, progress: this.#progress });
      }
      this.#secondGradient ??= this.#executor.allocate(this.#layout.parameters);
      const executable = this.#compile('a second training step', options, lowerings);
      return new CompiledTraining(options.batch, executable, { optimizer: null, progress: this.#secondProgress });
    });
  }

  #once<Step>(steps: Map<string, Step>, options: StepOptions, make: () => Step): Step {
    const key = stepKey(options);
    const step = steps.get(key) ?? make();
    steps.set(key, step);
    return step;
  }

  /** Compiles the first, fastest of the lowerings that fits; the last one takes the least memory. */
  #compile(kind: string, options: StepOptions, lowerings: readonly [Lowering, ...Lowering[]]): CompiledStep {
    const { batch } = options;
    const place = options.secondPass ? 'second-pass' : 'first-pass';
    const { target } = this.#executor;
    const lacks = (program: Program<string>): boolean =>
      roomFor(program, place, this.#executor, this.#workspace).lacking;
    const { lower, program } = firstThatFits(lowerings, batch, lacks);
    const fixFor = (capacity: number): string => {
      const largest = largestBatch(lower, { capacity, target }, batch);
      return largest ? `batch_size: ${largest}` : 'take a smaller image_size or model';
    };
    const what = `${kind} of ${this.network.model} with batch ${batch}`;
    const fix = (): string => fixFor(this.#executor.capacity());
    const step = memoryFor({ what, program, fix, place }, this.#executor, this.#workspace);
    const memory = { ...this.#spaces, ...this.#instead(options), step };
    const relief = (): string => fixFor(RELIEF * bytes(program, target));
    const executable = this.#executor.compile(program, memory, this.#threads, relief);
    this.#disposables.push(executable);
    return new CompiledStep(executable, program, step);
  }

  expression(options: ExpressionOptions): Expression {
    const lowered = lowerFor(this.#executor, options);
    const { program } = lowered;
    const what = `the loss of ${this.network.model}`;
    const fix = (): string => 'take a smaller batch_size, image_size or model';
    const region = memoryFor({ what, program, fix, place: 'expression' }, this.#executor, this.#workspace);
    const expression = new CompiledExpression(this.#executor, {
      lowered,
      options,
      region,
      threads: this.#threads,
    });
    this.#disposables.push(expression);
    return expression;
  }

  /** What an averaged, or a second, step finds in the place of others. */
  #instead({ average, secondPass }: StepOptions): Partial<Record<Space, Region>> {
    const { gradient, 'parameter-average': parameter, 'statistic-average': statistic } = this.#spaces;
    if (average) return { parameter, statistic };
    return secondPass && this.#secondGradient ? { gradient: this.#secondGradient, 'gradient-sum': gradient } : {};
  }

  dispose(): void {
    for (const disposable of this.#disposables.splice(0)) disposable.dispose();
    this.#workspace.leave((region) => this.#executor.free(region));
    for (const region of Object.values(this.#spaces)) this.#executor.free(region);
    if (this.#secondGradient) this.#executor.free(this.#secondGradient);
  }
}
