import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { decodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import type { TensorFile } from '../../../src/ml/weights/tensor-file.ts';
import { stateDictsIn } from '../../../src/ml/weights/state-dicts.ts';
import { isTorchFile, openTorchFile } from '../../../src/ml/weights/torch-file.ts';

const folder = new URL('../../fixtures/torch/files/', import.meta.url);
const bytesOf = (name: string): Uint8Array => readFileSync(new URL(name, folder));

interface Shown {
  readonly shape: readonly number[];
  readonly values: readonly string[];
}
/** What PyTorch says of its files. */
const expected = JSON.parse(bytesOf('values.json').toString()) as Readonly<
  Record<string, Readonly<Record<string, Shown>>>
>;

/** All tensors of the first state dict in a file, without DataParallel's prefix. */
function decodeTorchFile(bytes: Uint8Array, name: string): TensorFile {
  const [dict] = stateDictsIn(openTorchFile(bytes, name).content);
  return {
    tensors: new Map(
      [...(dict?.tensors ?? [])].map(([key, tensor]) => [key.replace(/^module\./, ''), tensor.read(key)]),
    ),
    metadata: {},
  };
}

/** Values as numbers: equal where all bits that count are. */
const shown = ({ tensors }: TensorFile) =>
  Object.fromEntries(
    [...tensors].map(([name, { shape, values }]) => [name, { shape, values: [...values].map(Number) }]),
  );

const numbers = (file: string) =>
  Object.fromEntries(
    Object.entries(expected[file] ?? {}).map(([name, { shape, values }]) => [
      name,
      { shape, values: values.map((text) => (text === '-inf' ? -Infinity : text === 'inf' ? Infinity : Number(text))) },
    ]),
  );

/** The failure of a file; undefined when it was read. Anything else that is thrown is a bug, and thrown on. */
function failureOf(bytes: Uint8Array) {
  try {
    decodeTorchFile(bytes, 'w.pth');
    return undefined;
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
}

/** A file of torch.save with any pickle in it. */
const archive = (pickle: Uint8Array | readonly number[], level: 0 | 9 = 0): Uint8Array =>
  zipSync({ 'w/data.pkl': Uint8Array.from(pickle), 'w/data/0': new Uint8Array(16) }, { level });
const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];

describe('a file of torch.save', () => {
  it.each(['zip.pth', 'legacy.pth', 'wrapped.pth', 'parameters.pth', 'views.pth', 'types.pth'])(
    'gives the tensors that PyTorch reads: %s',
    (name) => {
      const bytes = bytesOf(name);
      expect(isTorchFile(bytes)).toBe(true);
      const file = decodeTorchFile(bytes, name);
      expect(shown(file)).toEqual(numbers(name));
      expect([...file.tensors.keys()]).toEqual(Object.keys(expected[name] ?? {}));
    },
  );

  it('of halves, bfloats and doubles is what .safetensors of them is', () => {
    const safe = decodeSafetensors(bytesOf('types.safetensors'), 't');
    expect(shown(safe)).toEqual(numbers('types.pth'));
    expect(isTorchFile(bytesOf('types.safetensors'))).toBe(false);
  });
});

describe('of an untrusted file', () => {
  it.each([
    ['a whole module', bytesOf('module.pth'), 'torch.nn.modules.container.Sequential'],
    ['a command', archive(ascii("cos\nsystem\n(S'id'\ntR.")), 'os.system'],
    ['a call by another operation', archive([...ascii('\x8c\x02os\x8c\x06system\x93.')]), 'os.system'],
    ['a name of the language itself', archive(ascii('c__builtin__\neval\n.')), '__builtin__.eval'],
    ['a name of every object', archive(ascii('cconstructor\nprototype\n.')), 'constructor.prototype'],
  ])('%s is refused by name', (_, bytes, name) => {
    expect(failureOf(bytes)).toMatchObject({
      code: 'unsafe-weights',
      message: `w.pth asks for ${name}, which is no part of a state dict`,
      place: { file: 'w.pth' },
    });
  });

  it.each([
    ['a module as a function', archive(ascii('ctorch\nFloatStorage\n)R.')), 'calls the class of a storage'],
    ['nothing', archive([]), 'ends too early'],
    ['a list', archive(ascii('].')), 'holds no state dict'],
    ['another persistent id', archive(ascii('K\x01Q.')), 'refers to something else than a storage'],
    ['a memo that is not there', archive(ascii('h\x07.')), 'without its memo 7'],
    ['a text longer than the file', archive(ascii('X\xff\xff\xff\x7fa.')), 'ends too early'],
    ['a compressed pickle', archive(bytesOf('zip.pth'), 9), 'was packed again: its data.pkl is compressed'],
    ['half an archive', bytesOf('zip.pth').subarray(0, 2000), 'is no whole zip archive'],
    ['half of the old form', bytesOf('legacy.pth').subarray(0, 1500), 'ends too early'],
  ])('%s is refused: it says what is wrong', (_, bytes, message) => {
    expect(failureOf(bytes)).toMatchObject({ code: 'damaged-weights', place: { file: 'w.pth' } });
    expect(failureOf(bytes)?.message).toContain(message);
  });

  it('no pickle at all is refused by what there is', () => {
    expect(failureOf(zipSync({ 'w/other': new Uint8Array(1) }, { level: 0 }))).toMatchObject({
      code: 'not-weights',
      message: 'w.pth is a zip archive of w/other',
    });
  });

  it('options that a trainer keeps beside the weights are dropped, not made', () => {
    const { content } = openTorchFile(bytesOf('namespace.pth'), 'w.pth');
    expect(content.get('args')).not.toHaveProperty('lr');
    expect(shown(decodeTorchFile(bytesOf('namespace.pth'), 'n'))).toEqual(numbers('zip.pth'));
  });

  it('numbers that are no floats are refused by their type', () => {
    expect(failureOf(bytesOf('bool.pth'))).toMatchObject({
      code: 'unsupported-dtype',
      message: 'w.pth: tensor mask is of torch.BoolStorage',
    });
  });

  it.each([
    ['beyond its storage', { offset: 1, size: 4, stride: 1 }],
    ['by steps beyond it', { offset: 0, size: 2, stride: 4 }],
    ['one value a million times', { offset: 0, size: 1_000_000, stride: 0 }],
  ])('a tensor that looks at %s is refused', (_, { offset, size, stride }) => {
    const int = (value: number): number[] => [0x4a, ...new Uint8Array(Int32Array.of(value).buffer)];
    const text = (value: string): number[] => [0x8c, value.length, ...ascii(value)];
    const storage = [
      ...ascii('(U\x07storagectorch\nFloatStorage\n'),
      ...text('0'),
      ...text('cpu'),
      ...int(4),
      ...ascii('tQ'),
    ];
    const tensor = [
      ...ascii('ctorch._utils\n_rebuild_tensor_v2\n('),
      ...[...storage, ...int(offset), ...int(size), 0x85, ...int(stride), 0x85],
      ...[0x89, 0x7d, ...ascii('tR')],
    ];
    const bytes = archive([0x7d, ...text('w'), ...tensor, ...ascii('s.')]);
    expect(failureOf(bytes)?.message).toBe('w.pth has a tensor w that reaches beyond its storage');
  });

  it.each(['zip.pth', 'legacy.pth', 'wrapped.pth'])(
    'any damaged form of %s gives tensors or a failure, and nothing larger than the file',
    (name) => {
      const good = bytesOf(name);
      fc.assert(
        fc.property(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), (position, value) => {
          const bytes = Uint8Array.from(good);
          bytes[position] = value;
          try {
            for (const { values } of decodeTorchFile(bytes, name).tensors.values())
              expect(values.byteLength).toBeLessThanOrEqual(good.length);
          } catch (error) {
            expect(error).toBeInstanceOf(FailureError);
          }
        }),
        { numRuns: 500, seed: 1 },
      );
    },
  );
});
