import { describe, expect, it, vi } from 'vitest';
import { lowerInference, lowerTraining } from '../../../../src/ml/engines/lower/lower.ts';
import { PRIMITIVES } from '../../../../src/ml/engines/primitives.ts';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import { compileKernels, kernelBuild, type KernelBuild } from '../../../../src/ml/engines/wasm/kernel-build.ts';
import { arrayProgram, runArrays } from '../../../../src/ml/engines/kernels/sample-arrays.ts';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';
import {
  SAMPLE_MEMORY,
  nearStates,
  runEverything,
  sameStates,
  sampleNetwork,
  trainABit,
} from '../../../../src/ml/engines/kernels/sample.ts';
import { KERNEL_TARGET } from '../../../../src/ml/engines/kernels/target.ts';
import { signed } from '../../../support/hashed.ts';

const plain = kernelBuild('simd');
const trained = (build: KernelBuild) =>
  trainABit(new WasmExecutor({ threads: 1, memory: SAMPLE_MEMORY, kernels: compileKernels(build) }), 1);

/** `f32x4.mul` of the plain build's bytes, made `f32x4.add`: each is two bytes of one value, so the module stays valid. */
function addingForMultiplying(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const spoilt = bytes.slice();
  for (let i = 0; i + 2 < spoilt.length; i++)
    if (spoilt[i] === 0xfd && spoilt[i + 1] === 0xe6 && spoilt[i + 2] === 0x01) spoilt[i + 1] = 0xe4;
  return spoilt;
}

describe('the sample', () => {
  it('has a use for every primitive but the rules of other optimisers, and reads through batch norms', () => {
    const options = { target: KERNEL_TARGET, batch: 4, taps: ['joined'] };
    const adamw = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
    const programs = [
      lowerInference(sampleNetwork(), options),
      lowerTraining(sampleNetwork(), options, adamw, { average: true }),
      arrayProgram(KERNEL_TARGET).program,
    ];
    const operations = programs.flatMap(({ sections }) => Object.values(sections).flat());
    const used = new Set(operations.map(({ primitive }) => primitive as string));
    expect(Object.keys(PRIMITIVES).filter((name) => !used.has(name))).toEqual(['sgd', 'rmsprop']);
    const through = operations.filter(({ operands }) => 'inputNorm' in operands && operands.inputNorm);
    expect(through.map(({ primitive }) => primitive)).toEqual([
      'conv',
      'depthwise',
      'depthwise-filter-gradient',
      'conv-filter-gradient',
    ]);
  });
});

describe('runArrays', () => {
  it('gives what the reference does', async () => {
    const values = (into: Float32Array): void => into.set(signed('values', into.length));
    const [reference, wasm] = [new ReferenceExecutor(), new WasmExecutor({ threads: 2, memory: SAMPLE_MEMORY })];
    const [expected, got] = [runArrays(reference, 1, values), runArrays(wasm, 2, values)];
    await wasm.dispose();
    expect([...got.keys()]).toEqual([...expected.keys()]);
    for (const [name, values] of expected) {
      const distance = values.map((value, i) => Math.abs(value - got.get(name)![i]!) / Math.max(1, Math.abs(value)));
      expect(Math.max(...distance), name).toBeLessThan(1e-5);
      expect(values.some(Boolean), name).toBe(true);
    }
  });
});

describe('runEverything', () => {
  it('runs every primitive', () => {
    const executor = new ReferenceExecutor();
    const compile = vi.spyOn(executor, 'compile');
    const values = runEverything(new CompiledEngine(executor), { threads: 1 });
    const operations = compile.mock.calls.flatMap(([{ sections }]) => Object.values(sections).flat());
    const names = new Set(operations.map(({ primitive }) => primitive));
    expect([...names].sort()).toEqual(Object.keys(PRIMITIVES).sort());
    expect(nearStates(values, values)).toBe(true);
  });

  it('gives values of which one that is far off, or no number, is noticed', () => {
    const values = runEverything(new CompiledEngine(new ReferenceExecutor()), { threads: 1 });
    const spoilt = (name: string, value: number) => {
      const other = values.get(name)!.slice();
      other[0] = value;
      return new Map([...values, [name, other]]);
    };
    for (const name of ['sgd logits', 'functions', 'table']) expect(nearStates(spoilt(name, 1e3), values)).toBe(false);
    expect(nearStates(spoilt('adamw logits', NaN), values)).toBe(false);
  });
});

describe('trainABit', () => {
  it('gives the same bits each time', async () => {
    const once = await trained(plain);
    expect(sameStates(once, await trained(plain))).toBe(true);
    expect([...once.keys()]).toEqual(
      expect.arrayContaining(['adamw logits', 'sgd head.weight', 'rmsprop head.weight', 'functions']),
    );
  });

  it('shows kernels that compute something else', async () => {
    const spoilt = { ...plain, bytes: addingForMultiplying(plain.bytes) };
    expect(sameStates(await trained(plain), await trained(spoilt))).toBe(false);
  });
});

describe('sameStates', () => {
  const state = (...values: readonly number[]) => new Map([['x', Float32Array.from(values)]]);
  it('wants every bit, every name and no value that is none', () => {
    expect(sameStates(state(1, 2), state(1, 2))).toBe(true);
    expect(sameStates(state(1, 2), state(1, 2 + 2 ** -22))).toBe(false);
    expect(sameStates(state(0), state(-0))).toBe(false);
    expect(sameStates(state(1), new Map([['y', Float32Array.of(1)]]))).toBe(false);
    expect(sameStates(state(1), new Map())).toBe(false);
    expect(sameStates(state(NaN), state(NaN))).toBe(false);
  });
});
