import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import type { TensorFile } from '../../../src/ml/weights/tensor-file.ts';

/** A file with any bytes for a header. */
function forged(header: Uint8Array | string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** What reading gives: a file, or the code of the failure. Anything else that is thrown is a bug, and thrown on. */
function outcome(bytes: Uint8Array): TensorFile | string {
  try {
    return decodeSafetensors(bytes, 'hostile');
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const [failure] = error.failures;
    expect(failure).toMatchObject({ place: { file: 'hostile' } });
    expect(failure?.message.startsWith('hostile: ')).toBe(true);
    return failure?.code ?? '';
  }
}

/** Bytes that the tensors of a file hold. */
const heldBytes = ({ tensors }: TensorFile) =>
  [...tensors.values()].reduce((sum, { values }) => sum + values.byteLength, 0);

/** Whatever was read holds no more than the file did, and has as many values as its shapes say. */
function expectHonest(found: TensorFile | string, bytes: Uint8Array): void {
  if (typeof found === 'string') {
    expect(['damaged-weights', 'unsupported-dtype']).toContain(found);
    return;
  }
  expect(heldBytes(found)).toBeLessThanOrEqual(bytes.length);
  for (const { shape, values } of found.tensors.values())
    expect(values).toHaveLength(shape.reduce((product, size) => product * size, 1));
}

/** Entries that nearly fit: everything that a reader might trust, right and wrong. */
const entries = fc.record(
  {
    dtype: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('F32', 'I64') }, fc.jsonValue({ maxDepth: 2 })),
    shape: fc.oneof(
      { weight: 4, arbitrary: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }) },
      fc.array(fc.oneof(fc.double(), fc.maxSafeInteger()), { maxLength: 3 }),
      fc.jsonValue({ maxDepth: 2 }),
    ),
    data_offsets: fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.nat(8), fc.nat(16)).map((pair) => pair.map((value) => 4 * value)) },
      fc.array(fc.oneof(fc.double(), fc.maxSafeInteger()), { maxLength: 3 }),
      fc.jsonValue({ maxDepth: 2 }),
    ),
  },
  { requiredKeys: [] },
);

describe('a file from anywhere', () => {
  it('of any bytes at all is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expectHonest(outcome(bytes), bytes);
      }),
      { seed: 81, numRuns: 500 },
    );
  });

  it('with any bytes for a header is read, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 16 }), (header, data) => {
        const bytes = forged(header, data);
        expectHonest(outcome(bytes), bytes);
      }),
      { seed: 82, numRuns: 500 },
    );
  });

  it('with any JSON for a header is read, or refused', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (header, words) => {
        const bytes = forged(JSON.stringify(header), new Uint8Array(4 * words));
        expectHonest(outcome(bytes), bytes);
      }),
      { seed: 83, numRuns: 500 },
    );
  });

  it('with entries that nearly fit is read, or refused', () => {
    const headers = fc.dictionary(fc.string({ maxLength: 4 }), entries, { maxKeys: 4 });
    fc.assert(
      fc.property(headers, fc.nat(16), (header, words) => {
        const bytes = forged(JSON.stringify(header), new Uint8Array(4 * words));
        expectHonest(outcome(bytes), bytes);
      }),
      { seed: 84, numRuns: 1000 },
    );
  });

  it.each<[string, string]>([
    ['a mapping that cannot be made a text', '{"toString":1,"valueOf":1}'],
    ['a list as deep as the file is long', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['a number', '32'],
    ['null', 'null'],
  ])('whose dtype is %s is damaged', (_, dtype) => {
    const header = `{"a":{"dtype":${dtype},"shape":[1],"data_offsets":[0,4]}}`;
    expect(outcome(forged(header, new Uint8Array(4)))).toBe('damaged-weights');
  });

  it.each<[string, string]>([
    ['a shape', '{"a":{"dtype":"F32","shape":{"length":1,"0":1},"data_offsets":[0,4]}}'],
    ['offsets', '{"a":{"dtype":"F32","shape":[1],"data_offsets":{"length":2,"0":0,"1":4}}}'],
    ['an entry', '{"a":["F32",[1],[0,4]]}'],
    ['metadata', '{"__metadata__":["a","b"]}'],
    ['the header', '"a text"'],
  ])('with another kind of JSON for %s is damaged', (_, header) => {
    expect(outcome(forged(header, new Uint8Array(4)))).toBe('damaged-weights');
  });

  it.each([
    ['the largest one', 100_000_000n],
    ['one byte more than the largest one', 100_000_001n],
    ['all of the address space', 2n ** 64n - 1n],
  ])('that claims a header of %s, and has none, is refused without room for it', (_, claimed) => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigUInt64LE(claimed);
    const before = process.memoryUsage().arrayBuffers;
    expect(outcome(bytes)).toBe('damaged-weights');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it.each([
    ['more elements than there are bytes', '[1000000000000]'],
    ['a product beyond all numbers', `[${Array(40).fill(9007199254740991).join()}]`],
    ['a product that is 0 by one length', '[9007199254740991,0]'],
  ])('with a shape of %s is refused, or holds nothing', (_, shape) => {
    const bytes = forged(`{"a":{"dtype":"F32","shape":${shape},"data_offsets":[0,0]}}`);
    const found = outcome(bytes);
    if (typeof found === 'string') expect(found).toBe('damaged-weights');
    else expect(heldBytes(found)).toBe(0);
  });
});

describe('a good file', () => {
  const tensor = (values: readonly number[]) =>
    ({ dtype: 'F32', shape: [values.length], values: Float32Array.from(values) }) as const;
  const good = encodeSafetensors({
    tensors: new Map([
      ['a', tensor([1, 2])],
      ['b', tensor([3])],
    ]),
    metadata: { model: 'm' },
  });

  it('is refused when it ends anywhere before its end', () => {
    for (let length = 0; length < good.length; length++)
      expect(outcome(good.subarray(0, length)), `${length} bytes`).toBe('damaged-weights');
  });

  it('is refused when a byte is lost or doubled anywhere in its header', () => {
    for (let at = 8; at < good.length - 12; at++) {
      const [before, byte, after] = [good.subarray(0, at), good.subarray(at, at + 1), good.subarray(at + 1)];
      // A type that has lost a letter is a type that is not known.
      expect(outcome(Buffer.concat([before, after])), `without byte ${at}`).toBeTypeOf('string');
      expect(outcome(Buffer.concat([before, byte, byte, after])), `byte ${at} twice`).toBeTypeOf('string');
    }
  });

  it('starts its tensors at a multiple of eight bytes, so that readers may map them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (name) => {
        const bytes = encodeSafetensors({ tensors: new Map([[name, tensor([1])]]), metadata: {} });
        expect(Number(Buffer.from(bytes).readBigUInt64LE()) % 8).toBe(0);
        expect((bytes.length - 4) % 8).toBe(0);
      }),
      { seed: 85 },
    );
  });

  it('is written without its values being touched, from views into larger arrays too', () => {
    const all = Float32Array.from({ length: 9 }, (_, i) => i);
    const values = all.subarray(2, 5);
    const bytes = encodeSafetensors({ tensors: new Map([['v', { dtype: 'F32', shape: [3], values }]]), metadata: {} });
    expect(decodeSafetensors(bytes, 'v').tensors.get('v')?.values).toEqual(Float32Array.of(2, 3, 4));
    expect([...all]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('gives copies: what is read stays when the bytes are reused', () => {
    const bytes = Uint8Array.from(good);
    const { tensors } = decodeSafetensors(bytes, 'good');
    bytes.fill(255);
    expect([...tensors.get('a')!.values]).toEqual([1, 2]);
  });
});
