import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderDigest, sha256 } from '../../src/fingerprint/digest.ts';

const oracle = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');

describe('sha256', () => {
  it('gives the digests of FIPS 180-4', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('reads texts as UTF-8 and bytes as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(sha256(text)).toBe(oracle(text));
        expect(sha256(Buffer.from(text))).toBe(oracle(text));
      }),
    );
    expect(sha256(Uint8Array.of(0, 255))).toBe(oracle(Uint8Array.of(0, 255)));
  });
});

describe('folderDigest', () => {
  const a = { path: 'a.txt', digest: sha256('a') };
  const b = { path: 'b/c.txt', digest: sha256('c') };

  it('is the SHA-256 of the sorted list of paths and digests', () => {
    const expected = oracle(`[["a.txt","${a.digest}"],["b/c.txt","${b.digest}"]]`);
    expect(folderDigest([a, b])).toBe(expected);
    expect(folderDigest([b, a])).toBe(expected);
  });

  it('sorts by code units, whatever the locale says', () => {
    const files = ['B', 'a', 'Z', 'ä', '_', 'a/b', 'a.b'].map((path) => ({ path, digest: a.digest }));
    const paths = ['B', 'Z', '_', 'a', 'a.b', 'a/b', 'ä'];
    expect(folderDigest(files)).toBe(oracle(JSON.stringify(paths.map((path) => [path, a.digest]))));
  });

  it('changes with a name, with a content, and with a file more or less', () => {
    const digests = [[a, b], [a], [b], [], [{ ...a, path: 'A.txt' }, b], [{ ...a, digest: b.digest }, b]].map(
      folderDigest,
    );
    expect(new Set(digests).size).toBe(6);
  });

  it('does not confuse names that hold the separators of the list', () => {
    const one = [{ path: `a","${a.digest}"],["b`, digest: a.digest }];
    const two = [
      { path: 'a', digest: a.digest },
      { path: 'b', digest: a.digest },
    ];
    expect(folderDigest(one)).not.toBe(folderDigest(two));
  });
});
