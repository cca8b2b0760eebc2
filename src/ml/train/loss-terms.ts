import type { AdapterCall, Node } from '../algebra/node.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { AdapterRun, EngineArray, UpdateOptions } from '../engines/engine.ts';
import type { StepArrays } from '../methods/kd-method.ts';
import type { RecordedTerm } from '../methods/terms/record-term.ts';
import type { StateDict } from '../network/network.ts';

/** Which of the forward passes of one batch: R-Drop makes two, and so do two views. */
export interface Pass {
  /** From 0. */
  readonly index: number;
  /** Number of passes. */
  readonly of: number;
}

/** What a term is recorded for. */
export interface TermPlace {
  /** Images of the batch. */
  readonly images: number;
  /** Which pass, from 0. */
  readonly pass: number;
  /** Class indices [N]; of mixed images those of the greater share. */
  readonly labels: Node;
  /** Places of the images in the training split, [N], likewise. */
  readonly indices: Node;
  /** The student's taps. */
  readonly student: (tap: string) => Node;
}

/** One distillation term: an expression, and what it needs beside the student's taps. */
export interface LossTerm {
  /** w_k of total = L_cls + Σ_k w_k · L_k, in the epoch under way. */
  readonly weight: number;
  /** Its expression in one pass. */
  record(place: TermPlace): RecordedTerm;
  /**
   * Arrays of the engine that inputs stand for: what its teacher says.
   *
   * @param batch - number of images
   * @returns arrays by the inputs' names
   */
  teacherArrays(batch: number): Readonly<Record<string, EngineArray>>;
  /** Values of the teacher's other inputs, for the batch that it has observed, by their names. */
  teacherValues(): StepArrays;
  /** An array of its memory. */
  memory(name: string): EngineArray;
  /** Who runs one of its adapters in a pass. */
  adapterRun(call: AdapterCall, batch: number): AdapterRun;
  /** Values of its step's arrays, for one pass over the batch that it has observed. */
  fill(pass: Pass): StepArrays;
}

/** The terms that are added to the supervised loss, made of the student's taps and of whatever they observe themselves. */
export interface LossTerms {
  /** Student's taps that they read, `logits` left out. */
  readonly taps: readonly string[];
  /** By name. */
  readonly terms: ReadonlyMap<string, LossTerm>;
  /**
   * Compiles what a batch of some size needs, before training begins.
   *
   * @param batch - number of images
   * @param passes - the student's over each batch: 1, or 2 with R-Drop or two views
   * @throws FailureError when it cannot take, or has no memory for, as many
   */
  prepare(batch: number, passes: number): void;
  /**
   * Lets teachers see a batch whose outputs come later than a step can ask for them.
   *
   * @param batch - images and labels; only valid until the step's end
   * @returns once they are there
   */
  ahead?(batch: TrainBatch): Promise<void>;
  /**
   * Sees a batch before the student does.
   *
   * @param batch - images and labels; only valid until the step's end
   * @param epoch - counted from 0
   */
  observe(batch: TrainBatch, epoch: number): void;
  /** Gradients of what the terms train themselves. */
  gradients(): readonly EngineArray[];
  /**
   * Updates what the terms train themselves, after the student's update.
   *
   * @param options - the student's
   */
  update(options: UpdateOptions): void;
  /** What they have learned, for a checkpoint; empty where they train nothing. */
  state(): StateDict;
  /**
   * Goes on from what `state` gave.
   *
   * @param state - the same terms'
   * @param updates - number of updates that made it
   */
  restore(state: StateDict, updates: number): void;
}
