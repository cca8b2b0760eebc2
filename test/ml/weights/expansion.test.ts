import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import { openCheckpoint } from '../../../src/ml/weights/read-checkpoint.ts';
import { readTensors } from '../../../src/ml/weights/read-tensors.ts';
import { stateDictsIn } from '../../../src/ml/weights/state-dicts.ts';
import type { StoredTensor } from '../../../src/ml/weights/tensor-file.ts';

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];
const int = (value: number): number[] => [0x4a, ...new Uint8Array(Int32Array.of(value).buffer)];
const text = (value: string): number[] => [0x8c, value.length, ...ascii(value)];
const tuple = (values: readonly number[]): number[] => [0x28, ...values.flatMap(int), 0x74];

/** A pickle that makes a tensor over storage 0, which has `length` floats. */
function tensor(shape: readonly number[], strides: readonly number[], { type = 'FloatStorage', length = 4 } = {}) {
  const storage = [...ascii(`(U\x07storagectorch\n${type}\n`), ...text('0'), ...text('cpu'), ...int(length)];
  return [
    ...ascii('ctorch._utils\n_rebuild_tensor_v2\n('),
    ...[...storage, ...ascii('tQ'), ...int(0), ...tuple(shape), ...tuple(strides), 0x89, 0x7d],
    ...ascii('tR'),
  ];
}

/** A file of torch.save that holds tensors by name. */
function torchFile(tensors: Readonly<Record<string, readonly number[]>>, bytes = 16): Uint8Array {
  const items = Object.entries(tensors).flatMap(([name, made]) => [...text(name), ...made, ...ascii('s')]);
  const pickle = Uint8Array.from([0x7d, ...items, ...ascii('.')]);
  return zipSync({ 'w/data.pkl': pickle, 'w/data/0': new Uint8Array(bytes) }, { level: 0 });
}

/** A .safetensors file of one tensor without values. */
function safeFile(dtype: string, shape: readonly number[], bytes = 0): Uint8Array {
  const header = Buffer.from(JSON.stringify({ w: { dtype, shape, data_offsets: [0, bytes] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(bytes)]);
}

/** All tensors of a file, as they are taken out of it. */
function tensorsIn(bytes: Uint8Array): ReadonlyMap<string, StoredTensor> {
  const checkpoint = openCheckpoint(bytes, 'w');
  return readTensors(stateDictsIn(checkpoint.content)[0]?.tensors ?? new Map(), checkpoint, 'w');
}

function failureOf(bytes: Uint8Array): Failure | undefined {
  try {
    tensorsIn(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
}

/** A huge axis beside an empty one, in any order. */
const huge = 2 ** 30;
const dense = (axes: number): number[] => new Array<number>(axes).fill(1);

describe('a tensor without elements', () => {
  it.each([
    ['.safetensors', safeFile('F16', [huge, huge, 0])],
    ['.safetensors of counters', safeFile('I64', [0, huge, huge])],
    ['more elements than a number can be, but for the empty axis', safeFile('F16', [...dense(62).fill(huge), 0])],
    ['torch.save', torchFile({ w: tensor([huge, 0], [7, 3]) })],
    ['torch.save, of halves', torchFile({ w: tensor([huge, huge, 0], [1, 1, 1], { type: 'HalfStorage' }) })],
  ])('is not walked, however long its other axes are: %s', (_, bytes) => {
    expect(tensorsIn(bytes).get('w')?.values).toHaveLength(0);
  });
});

describe('the axes of a tensor', () => {
  it.each<[string, (axes: number) => Uint8Array]>([
    ['.safetensors', (axes) => safeFile('F16', dense(axes), 2)],
    ['torch.save', (axes) => torchFile({ w: tensor(dense(axes), new Array<number>(axes).fill(3)) })],
  ])('are at most 64, as in PyTorch: %s', (_, fileWith) => {
    expect(tensorsIn(fileWith(64)).get('w')?.values).toHaveLength(1);
    expect(failureOf(fileWith(65))?.code).toBe('damaged-weights');
    expect(failureOf(fileWith(20_000))?.code).toBe('damaged-weights');
  });

  it('are walked row by row whatever their strides', () => {
    const made = tensorsIn(torchFile({ w: tensor([2, 1, 2], [1, 9, 2], { type: 'LongStorage' }) }, 32)).get('w');
    expect(made?.shape).toEqual([2, 1, 2]);
    expect(made?.values).toHaveLength(4);
  });
});

describe('what a small file expands to', () => {
  it('is bounded where tensors look at one storage', () => {
    const shared = (count: number): Uint8Array =>
      torchFile(
        Object.fromEntries(
          Array.from({ length: count }, (_, at) => [`t${at}`, tensor([1024], [1], { length: 1024 })] as const),
        ),
        4096,
      );
    expect(tensorsIn(shared(2)).size).toBe(2);
    expect(failureOf(shared(300))).toMatchObject({
      code: 'damaged-weights',
      message: `w has ${shared(300).length} bytes, of which its tensors would be ${300 * 4096}`,
    });
  });

  it('is bounded where parts of an archive lie over each other', () => {
    const good = Buffer.from(torchFile({ w: tensor([4], [1]) }, 60_000));
    const end = good.length - 22;
    const directory = good.subarray(good.readUInt32LE(end + 16), end);
    const tail = Buffer.from(good.subarray(end));
    const copies = 1000;
    for (const at of [8, 10]) tail.writeUInt16LE(2 + 2 * copies, at);
    tail.writeUInt32LE(directory.length * (copies + 1), 12);
    const forged = Buffer.concat([good.subarray(0, end), ...new Array<Buffer>(copies).fill(directory), tail]);
    expect(failureOf(good)).toBeUndefined();
    expect(failureOf(forged)?.message).toBe('w is no whole zip archive: its parts overlap');
  });

  it('is bounded where mappings are copied from one list', () => {
    const pairs = [
      ...ascii(']('),
      ...Array.from({ length: 200 }, () => [...text('k'), 0x4e, 0x86]).flat(),
      ...ascii('e'),
    ];
    const copies = Array.from({ length: 5000 }, () => [...ascii('h\x01h\x00\x85R0')]).flat();
    const pickle = [...pairs, ...ascii('q\x000ccollections\nOrderedDict\nq\x010'), ...copies, ...ascii('}.')];
    const bytes = zipSync({ 'w/data.pkl': Uint8Array.from(pickle) }, { level: 0 });
    expect(failureOf(bytes)?.message).toBe('w has a pickle that copies one list many times');
  });

  it('is bounded where a file is nothing but beginnings of lists', () => {
    const pickle = new Uint8Array(1_300_000).fill(0x5d);
    expect(failureOf(zipSync({ 'w/data.pkl': pickle }, { level: 0 }))?.message).toMatch(/^w takes more than \d+ steps/);
  });
});
