import type { HalfPrecision } from './target.ts';
import type { AdapterCall, Node } from '../algebra/node.ts';
import type { Network, StateDict } from '../network/network.ts';
import type { Workspace } from './workspace.ts';

/** Learning-rate dependent numbers of one optimiser update. */
export interface UpdateOptions {
  readonly learningRate: number;
  /** Decoupled in AdamW (Loshchilov & Hutter 2019), a part of the gradient in SGD and RMSprop. */
  readonly weightDecay: number;
  /** Decay d of the moving average, a ← d·a + (1 − d)·θ after the update; needed when the session keeps one. */
  readonly averageDecay?: number;
}

/** Optimiser of a session, fixed when the session is made. */
export type OptimizerSpec = OptimizerRule & {
  /** What weight decay applies to: conv and linear weights (by default), or biases and norms too. */
  readonly decays?: 'weights' | 'all';
};

/** An update rule with its constants. */
export type OptimizerRule =
  | { readonly name: 'adamw'; readonly beta1: number; readonly beta2: number; readonly eps: number }
  | { readonly name: 'sgd'; readonly momentum: number; readonly nesterov: boolean }
  | { readonly name: 'rmsprop'; readonly alpha: number; readonly eps: number; readonly momentum: number };

/** What a session is made for. */
export interface SessionOptions {
  /** null for a frozen network (teacher, evaluation): no gradients, no optimiser state. */
  readonly optimizer: OptimizerSpec | null;
  /** Whether it keeps moving averages of parameters and running statistics, which every update moves. */
  readonly average?: boolean;
  /** Most threads, by default all that the engine may use; results do not depend on it. */
  readonly threads?: number;
  /** Memory for its steps; its own by default. */
  readonly workspace?: Workspace;
  /**
   * Whether training steps compute dense products from operands in the engine's half precision, with sums in float32, where it has one;
   * parameters, optimisers, losses and evaluation steps are in float32. What lies between is too, but on PyTorch, where it stays what
   * products made it, as with its autocast.
   */
  readonly amp?: boolean;
}

/** Pictures whose 8-bit pixels lie in one file: [height, width, 3] each. */
export interface PictureFile {
  readonly path: string;
  readonly bytes: number;
  /** Triples: offset, height, width of each picture. */
  readonly index: Float64Array;
}

/** Pictures that stay in an engine's memory. */
export interface KeptPictures {
  readonly bytes: number;
  /**
   * Writes what the pixels of squares stand for.
   *
   * @param squares - int32 [N, 4]: picture, top, left, and 1 where it is mirrored; within the pictures
   * @param side - S, of the squares in pixels
   * @param table - as of {@link OwnArray.writePixels}
   * @param to - receives [N, S, S, 3], from its beginning
   */
  write(squares: Int32Array, side: number, table: EngineArray, to: OwnArray): void;
  dispose(): void;
}

/** A dense array in an engine's memory, which its expressions read and write where it lies. Only for the same engine. */
export interface EngineArray {
  readonly floats: number;
}

/** One that lives on its own. */
export interface OwnArray extends EngineArray {
  read(): Float32Array;
  /** Replaces all values, or the first ones. */
  write(values: Float32Array): void;
  /**
   * Replaces all values, or the first ones, by what 8-bit pixels stand for.
   *
   * @param pixels - uint8 [..., 3]
   * @param table - float32 [3, 256], of the same engine: the value of pixel v of channel c is at 256·c + v
   */
  writePixels(pixels: Uint8Array, table: EngineArray): void;
  /**
   * Some of its values, where they lie.
   *
   * @param from - place of the first one
   * @param floats - how many
   */
  part(from: number, floats: number): EngineArray;
  dispose(): void;
}

/**
 * One compiled forward pass in evaluation mode (running statistics, no dropout) for a fixed batch size.
 * Views stay valid until the next call of any step of the same engine.
 */
export interface ForwardStep {
  readonly batch: number;
  /** Pixels to fill in before `run`: [batch, height, width, channels], normalised float32; only where they lie in the step. */
  readonly input: Float32Array;
  /** Computes logits and taps. */
  run(): void;
  /** [batch, classes], rows dense. */
  readonly logits: Float32Array;
  /** Tap values, channels last: [batch, height, width, channels], dense. */
  tap(name: string): Float32Array;
  /** Where these arrays lie. */
  array(of: 'input' | 'logits' | `tap:${string}`): EngineArray;
}

/** One compiled training step for a fixed batch size: `forward`, then gradients in, then `backward`, then `update`. */
export interface TrainStep {
  readonly batch: number;
  /** As of a forward step. */
  readonly input: Float32Array;
  /**
   * Train-mode forward: batch statistics (running ones updated), dropout bits from (seed, step).
   *
   * @param seed - 32-bit stream key of dropout and stochastic depth
   * @param step - global step, counted from 0
   */
  forward(seed: number, step: number): void;
  readonly logits: Float32Array;
  tap(name: string): Float32Array;
  /** dL/dlogits, [batch, classes]; the caller writes all of it between `forward` and `backward`. */
  readonly logitsGradient: Float32Array;
  /** dL/dtap of a tap named at compile time, laid out as the tap; written as `logitsGradient` is. */
  tapGradient(name: string): Float32Array;
  /** Gradients of every trained parameter, from logits and taps. */
  backward(): void;
  /** dL/dinput of the last `backward`, laid out as `input`; only of a network whose input is differentiable. */
  readonly inputGradient: Float32Array;
  /** One optimiser update from the gradients of the last `backward`. */
  update(options: UpdateOptions): void;
  /** Where these arrays lie. */
  array(
    of: 'input' | 'logits' | 'logits-gradient' | 'input-gradient' | `tap:${string}` | `tap-gradient:${string}`,
  ): EngineArray;
}

/** A pass of an adapter within an expression. */
export interface AdapterRun {
  readonly step: TrainStep;
  /** Runs `step.forward`; its input is there. */
  readonly forward: () => void;
}

/** What an expression computes, of what, and where it goes. */
export interface ExpressionOptions {
  /** Where arrays from outside lie, by their inputs' names; those that are missing are filled by the caller. */
  readonly inputs: Readonly<Record<string, EngineArray>>;
  /** Who runs its adapters. */
  readonly adapter: (call: AdapterCall) => AdapterRun;
  /** Values that the caller reads. */
  readonly results: Readonly<Record<string, Node>>;
  /** Values that are written over arrays. */
  readonly writes: readonly { readonly value: Node; readonly to: EngineArray }[];
  /** Values that replace what arrays hold, or the rows of them that `places` names, at `update`. */
  readonly updates: readonly { readonly value: Node; readonly to: EngineArray; readonly places?: Node }[];
  /** Runs of adapters that count for what they leave behind: their gradients. */
  readonly effects: readonly Node[];
}

/** A compiled expression. It reads arrays as they are when it runs. */
export interface Expression {
  /** Values of an input for the caller to fill, dense; indices are whole numbers. They stay until they are written again. */
  input(name: string): Float32Array;
  /** Computes results and writes, and runs adapters. */
  run(): void;
  /** Makes the updates, from what the last `run` computed. */
  update(): void;
  /** A result of the last `run`, dense: float32, or float64 where the engine computes in it. */
  result(name: string): Float32Array | Float64Array;
}

/** What a step is compiled for. */
export interface StepOptions {
  readonly batch: number;
  /** Evaluate with the moving averages instead of the weights and statistics themselves. */
  readonly average?: boolean;
  /**
   * Train: a second pass of the same update, with activations of its own, so that both passes are there at once. Its
   * `backward` comes after the first's and adds to the gradients, and the first one updates.
   */
  readonly secondPass?: boolean;
  /** Names of taps whose values (and, in training, gradients) are wanted; `logits` is always there. */
  readonly taps: readonly string[];
  /** Where the pixels lie, laid out as `input`; in the step's own memory by default. */
  readonly images?: EngineArray;
  /** Evaluate: where values of `logits` and taps go, by name, and stay; others lie in the step's own memory. */
  readonly outputs?: Readonly<Record<string, EngineArray>>;
}

/** A network's parameters and optimiser state inside an engine, and the steps compiled over them. */
export interface Session {
  readonly network: Network;
  /** Copies parameters and running statistics out, PyTorch names and layouts. */
  read(): StateDict;
  /** Copies them in. Every name of `network.parameters` must be there with its exact size. */
  write(state: StateDict): void;
  /** Copies the moving averages out, as `read` does the weights. */
  readAverage(): StateDict;
  writeAverage(state: StateDict): void;
  /** Optimiser slots and update count, for exact resume: `<parameter>/<slot>` → values in PyTorch's layout. */
  readOptimizer(): { readonly updates: number; readonly slots: StateDict };
  writeOptimizer(state: { readonly updates: number; readonly slots: StateDict }): void;
  /** Gradients of the last `backward`, PyTorch names and layouts (tests, diagnostics). */
  readGradients(): StateDict;
  /** Where they lie, one after the other as the engine lays them out; what is padding is 0. None of a frozen network. */
  readonly gradients: EngineArray;
  /** Compiled once a (batch, taps); later calls return the same step. */
  forwardStep(options: StepOptions): ForwardStep;
  trainStep(options: StepOptions): TrainStep;
  /** Compiles an expression, usually of this session's steps, which lives as long as the session. */
  expression(options: ExpressionOptions): Expression;
  dispose(): void;
}

/** Executes lowered programs; knows nothing of models, methods or recipes. */
export interface Engine {
  readonly name: string;
  /** For the record: threads, SIMD level, versions. */
  readonly description: Readonly<Record<string, string | number | boolean>>;
  /** What sessions with `amp` round operands of products to; null where they compute in float32. */
  readonly halfPrecision: HalfPrecision | null;
  /** Whether pixels that it looks up where its arrays lie cost less than normalised ones that are brought there. */
  readonly takesPixels: boolean;
  /** Whether it computes in another process, which reads values where memory of this one is shared with it (`util/twin-memory.ts`). */
  readonly sharesMemory: boolean;
  session(network: Network, options: SessionOptions): Session;
  /** Memory of zeros. */
  array(floats: number): OwnArray;
  /**
   * Takes pictures into its memory.
   *
   * @param file - all of them
   * @returns the pictures; null where the engine cannot keep any, or they take more than a quarter of the memory that is free
   */
  keep(file: PictureFile): KeptPictures | null;
  /**
   * Collects the runs of steps and expressions that `work` asks for, and makes them in one go, in their order, the same bits
   * as without. Where `work` reads a result, or writes over what a run that waits has yet to read, those that wait are made
   * before; arrays that it got earlier are not to be touched in it.
   *
   * @param work - of any sessions of this engine
   */
  together(work: () => void): void;
  /** Lets no more threads than these, 1 at least, work from now on, whatever its sessions asked for. */
  limitThreads(threads: number): void;
  dispose(): Promise<void>;
}

/** How an engine is made. */
export interface EngineOptions {
  /** Most threads that its sessions will ask for, 1 … 64. */
  readonly threads: number;
  /** Memory in bytes where the engine has a bound; a multiple of 65536. */
  readonly memory?: number;
}

/** An engine, or why this machine cannot run it: a half sentence that may follow a colon. */
export type EngineResult = { readonly engine: Engine } | { readonly unavailable: string };

/** A row of the registry. Nothing of an engine is loaded before `create` is called. */
export interface EngineEntry {
  readonly summary: string;
  /** It is never what `auto` picks, but on a GPU. */
  readonly onlyByName?: boolean;
  /**
   * Of what computes with a library from elsewhere, which proves itself before it is used: whether an engine that was made is on a
   * GPU. `auto` takes such a one first.
   */
  readonly onGpu?: (engine: Engine) => boolean;
  create(options: EngineOptions): Promise<EngineResult>;
}
