import { describe, expect, it } from 'vitest';
import { recordBytes } from '../../../../src/ml/engines/kernel-constants.ts';
import { CONTROLS, numberType, PRIMITIVES, type PrimitiveDescription } from '../../../../src/ml/engines/primitives.ts';
import type { Operation, Ref } from '../../../../src/ml/engines/program.ts';
import { writeControls, writeRecords } from '../../../../src/ml/engines/kernels/records.ts';
import { CONTROLS as VALUES } from '../../../support/primitive.ts';

function wordsOf(count: number) {
  const buffer = new ArrayBuffer(4 * count);
  return { integers: new Int32Array(buffer), floats: new Float32Array(buffer) };
}

const at = (offset: number): Ref => ({ space: 'parameter', offset });

const RECORD_WORDS = recordBytes(4) / 4;

describe('writeRecords', () => {
  it('writes the primitive’s index, then addresses and numbers in the table’s order', () => {
    const operations: Operation[] = [
      { primitive: 'zero', operands: { y: at(7) }, numbers: { count: 11 } },
      {
        primitive: 'affine',
        operands: { x: at(1), scale: at(2), shift: at(3), residual: null, y: at(4) },
        numbers: { rows: 5, channels: 8, activation: 2 },
      },
      {
        primitive: 'dropout',
        operands: { x: at(1), y: at(2) },
        // Another order than the table's: names count, not places.
        numbers: { accumulate: 1, rate: 0.25, salt: -3, stride: 16, channels: 10, rows: 6 },
      },
    ];
    const words = wordsOf(3 * RECORD_WORDS);
    writeRecords(operations, words, 4, (ref) => 1000 + (ref.space === 'step' ? 0 : ref.offset));
    const index = (name: string): number => Object.keys(PRIMITIVES).indexOf(name);
    const row = (n: number, count: number): number[] => [
      ...words.integers.subarray(n * RECORD_WORDS, n * RECORD_WORDS + count),
    ];
    expect(row(0, 4)).toEqual([index('zero'), 1007, 11, 0]);
    expect(row(1, 9)).toEqual([index('affine'), 1001, 1002, 1003, 0, 1004, 5, 8, 2]);
    expect(row(2, 7)).toEqual([index('dropout'), 1001, 1002, 6, 10, 16, -3]);
    expect(words.floats[2 * RECORD_WORDS + 7]).toBe(0.25);
    expect(words.integers[2 * RECORD_WORDS + 8]).toBe(1);
  });

  it('keeps addresses beyond two gibibytes as the same 32 bits', () => {
    const words = wordsOf(RECORD_WORDS);
    writeRecords([{ primitive: 'zero', operands: { y: at(0) }, numbers: { count: 1 } }], words, 4, () => 0xf0000040);
    expect(words.integers[1]! >>> 0).toBe(0xf0000040);
  });

  it('takes two words for a pointer of 64 bits, the low one first, all of them aligned', () => {
    const words = wordsOf(recordBytes(8) / 4);
    const operation: Operation = {
      primitive: 'activation',
      operands: { x: at(1), y: at(2) },
      numbers: { count: 5, activation: 1 },
    };
    const address = 0x7fab_f000_0040;
    writeRecords([operation], words, 8, (ref) => address + (ref.space === 'step' ? 0 : ref.offset));
    const index = Object.keys(PRIMITIVES).indexOf('activation');
    const unsigned = [...words.integers.subarray(0, 8)].map((word) => word >>> 0);
    expect(unsigned).toEqual([index, 0, 0xf0000041, 0x7fab, 0xf0000042, 0x7fab, 5, 1]);
  });

  it('fills what is several up with zeros, and refuses too many', () => {
    const write = (shape: readonly number[], constants: readonly number[]) => {
      const words = wordsOf(RECORD_WORDS);
      words.integers.fill(-1);
      const walk = { shape, strides: [1, 2], instructions: 1, code: [9], constants, yStrides: [3] };
      const absent = { a: null, b: null, c: null, d: null, e: null, f: null };
      const operation: Operation = { primitive: 'elementwise', operands: { ...absent, y: at(5) }, numbers: walk };
      writeRecords([operation], words, 4, (ref) => (ref.space === 'step' ? 0 : ref.offset));
      return words;
    };
    const words = write([7, 8], [0.5, 0.25]);
    expect([...words.integers.subarray(1, 8)]).toEqual([0, 0, 0, 0, 0, 0, 5]);
    expect([...words.integers.subarray(8, 16)]).toEqual([7, 8, 0, 0, 0, 1, 2, 0]);
    expect([...words.integers.subarray(43, 46)]).toEqual([1, 9, 0]);
    expect([...words.floats.subarray(68, 71)]).toEqual([0.5, 0.25, 0]);
    expect([...words.integers.subarray(76, 81)]).toEqual([3, 0, 0, 0, 0]);
    expect(() => write([1, 2, 3, 4, 5, 6], [])).toThrow('an operation has 6 of shape, and room for 5');
  });

  it('has room for every row of the table', () => {
    for (const [name, { operands, numbers }] of Object.entries<PrimitiveDescription>(PRIMITIVES))
      for (const pointer of [4, 8] as const) {
        const words = Object.values(numbers).reduce((sum, type) => sum + numberType(type).length, 0);
        const bytes = pointer * (1 + Object.keys(operands).length) + 4 * words;
        expect(bytes, name).toBeLessThanOrEqual(recordBytes(pointer));
      }
  });
});

describe('writeControls', () => {
  it('writes integers and floats in the table’s order', () => {
    const names = Object.keys(CONTROLS);
    const words = wordsOf(names.length);
    writeControls(VALUES, words);
    expect([...words.integers.subarray(0, 2)]).toEqual([VALUES.seed, VALUES.step]);
    expect([...words.floats.subarray(2)]).toEqual(
      [
        VALUES.learningRate,
        VALUES.weightDecay,
        VALUES.biasCorrection1,
        VALUES.biasCorrection2Sqrt,
        VALUES.averageStep,
      ].map(Math.fround),
    );
  });
});
