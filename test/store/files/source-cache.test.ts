import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/fingerprint/digest.ts';
import {
  CacheRows,
  forgetSourceCaches,
  isUnchanged,
  readSourceCache,
  rememberStats,
  writeSourceCache,
  type Remembered,
} from '../../../src/store/files/source-cache.ts';
import { temporaryFolder } from '../stored.ts';

const digest = sha256('content');
const now = 1_800_000_000_000;
/** The state of a file, as far as anybody looks at it. */
const state = (change: Partial<Stats> = {}): Stats =>
  ({ size: 7, mtimeMs: now - 60_000, ctimeMs: now - 50_000, ino: 42, ...change }) as Stats;
const known = rememberStats(state(), digest, now);

/** The rows of these files. */
function rowsOf(files: readonly (readonly [path: string, known: Remembered])[]): CacheRows {
  const rows = new CacheRows();
  for (const [path, of] of files) rows.add(path, of);
  return rows;
}

describe('a remembered digest', () => {
  it('is right while nothing about the file has changed', () => {
    expect(known).toEqual({ size: 7, modified: now - 60_000, changed: now - 50_000, inode: 42, digest, trusted: true });
    expect(isUnchanged(known, state())).toBe(true);
  });

  it.each([
    ['the size', { size: 8 }],
    ['the time of the last change of content', { mtimeMs: now - 60_000.5 }],
    ['the time of the last change of the inode, which nobody can set back', { ctimeMs: now - 49_999 }],
    ['the inode: another file was moved there', { ino: 43 }],
  ])('is not believed when one thing differs: %s', (_, change) => {
    expect(isUnchanged(known, state(change))).toBe(false);
  });

  it.each([
    [0, false],
    [2000, false],
    [2001, true],
    [-5000, false],
  ])('of a file that was changed %d ms before it was read is trusted: %s', (age, trusted) => {
    // Its content, or only its inode: content whose time was set back, too.
    for (const young of [state({ mtimeMs: now - age }), state({ ctimeMs: now - age, mtimeMs: now - 60_000 })]) {
      expect(rememberStats(young, digest, now).trusted).toBe(trusted);
      expect(isUnchanged(rememberStats(young, digest, now), young)).toBe(trusted);
    }
  });
});

describe('the cache of a source', () => {
  const source = '/data/birds';
  const other = { ...known, inode: 43, digest: sha256('other') };

  it('gives back what was trusted, bit for bit, and leaves out the rest', () => {
    const folder = join(temporaryFolder(), 'not/there/yet');
    const exact = { ...known, modified: 1_760_000_000_000.123 };
    const rows = rowsOf([
      ['a', exact],
      ['b/ü "x"', other],
      ['young', { ...known, trusted: false }],
    ]);
    writeSourceCache(folder, source, rows);
    expect([...readSourceCache(folder, source)]).toEqual([
      ['a', exact],
      ['b/ü "x"', other],
    ]);
  });

  it('tells what is remembered of paths in their order, whichever of them it knows', () => {
    const folder = temporaryFolder();
    const paths = Array.from({ length: 20_000 }, (_, k) => String(k).padStart(6, '0'));
    writeSourceCache(folder, source, rowsOf(paths.map((path, inode) => [path, { ...known, inode }])));
    const cache = readSourceCache(folder, source);
    expect(cache.size).toBe(20_000);
    const lookUp = cache.lookUp();
    for (const [asked, inode] of [
      ['', undefined],
      ['000000', 0],
      ['000000x', undefined],
      ['000007', 7],
      ['000008/a', undefined],
      ['019999', 19_999],
      ['z', undefined],
    ] as const)
      expect(lookUp(asked)?.inode).toBe(inode);
  });

  it('is one file a source, replaced as a whole, without drafts', () => {
    const folder = temporaryFolder();
    writeSourceCache(folder, source, rowsOf([['a', known]]));
    writeSourceCache(folder, source, rowsOf([['b', other]]));
    writeSourceCache(folder, '/data/others', rowsOf([['a', other]]));
    expect(Array.from(readSourceCache(folder, source), ([path]) => path)).toEqual(['b']);
    expect(readdirSync(folder)).toHaveLength(2);
    expect(readSourceCache(folder, '/data/unknown').size).toBe(0);
  });

  it('is empty once it is forgotten; what else lies in its folder stays', () => {
    const folder = temporaryFolder();
    forgetSourceCaches(join(folder, 'none'));
    writeSourceCache(folder, source, rowsOf([['a', known]]));
    mkdirSync(join(folder, 'listings'));
    forgetSourceCaches(folder);
    expect(readSourceCache(folder, source).size).toBe(0);
    expect(readdirSync(folder)).toEqual(['listings']);
  });

  it('is empty when any one byte of it is wrong, or its end is missing', () => {
    const folder = temporaryFolder();
    writeSourceCache(folder, source, rowsOf([['a', known]]));
    const file = join(folder, readdirSync(folder)[0] ?? '');
    const whole = readFileSync(file);
    const believed: number[] = [];
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 4;
      writeFileSync(file, damaged);
      // The byte between checksum and body is a line break that nobody reads.
      if (readSourceCache(folder, source).size && at !== 8) believed.push(at);
      writeFileSync(file, whole.subarray(0, at));
      if (readSourceCache(folder, source).size) believed.push(at);
    }
    expect(believed).toEqual([]);
  });

  it('that cannot be written is only missed', () => {
    const folder = join(temporaryFolder(), 'file');
    writeFileSync(folder, '');
    expect(() => writeSourceCache(folder, source, rowsOf([['a', known]]))).not.toThrow();
    expect(readSourceCache(folder, source).size).toBe(0);
  });

  it('knows the state of real files', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'content');
    utimesSync(file, 1e9, 1e9);
    const entry = rememberStats(statSync(file), digest, Date.now() + 10_000);
    expect(isUnchanged(entry, statSync(file))).toBe(true);
    writeFileSync(file, 'CONTENT');
    utimesSync(file, 1e9, 1e9);
    expect(isUnchanged(entry, statSync(file))).toBe(false);
  });
});
