import { Place, refOf } from './arrays.ts';
import type { EngineArray, ForwardStep, OptimizerSpec, StepOptions, TrainStep, UpdateOptions } from './engine.ts';
import type { Executable } from './executor.ts';
import type { Controls } from './primitives.ts';
import { locate, type Program, type Region, type Section } from './program.ts';

/** Of a program that draws and updates nothing. */
export const NO_CONTROLS: Controls = {
  seed: 0,
  step: 0,
  learningRate: 0,
  weightDecay: 0,
  biasCorrection1: 1,
  biasCorrection2Sqrt: 1,
  averageStep: 0,
};

/**
 * Tells steps apart.
 *
 * @param options - what a step is compiled for
 * @returns equal for options that one step serves
 */
export function stepKey(options: StepOptions): string {
  const { batch, average = false, secondPass = false, taps, images, outputs = {} } = options;
  const placed = (array: EngineArray | undefined): unknown => array && refOf(array);
  const places = Object.entries(outputs).map(([name, array]) => [name, placed(array)]);
  return JSON.stringify([batch, average, secondPass, [...taps].sort(), placed(images), places.sort()]);
}

/** A step's program in its memory. */
export class CompiledStep {
  readonly #executable: Executable;
  readonly #program: Program;
  readonly #region: Region;

  /**
   * @param executable - runs it
   * @param program - its program
   * @param region - the step's memory
   */
  constructor(executable: Executable, program: Program, region: Region) {
    this.#executable = executable;
    this.#program = program;
    this.#region = region;
  }

  run(section: Section, controls: Controls): void {
    this.#executable.run(section, controls);
  }

  /** The caller's view of a port. */
  port(name: string): Float32Array {
    return this.#executable.port(name);
  }

  /** Where a port lies. */
  place(name: string): Place {
    const port = this.#program.ports[name];
    if (!port) throw new Error(`the step was not compiled for ${name}`);
    const { region, offset } = locate(port.ref, this.#program, { step: this.#region });
    return new Place(region, offset, port.floats);
  }
}

/** Evaluation pass over one step. */
export class CompiledForward implements ForwardStep {
  readonly batch: number;
  readonly #step: CompiledStep;

  constructor(batch: number, step: CompiledStep) {
    this.batch = batch;
    this.#step = step;
  }

  get input(): Float32Array {
    return this.#step.port('input');
  }

  run(): void {
    this.#step.run('forward', NO_CONTROLS);
  }

  get logits(): Float32Array {
    return this.#step.port('logits');
  }

  tap(name: string): Float32Array {
    return name === 'logits' ? this.logits : this.#step.port(`tap:${name}`);
  }

  array(of: string): EngineArray {
    return this.#step.place(of);
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

/** Training step. */
export class CompiledTraining implements TrainStep {
  readonly batch: number;
  readonly #step: CompiledStep;
  readonly #optimizer: OptimizerSpec | null;
  readonly #progress: Progress;
  #controls = NO_CONTROLS;

  /** `optimizer` is null for a second pass, which updates nothing. */
  constructor(batch: number, step: CompiledStep, shared: { optimizer: OptimizerSpec | null; progress: Progress }) {
    this.batch = batch;
    this.#step = step;
    this.#optimizer = shared.optimizer;
    this.#progress = shared.progress;
  }

  get input(): Float32Array {
    return this.#step.port('input');
  }

  get logits(): Float32Array {
    return this.#step.port('logits');
  }

  get logitsGradient(): Float32Array {
    return this.#step.port('logits-gradient');
  }

  forward(seed: number, step: number): void {
    this.#controls = { ...NO_CONTROLS, seed, step };
    this.#progress.last = this;
    this.#step.run('forward', this.#controls);
  }

  tap(name: string): Float32Array {
    return name === 'logits' ? this.logits : this.#step.port(`tap:${name}`);
  }

  tapGradient(name: string): Float32Array {
    return name === 'logits' ? this.logitsGradient : this.#step.port(`tap-gradient:${name}`);
  }

  array(of: string): EngineArray {
    return this.#step.place(of);
  }

  backward(): void {
    if (this.#progress.last !== this) throw new Error('backward without a forward pass of the same step before it');
    this.#step.run('backward', this.#controls);
  }

  get inputGradient(): Float32Array {
    return this.#step.port('input-gradient');
  }

  update({ learningRate, weightDecay, averageDecay = 1 }: UpdateOptions): void {
    if (!this.#optimizer) throw new Error('update of a second pass: the first one does it');
    const updates = ++this.#progress.updates;
    this.#step.run('update', {
      ...this.#controls,
      learningRate,
      weightDecay,
      averageStep: 1 - averageDecay,
      ...corrections(this.#optimizer, updates),
    });
  }
}
