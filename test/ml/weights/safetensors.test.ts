import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import type { StoredTensor } from '../../../src/ml/weights/tensor-file.ts';

/** Written by Hugging Face's package: test/reference/safetensors_file.py. */
const reference = readFileSync(new URL('../../fixtures/state-dict.safetensors', import.meta.url));

function f32(shape: readonly number[], values: readonly number[]): StoredTensor {
  return { dtype: 'F32', shape, values: Float32Array.from(values) };
}

/** The same content as in test/reference/safetensors_file.py. */
const content = {
  tensors: new Map<string, StoredTensor>([
    [
      'conv.weight',
      f32(
        [2, 3, 2, 2],
        Array.from({ length: 24 }, (_, i) => Math.fround(i / 7) - 1),
      ),
    ],
    ['bn.weight', f32([2], [1.5, -0.25])],
    ['bn.bias', f32([2], [0, 1e-30])],
    ['bn.running_mean', f32([2], [0.1, 3])],
    ['bn.running_var', f32([2], [0.9, 16777217])],
    ['bn.num_batches_tracked', { dtype: 'I64', shape: [], values: BigInt64Array.of(9007199254740993n) }],
    ['10', f32([3, 1], [1, 2, 3])],
    ['größe', f32([0, 4], [])],
  ]),
  metadata: { model: 'resnet8' },
};

function sorted(tensors: ReadonlyMap<string, StoredTensor>): [string, StoredTensor][] {
  return [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('a .safetensors file', () => {
  it('written by Hugging Face’s package is read with every bit', () => {
    const file = decodeSafetensors(reference, 'reference');
    expect(sorted(file.tensors)).toEqual(sorted(content.tensors));
    expect(file.metadata).toEqual({ model: 'resnet8' });
  });

  it('has the very bytes that Hugging Face’s package writes', () => {
    expect(Buffer.from(encodeSafetensors(content)).equals(reference)).toBe(true);
  });

  it('comes back as it was written, any bits and any names', () => {
    const tensor = fc.tuple(fc.array(fc.nat({ max: 3 }), { maxLength: 3 }), fc.nat()).map(([shape, seed]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const raw = Uint32Array.from({ length }, (_, i) => Math.imul(seed + i, 0x9e3779b1) & 0xff7fffff);
      return f32(shape, [...new Float32Array(raw.buffer)]);
    });
    const name = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => text !== '__metadata__');
    const texts = fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, tensor), { maxLength: 6 }), texts, (tensors, metadata) => {
        const file = { tensors: new Map(tensors), metadata };
        const back = decodeSafetensors(encodeSafetensors(file), 'written');
        expect(sorted(back.tensors)).toEqual(sorted(file.tensors));
        expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
      }),
    );
  });

  it('has the same bytes whatever the order in which tensors and metadata were given', () => {
    const metadata = { b: '1', a: '2' };
    const one = encodeSafetensors({ ...content, metadata });
    const tensors = new Map([...content.tensors].reverse());
    expect(encodeSafetensors({ tensors, metadata: { a: '2', b: '1' } })).toEqual(one);
  });

  it('is read from a view at an odd offset of a larger buffer', () => {
    const shifted = new Uint8Array(reference.length + 3);
    shifted.set(reference, 3);
    expect(decodeSafetensors(shifted.subarray(3), 'shifted').tensors.get('10')?.values).toEqual(
      Float32Array.of(1, 2, 3),
    );
  });

  it('is not written when a shape and its values differ', () => {
    const tensors = new Map([['w', f32([2, 2], [1, 2, 3])]]);
    expect(() => encodeSafetensors({ tensors, metadata: {} })).toThrow(new RangeError('w: 3 values for [2,2]'));
  });
});

/** A file with any header text and that many bytes of tensors. */
function forged(header: unknown, data = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(data)]);
}

const entry = (begin: number, end: number, more: object = {}): object => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...more,
});

describe('an untrusted .safetensors file is refused when it', () => {
  it.each<[string, Uint8Array, string]>([
    ['is empty', new Uint8Array(), 'has only 0 bytes'],
    ['claims a header of 2⁶³ bytes', Buffer.from('0000000000000080', 'hex'), 'more than 100000000'],
    ['ends inside its header', reference.subarray(0, 100), 'ends inside its header'],
    ['has a header that is not JSON', forged('{"a":'), 'not JSON'],
    ['has a header that is not UTF-8', Buffer.from('0100000000000000ff', 'hex'), 'not JSON'],
    ['has a list for a header', forged('[]'), 'no mapping'],
    ['ends inside its tensors', reference.subarray(0, reference.length - 1), 'bytes of tensors where its header says'],
    ['has bytes after its tensors', Buffer.concat([reference, Buffer.alloc(1)]), 'bytes of tensors where'],
    ['lets tensors overlap', forged({ a: entry(0, 8), b: entry(4, 12) }, 12), 'tensor b at byte 4 instead of 8'],
    ['leaves a hole', forged({ a: entry(0, 4), b: entry(8, 12) }, 12), 'tensor b at byte 8 instead of 4'],
    ['points beyond its end', forged({ a: entry(0, 8) }, 4), 'header says 8'],
    ['has a negative offset', forged({ a: entry(-4, 4) }, 4), 'tensor a without a valid'],
    ['has a fractional offset', forged({ a: entry(0, 0.5) }, 4), 'tensor a without a valid'],
    ['has a negative length', forged({ a: entry(0, 4, { shape: [-1, -1] }) }, 4), 'tensor a without a valid'],
    ['has a shape of more elements than bytes', forged({ a: entry(0, 4, { shape: [2] }) }, 4), '4 bytes for shape [2]'],
    ['has a shape that overflows', forged({ a: entry(0, 4, { shape: [2 ** 40, 2 ** 40] }) }, 4), '4 bytes for shape'],
    ['has a null for a tensor', forged({ a: null }), 'tensor a without a valid'],
    ['has a number in its metadata', forged({ __metadata__: { a: 1 } }), 'no mapping of texts'],
    [
      'names a tensor twice',
      forged(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
      'tensor a at byte 4 instead of 0',
    ],
  ])('%s', (_title, bytes, message) => {
    expect(failureOf(bytes)).toMatchObject({ code: 'damaged-weights', place: { file: 'w.safetensors' } });
    expect(failureOf(bytes).message).toContain(message);
  });

  it('holds another type of number', () => {
    const half = forged({ a: { dtype: 'F8_E4M3', shape: [4], data_offsets: [0, 4] } }, 4);
    expect(failureOf(half)).toMatchObject({
      code: 'unsupported-dtype',
      message: expect.stringContaining('F8_E4M3') as string,
    });
  });

  it('is any damaged form of a good one: nothing but a failure is thrown', () => {
    fc.assert(
      fc.property(fc.nat({ max: 600 }), fc.nat({ max: 255 }), (position, value) => {
        const bytes = Uint8Array.from(reference);
        bytes[position % bytes.length] = value;
        try {
          decodeSafetensors(bytes, 'w.safetensors');
        } catch (error) {
          expect(error).toBeInstanceOf(FailureError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has a tensor named __proto__: it is one like any other', () => {
    const file = decodeSafetensors(forged('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), 'w');
    expect([...file.tensors.keys()]).toEqual(['__proto__']);
  });
});

function failureOf(bytes: Uint8Array): FailureError['failures'][number] {
  try {
    decodeSafetensors(bytes, 'w.safetensors');
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0]!;
    throw error;
  }
  throw new Error('was read');
}
