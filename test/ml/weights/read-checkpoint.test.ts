import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import { encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import { FileTensor } from '../../../src/ml/weights/tensor-file.ts';
import { openCheckpoint, readCheckpoint } from '../../../src/ml/weights/read-checkpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'kdpipe-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** A new folder with files, and the path of the first of them. */
function written(files: Readonly<Record<string, string | Uint8Array>>): string {
  const place = join(folder, String(count++));
  mkdirSync(place);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(place, name), content);
  return join(place, Object.keys(files)[0] ?? '');
}

function failureOf(read: () => unknown): Failure | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
}

const fixture = new URL('../../fixtures/torch/', import.meta.url).pathname;
const tensorFile = (names: readonly string[]): Uint8Array =>
  encodeSafetensors({
    tensors: new Map(
      names.map((name, at) => [name, { dtype: 'F32', shape: [2], values: Float32Array.of(at, at + 0.5) }]),
    ),
    metadata: {},
  });

/** Values by name. */
const valuesIn = (content: ReadonlyMap<unknown, unknown>): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(
    [...content].flatMap(([name, tensor]) =>
      tensor instanceof FileTensor ? [[String(name), [...tensor.read(String(name)).values].map(Number)]] : [],
    ),
  );

describe('a file that is no file of weights', () => {
  it.each<[string, string | Uint8Array, string, RegExp]>([
    [
      'lfs.safetensors',
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n',
      'a Git LFS pointer',
      /git lfs pull/,
    ],
    ['page.pth', '<!DOCTYPE html><html></html>', 'an HTML page', /open its address/],
    ['error.pth', '{"error":"Not found"}', 'JSON text: {"error":"Not found"}', /open its address/],
    ['nothing.pth', '', 'empty', /download or export it again/],
    ['w.pth.gz', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1), 'a gzip archive', /unpack it/],
    ['w.zip', zipSync({ 'best/w.pth': new Uint8Array(3) }), 'a zip archive of best/w.pth', /unpack it/],
    ['w.onnx', '\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x03', 'an ONNX model', /state_dict/],
    ['w.h5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'an HDF5 file', /Keras/],
    [
      'w.raw',
      Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64, 0),
      'it begins with the bytes 00 00 80 3f 00 00 00 40',
      /name the file/,
    ],
  ])('is refused by what it is: %s', (name, content, says, fix) => {
    const failure = failureOf(() => readCheckpoint(written({ [name]: content }), name));
    expect(failure).toMatchObject({ code: 'not-weights', place: { file: name } });
    expect(failure?.message).toContain(says);
    expect(failure?.fix).toMatch(fix);
  });

  it.each([
    ['torchscript.pt', 'a TorchScript program', /torch\.jit\.load/],
    ['arrays.npz', 'arrays of NumPy', /safetensors\.numpy/],
  ])('is told by what is in its archive: %s', (name, says, fix) => {
    const failure = failureOf(() => readCheckpoint(`${fixture}checkpoints/${name}`, name));
    expect(failure).toMatchObject({ code: 'not-weights' });
    expect(failure?.message).toContain(says);
    expect(failure?.fix).toMatch(fix);
  });

  it('is a folder: the files in it that may be meant are named', () => {
    const path = written({ 'model.safetensors': tensorFile(['a']), 'config.json': '{}' });
    expect(failureOf(() => readCheckpoint(join(path, '..'), 'resnet'))).toMatchObject({
      code: 'not-weights',
      message: 'resnet is a folder',
      fix: 'name the file in it: resnet/model.safetensors',
    });
    expect(failureOf(() => readCheckpoint(join(written({ a: '' }), '..'), 'x'))?.fix).toContain('none of its files');
  });

  it('is not there', () => {
    expect(failureOf(() => readCheckpoint(join(folder, 'nothing'), 'nothing'))?.message).toBe(
      'there is no file nothing',
    );
  });
});

describe('sharded weights', () => {
  const index = (map: Readonly<Record<string, string>>): string =>
    JSON.stringify({ metadata: { total_size: 16 }, weight_map: map });

  it('are those of all shards, each from the one that the index says', () => {
    const path = written({
      'model.safetensors.index.json': index({ a: 'm-1.safetensors', c: 'm-2.safetensors', b: 'm-1.safetensors' }),
      'm-1.safetensors': tensorFile(['a', 'b']),
      'm-2.safetensors': tensorFile(['unused', 'c']),
    });
    expect(valuesIn(readCheckpoint(path, 'i').content)).toEqual({ a: [0, 0.5], b: [1, 1.5], c: [1, 1.5] });
  });

  it.each(['../secret.safetensors', '/etc/passwd', 'sub/m.safetensors', '..\\m.safetensors', '..'])(
    'stay in their folder: %s is refused',
    (shard) => {
      expect(failureOf(() => readCheckpoint(written({ 'i.index.json': index({ a: shard }) }), 'i'))).toMatchObject({
        code: 'damaged-weights',
        message: `i names a shard outside its folder: ${shard}`,
      });
    },
  );

  it('that lack a shard, or a tensor in one, are refused', () => {
    expect(failureOf(() => readCheckpoint(written({ i: index({ a: 'm.safetensors' }) }), 'i'))?.message).toBe(
      'i names m.safetensors, which is not beside it',
    );
    const files = { i: index({ b: 'm.safetensors' }), 'm.safetensors': tensorFile(['a']) };
    expect(failureOf(() => readCheckpoint(written(files), 'i'))?.message).toBe(
      'i puts b in m.safetensors, which lacks it',
    );
  });

  it('of which the index alone was fetched say so', () => {
    const failure = failureOf(() => openCheckpoint(Buffer.from(index({ a: 'm.safetensors' })), 'i'));
    expect(failure?.message).toBe('i is the index of sharded weights, and its shards are not beside it');
  });
});

describe('a .safetensors file', () => {
  const forged = (header: string, data: Uint8Array): Uint8Array => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
    return Buffer.concat([length, Buffer.from(header), data]);
  };

  it('is read where its metadata is null', () => {
    const header = '{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const { content, metadata } = openCheckpoint(forged(header, Buffer.from(Float32Array.of(3).buffer)), 'f');
    expect(valuesIn(content)).toEqual({ a: [3] });
    expect(metadata).toEqual({});
  });

  it('opens whatever types it holds, and refuses those that are no weights when they are read', () => {
    const header =
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[4,7]},"new":{"dtype":"F4","shape":[2],"data_offsets":[7,8]}}';
    const { content } = openCheckpoint(forged(header, Buffer.alloc(8)), 'f');
    expect([...content.keys()]).toEqual(['a', 'mask', 'new']);
    expect(failureOf(() => valuesIn(content))).toMatchObject({
      code: 'unsupported-dtype',
      message: 'f: tensor mask has dtype BOOL',
    });
  });

  it.each(['BOOL', 'F8_E4M3', 'U16'])('with fewer bytes than a tensor of %s takes is damaged', (dtype) => {
    const header = `{"a":{"dtype":"${dtype}","shape":[3],"data_offsets":[0,2]}}`;
    expect(failureOf(() => openCheckpoint(forged(header, Buffer.alloc(2)), 'f'))?.code).toBe('damaged-weights');
  });
});
