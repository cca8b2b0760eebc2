import { describe, expect, it } from 'vitest';
import { folderDigest, sha256 } from '../../src/fingerprint/digest.ts';
import { manifestText, outputDigest, parseManifest, storedOutput } from '../../src/store/manifest.ts';
import type { Manifest } from '../../src/store/store.ts';
import { draftManifest, keyOf } from './stored.ts';

const key = keyOf('student');
const files = [
  { path: 'data/a', size: 1, digest: sha256('a') },
  { path: 'data-b', size: 1, digest: sha256('b') },
  { path: 'out.txt', size: 3, digest: sha256('out') },
];
const data = folderDigest([{ path: 'a', digest: sha256('a') }]);
const manifest: Manifest = {
  ...draftManifest(key),
  format: 1,
  files,
  outputs: { out: { path: 'out.txt', digest: sha256('out') }, data: { path: 'data', digest: data } },
};
const text = manifestText(manifest);

describe('outputDigest', () => {
  it("is a file's own digest, or that of a folder's files with paths relative to it", () => {
    expect(outputDigest('out.txt', files)).toBe(sha256('out'));
    expect(outputDigest('data', files)).toBe(data);
    expect(outputDigest('.', files)).toBe(folderDigest(files));
    expect(outputDigest('empty', files)).toBe(folderDigest([]));
  });
});

describe('an output that stands for other files', () => {
  const usual = { 'x/y': sha256('y') };
  const output = storedOutput('data', data, usual);

  it('has their digest, and that of its own files beside it', () => {
    expect(output).toEqual({
      path: 'data',
      digest: folderDigest([{ path: 'x/y', digest: sha256('y') }]),
      files: data,
    });
    expect(storedOutput('data', data)).toEqual({ path: 'data', digest: data });
  });

  it('is read where its own files are what it says, and only there', () => {
    const read = (files: string) =>
      parseManifest(manifestText({ ...manifest, outputs: { data: { ...output, files } } }), key)?.outputs['data'];
    expect(read(data)).toEqual(output);
    expect(read(output.digest)).toBeUndefined();
  });
});

describe('parseManifest', () => {
  it('reads what was written', () => {
    expect(parseManifest(text, key)).toEqual(manifest);
  });

  it('reads no manifest that is cut off, wherever', () => {
    const whole = text.trimEnd();
    for (let length = 0; length < whole.length; length++)
      expect(parseManifest(whole.slice(0, length), key)).toBeUndefined();
  });

  it('reads no manifest that contradicts itself in any digest', () => {
    for (const digest of [sha256('a'), sha256('out'), data]) {
      const at = text.indexOf(digest) + 10;
      const flipped = text[at] === '0' ? '1' : '0';
      expect(parseManifest(text.slice(0, at) + flipped + text.slice(at + 1), key)).toBeUndefined();
    }
  });

  it.each(['../a', '/etc/passwd', 'data/../../a', 'data//a', './a', '..', ''])(
    'reads no manifest with the path %j',
    (path) => {
      const outside = [{ path, size: 1, digest: sha256('a') }];
      const outputs = { out: { path, digest: outputDigest(path, []) } };
      const draft = { ...draftManifest(key), format: 1 };
      expect(parseManifest(manifestText({ ...draft, files: outside, outputs: {} }), key)).toBeUndefined();
      expect(parseManifest(manifestText({ ...draft, files: [], outputs }), key)).toBeUndefined();
      expect(
        parseManifest(manifestText({ ...draft, files: [], emptyFolders: [path], outputs: {} }), key),
      ).toBeUndefined();
      expect(parseManifest(manifestText({ ...draft, files: [], outputs: {} }), key)).toBeDefined();
    },
  );

  it.each<[string, unknown]>([
    ['of another key', { ...manifest, key: keyOf('other') }],
    ['of another format', { ...manifest, format: 2 }],
    ['without files', { ...manifest, files: undefined }],
    ['with files that are none', { ...manifest, files: [{ path: 'a' }] }],
    ['with an empty file list, but outputs', { ...manifest, files: [] }],
    ['without outputs', { ...manifest, outputs: undefined }],
    ['with outputs that are none', { ...manifest, outputs: { out: 'out.txt' } }],
    ['without parameters', { ...manifest, params: undefined }],
    ['with a time that is none', { ...manifest, seconds: '1.5' }],
    ['with inputs that are none', { ...manifest, inputs: [{ name: 'data' }] }],
    ['with a log that is none', { ...manifest, tail: [7] }],
    ['that is a list', [manifest]],
    ['that is null', null],
  ])('reads no manifest %s', (_, value) => {
    expect(parseManifest(JSON.stringify(value), key)).toBeUndefined();
  });
});
