import { afterAll, describe, expect, it } from 'vitest';
import { ACTIVATIONS, PRIMITIVES, type PrimitiveName } from '../../../src/ml/engines/primitives.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { nativeExecutor, nativeKernels } from '../../support/native.ts';
import { difference, runPrimitive } from '../../support/primitive.ts';
import { empty, type Call } from './calls/call.ts';
import { roundedConvolutions } from './calls/convolution.ts';
import { families } from './calls/families.ts';
import { reduceCall } from './calls/walk.ts';

const relaxed = new WasmExecutor({ threads: 3, memory: 2 ** 26 });
const plain = new WasmExecutor({ threads: 2, memory: 2 ** 26, build: 'simd' });
const natives = nativeKernels().map((kernels) => nativeExecutor({ threads: 3, memory: 2 ** 26, kernels })!);
const reference = new ReferenceExecutor();
const seen = new Set<PrimitiveName>();

afterAll(async () => {
  await Promise.all([relaxed.dispose(), plain.dispose(), ...natives.map((native) => native.dispose())]);
});

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

function check(calls: readonly Call[], tolerance: number): void {
  for (const call of calls) {
    seen.add(call.primitive);
    const expected = runPrimitive(reference, call);
    const alone = runPrimitive(relaxed, call, 1);
    const together = runPrimitive(relaxed, call, 3);
    const compiled = [1, 3].flatMap((threads) => natives.map((native) => runPrimitive(native, call, threads)));
    const simple = runPrimitive(plain, call, 1);
    const pair = runPrimitive(plain, call, 2);
    for (const name of Object.keys(expected)) {
      if (call.scratch?.includes(name)) continue;
      const what = `${name} of ${call.primitive} ${JSON.stringify(call.numbers)}`;
      expect(difference(alone[name]!, expected[name]!), what).toBeLessThan(tolerance);
      for (const one of compiled) expect(sameBits(one[name]!, alone[name]!), `${what}, native`).toBe(true);
      expect(difference(simple[name]!, expected[name]!), `${what}, plain SIMD`).toBeLessThan(tolerance);
      expect(sameBits(together[name]!, alone[name]!), `${what}, three threads`).toBe(true);
      expect(sameBits(pair[name]!, simple[name]!), `${what}, plain SIMD, two threads`).toBe(true);
    }
  }
}

describe.each(Object.entries(families))(
  'wasm %s agree with the reference, and with themselves on any threads',
  (_, cases) => {
    it.each(cases)('$title', ({ calls, tolerance }) => check(calls(), tolerance));
  },
);

/** Executors that compute with bfloat16: AVX-512 BF16. */
const halves = natives.filter(({ target }) => target.bfloat16);
const skipped = halves.length > 0 ? '' : 'SKIPPED, as this processor has no AVX-512 BF16: ';

describe.skipIf(halves.length === 0)(
  `${skipped}native convolutions of factors in bfloat16 agree with the reference, and with themselves on any threads`,
  () => {
    it.each(roundedConvolutions)('$title', ({ calls, tolerance }) => {
      for (const call of calls()) {
        const expected = runPrimitive(reference, call);
        for (const executor of halves) {
          const [alone, ...others] = [1, 2, 3].map((threads) => runPrimitive(executor, call, threads));
          for (const name of Object.keys(expected)) {
            if (call.scratch?.includes(name)) continue;
            const what = `${name} of ${call.primitive} ${JSON.stringify(call.numbers)}`;
            expect(difference(alone![name]!, expected[name]!), what).toBeLessThan(tolerance);
            for (const other of others) expect(sameBits(other[name]!, alone![name]!), `${what}, threads`).toBe(true);
          }
        }
      }
    });

    it('let a NaN through, whatever its bits', () => {
      const [x, filter] = [new Float32Array(64).fill(1), new Float32Array(64).fill(1)];
      new Uint32Array(x.buffer)[11] = 0x7f800001; // which rounds to infinity as a number
      const numbers = { batch: 1, height: 8, width: 1, channels: 8, outHeight: 8, outWidth: 1, outChannels: 8 };
      const bare = { inputNorm: null, scale: null, shift: null, residual: null, transformed: null };
      const { y } = runPrimitive(halves[0]!, {
        primitive: 'conv',
        operands: { x, filter, ...bare, rounded: empty(32), y: empty(64) },
        numbers: { ...numbers, kernel: 1, stride: 1, padding: 0, inputActivation: 0, activation: 0, bfloat16: 1 },
      });
      expect([...y!].map((value, i) => (Number.isNaN(value) ? i : -1)).filter((i) => i >= 0)).toEqual(
        Array.from({ length: 8 }, (_, i) => 8 + i),
      );
    });
  },
);

describe('the table', () => {
  it('covers the whole table', () => {
    expect([...seen].sort()).toEqual(Object.keys(PRIMITIVES).sort());
  });
});

describe('activations', () => {
  it('let a NaN through, so that it reaches the loss', () => {
    const x = new Float32Array(8).fill(NaN);
    for (const executor of [relaxed, plain])
      for (const activation of Object.values(ACTIVATIONS)) {
        const call = {
          primitive: 'activation',
          operands: { x, y: empty(8) },
          numbers: { count: 8, activation },
        } as const;
        expect(runPrimitive(executor, call)['y']).toEqual(x);
      }
  });
});

describe('the largest of some results', () => {
  it('is NaN where one of them is', () => {
    for (const executor of [relaxed, plain, ...natives])
      for (const columns of [5, 700]) {
        const values = new Float32Array(3 * columns).fill(1);
        values[columns + 2] = NaN;
        const walk = { shape: [3, columns], inputs: [{ values, strides: [columns, 1] }] };
        const largest = (...reduced: readonly number[]): number[] => [
          ...runPrimitive(executor, reduceCall(walk, { reduced, largest: 1 }))['y']!,
        ];
        expect(largest(1)).toEqual([1, NaN, 1]);
        expect(largest(0)).toEqual(Array.from({ length: columns }, (_, c) => (c === 2 ? NaN : 1)));
        expect(largest(0, 1)).toEqual([NaN]);
      }
  });
});
