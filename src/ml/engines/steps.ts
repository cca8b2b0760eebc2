import type { ForwardStep, OptimizerSpec, TrainStep, UpdateOptions } from './engine.ts';
import type { Executable } from './executor.ts';
import type { Controls } from './primitives.ts';

const NO_CONTROLS: Controls = {
  seed: 0,
  step: 0,
  learningRate: 0,
  weightDecay: 0,
  biasCorrection1: 1,
  biasCorrection2Sqrt: 1,
  averageStep: 0,
};

/** Evaluation pass over one executable. */
export class CompiledForward implements ForwardStep {
  readonly batch: number;
  readonly input: Float32Array;
  readonly logits: Float32Array;
  readonly #executable: Executable;

  constructor(batch: number, executable: Executable) {
    this.batch = batch;
    this.#executable = executable;
    this.input = executable.port('input');
    this.logits = executable.port('logits');
  }

  run(): void {
    this.#executable.run('forward', NO_CONTROLS);
  }

  tap(name: string): Float32Array {
    return name === 'logits' ? this.logits : this.#executable.port(`tap:${name}`);
  }
}

/** What training steps that share activations have in common: the number of updates so far, and whose forward pass ran last. */
export interface Progress {
  updates: number;
  last: TrainStep | null;
}

/**
 * Bias corrections of Adam's update.
 *
 * @param optimizer - the rule
 * @param updates - number of this update, from 1
 * @returns 1 − β₁ᵗ and √(1 − β₂ᵗ); 1 for other rules
 */
export function corrections(
  optimizer: OptimizerSpec,
  updates: number,
): Pick<Controls, 'biasCorrection1' | 'biasCorrection2Sqrt'> {
  if (optimizer.name !== 'adamw') return { biasCorrection1: 1, biasCorrection2Sqrt: 1 };
  return {
    biasCorrection1: 1 - optimizer.beta1 ** updates,
    biasCorrection2Sqrt: Math.sqrt(1 - optimizer.beta2 ** updates),
  };
}

/** Training step over one executable. */
export class CompiledTraining implements TrainStep {
  readonly batch: number;
  readonly input: Float32Array;
  readonly logits: Float32Array;
  readonly logitsGradient: Float32Array;
  readonly #executable: Executable;
  readonly #optimizer: OptimizerSpec | null;
  readonly #progress: Progress;
  #controls = NO_CONTROLS;

  /** `optimizer` is null for a second pass, which updates nothing. */
  constructor(batch: number, executable: Executable, shared: { optimizer: OptimizerSpec | null; progress: Progress }) {
    this.batch = batch;
    this.#executable = executable;
    this.#optimizer = shared.optimizer;
    this.#progress = shared.progress;
    this.input = executable.port('input');
    this.logits = executable.port('logits');
    this.logitsGradient = executable.port('logits-gradient');
  }

  forward(seed: number, step: number): void {
    this.#controls = { ...NO_CONTROLS, seed, step };
    this.#progress.last = this;
    this.#executable.run('forward', this.#controls);
  }

  tap(name: string): Float32Array {
    return name === 'logits' ? this.logits : this.#executable.port(`tap:${name}`);
  }

  tapGradient(name: string): Float32Array {
    return name === 'logits' ? this.logitsGradient : this.#executable.port(`tap-gradient:${name}`);
  }

  backward(): void {
    if (this.#progress.last !== this) throw new Error('backward without a forward pass of the same step before it');
    this.#executable.run('backward', this.#controls);
  }

  get inputGradient(): Float32Array {
    return this.#executable.port('input-gradient');
  }

  update({ learningRate, weightDecay, averageDecay = 1 }: UpdateOptions): void {
    if (!this.#optimizer) throw new Error('update of a second pass: the first one does it');
    const updates = ++this.#progress.updates;
    this.#executable.run('update', {
      ...this.#controls,
      learningRate,
      weightDecay,
      averageStep: 1 - averageDecay,
      ...corrections(this.#optimizer, updates),
    });
  }
}
