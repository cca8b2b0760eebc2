import { describe, expect, it } from 'vitest';
import type { Executable } from '../../../src/ml/engines/executor.ts';
import type { Controls } from '../../../src/ml/engines/primitives.ts';
import type { Section } from '../../../src/ml/engines/program.ts';
import { CompiledStep, CompiledTraining, corrections, type Progress } from '../../../src/ml/engines/steps.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const RMSPROP = { name: 'rmsprop', alpha: 0.99, eps: 1e-8, momentum: 0.9 } as const;

/** A step that computes nothing and notes what it is told. */
function notes(): { readonly calls: [Section, Controls][]; readonly step: CompiledStep } {
  const calls: [Section, Controls][] = [];
  const executable: Executable = {
    run: (section, controls) => calls.push([section, controls]),
    ...{ port: () => new Float32Array(1), values: () => new Float32Array(1), dispose: () => undefined },
  };
  const program = {
    sections: { forward: [], backward: [], update: [] },
    ports: {},
    ...{ sizes: [], offsets: [], floats: 0, valueFloats: 0, portFloats: 0 },
  };
  return { calls, step: new CompiledStep(executable, program, { address: 0, floats: 0 }) };
}

describe('corrections', () => {
  it('are 1 − β₁ᵗ and √(1 − β₂ᵗ) for AdamW, and nothing for rules without them', () => {
    expect(corrections(ADAMW, 1).biasCorrection1).toBeCloseTo(0.1, 12);
    expect(corrections(ADAMW, 1).biasCorrection2Sqrt).toBeCloseTo(Math.sqrt(0.001), 12);
    expect(corrections(ADAMW, 3).biasCorrection1).toBeCloseTo(1 - 0.729, 12);
    expect(corrections(RMSPROP, 3)).toEqual({ biasCorrection1: 1, biasCorrection2Sqrt: 1 });
  });
});

describe('a training step', () => {
  it('tells every section the seed and step of its forward pass, and the update its numbers', () => {
    const { calls, step: noting } = notes();
    const progress: Progress = { updates: 6, last: null };
    const step = new CompiledTraining(2, noting, { optimizer: ADAMW, progress });
    step.forward(11, 42);
    step.backward();
    step.update({ learningRate: 0.5, weightDecay: 0.25, averageDecay: 0.75 });
    expect(calls.map(([section]) => section)).toEqual(['forward', 'backward', 'update']);
    for (const [, controls] of calls) expect(controls).toMatchObject({ seed: 11, step: 42 });
    expect(calls[2]![1]).toMatchObject({ learningRate: 0.5, weightDecay: 0.25, averageStep: 0.25 });
    expect(calls[2]![1].biasCorrection1).toBeCloseTo(1 - 0.9 ** 7, 12);
    expect(progress.updates).toBe(7);
  });

  it('leaves an average where it is unless it is told how fast to follow', () => {
    const { calls, step: noting } = notes();
    const step = new CompiledTraining(1, noting, { optimizer: RMSPROP, progress: { updates: 0, last: null } });
    step.update({ learningRate: 0.1, weightDecay: 0 });
    expect(calls[0]![1].averageStep).toBe(0);
  });
});
