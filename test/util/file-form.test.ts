import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fileForm, zipForm } from '../../src/util/file-form.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('what a file is', () => {
  it.each<[string, string, Uint8Array]>([
    ['empty', 'empty', bytes('')],
    [
      'lfs',
      'a Git LFS pointer, which stands for a file that was not downloaded',
      bytes('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
    ],
    ['page', 'an HTML page', bytes('\r\n <!DOCTYPE html><html><head><title>404</title></head></html>\n')],
    ['page', 'an HTML page', bytes('<html lang="en">')],
    [
      'page',
      'an XML page: <?xml version="1.0"?><Error><Code>AccessDenied</Code></Error…',
      bytes('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>\n'),
    ],
    ['json', 'JSON text: {"error":"Repository not found"}', bytes('{"error":"Repository not found"}')],
    ['text', 'text: Invalid username or password.', bytes('Invalid username or password.')],
    ['text', 'text: métrique', Buffer.from('métrique')],
    ['gzip', 'a gzip archive', gzipSync('weights')],
    ['bzip2', 'a bzip2 archive', bytes('BZh91AY')],
    ['tar', 'a tar archive', Buffer.concat([Buffer.alloc(257), bytes('ustar\x0000')])],
    ['zip', 'a zip archive', bytes('PK\x03\x04')],
    ['hdf5', 'an HDF5 file, as Keras writes them', bytes('\x89HDF\r\n\x1a\n\x00')],
    ['numpy', 'an array of NumPy (.npy)', bytes('\x93NUMPY\x01\x00')],
    ['onnx', 'an ONNX model', bytes('\x08\x09\x12\x07pytorch\x1a\x05')],
    ['tflite', 'a TensorFlow Lite model', bytes('\x1c\x00\x00\x00TFL3')],
    ['gguf', 'a GGUF file, as llama.cpp reads them', bytes('GGUF\x03\x00\x00\x00')],
    ['picture', 'a JPEG picture', bytes('\xff\xd8\xff\xe0')],
  ])('is told by its bytes: %s, %s', (id, name, content) => {
    expect(fileForm(content)).toEqual({ id, name });
  });

  it('is left open where nothing is known of it', () => {
    expect(fileForm(Uint8Array.of(1, 2, 3, 0, 255))).toBeUndefined();
  });

  it('is told of text whose first kilobyte ends within a character', () => {
    expect(fileForm(Buffer.from(`a${'é'.repeat(1000)}`))?.id).toBe('text');
  });
});

describe('what a zip archive is', () => {
  it.each([
    ['numpy', ['a.npy', 'b.npy']],
    ['hdf5', ['metadata.json', 'config.json', 'model.weights.h5']],
    ['torchscript', ['m/data.pkl', 'm/code/__torch__.py', 'm/constants.pkl']],
    ['zip', ['weights/model.pth', 'a', 'b', 'c']],
    ['zip', []],
  ])('is told by the names in it: %s', (id, names) => {
    expect(zipForm(names).id).toBe(id);
  });
});
