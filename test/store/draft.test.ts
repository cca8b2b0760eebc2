import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderDigest, sha256 } from '../../src/fingerprint/digest.ts';
import { draftPath, removeEntry } from '../../src/store/draft.ts';
import { entryPath } from '../../src/store/layout.ts';
import { openStore } from '../../src/store/local.ts';
import { verify } from '../../src/store/verify.ts';
import { commit, draftManifest, failureOf, keyOf, temporaryFolder, writeFiles } from './stored.ts';

const key = keyOf('student');
const open = () => openStore(join(temporaryFolder(), 'store'));

describe('the name of a draft', () => {
  it('tells the key, and is never given twice', () => {
    const names = Array.from({ length: 100 }, () => draftPath('/store', key));
    expect(new Set(names).size).toBe(100);
    for (const name of names) expect(name.startsWith(`/store/.drafts/${key}.${process.pid}.`)).toBe(true);
  });
});

describe('a commit', () => {
  it.each([
    [[], 'nothing'],
    [['b', 'a'], 'a, b'],
    [
      Array.from({ length: 13 }, (_, at) => `f${String(at).padStart(2, '0')}`),
      'f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, …',
    ],
  ])('without its output names what was made instead, at most twelve: %j', async (made, shown) => {
    const store = open();
    const files = Object.fromEntries(made.map((name) => [name, '']));
    const failure = await failureOf(() => commit(store, key, files, { outputs: { out: 'weights' } }));
    expect(failure?.message).toBe(`output out was not made: weights is missing; what was made: ${shown}`);
  });

  it.each<[string, (path: string) => void]>([
    ['an empty folder', (path) => mkdirSync(path, { recursive: true })],
    ['a folder without a manifest', (path) => writeFiles(path, { 'out.txt': 'half' })],
    [
      'a file',
      (path) => {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '');
      },
    ],
  ])('takes the place of %s that stands where its result belongs', async (_, litter) => {
    const store = open();
    litter(entryPath(store.root, key));
    await commit(store, key, { 'out.txt': 'whole' });
    expect(store.find(key)?.outputs['out']?.digest).toBe(sha256('whole'));
    expect(readdirSync(join(store.root, '.drafts'))).toEqual([]);
    for await (const problem of verify(store)) expect(problem).toBeUndefined();
  });

  it('says the same of its files as the bytes do, whatever a stage has written', async () => {
    const name = fc.constantFrom('a', 'B', 'ü', 'a.b', 'with blank', '-');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const anyFiles = fc.dictionary(path, fc.string({ maxLength: 20 }), { minKeys: 1, maxKeys: 6 }).filter((files) => {
      const paths = Object.keys(files);
      return !paths.some((one) => paths.some((other) => other.startsWith(`${one}/`)));
    });
    const store = open();
    let number = 0;
    await fc.assert(
      fc.asyncProperty(anyFiles, async (files) => {
        const own = keyOf(`property ${number++}`);
        const entry = await commit(store, own, files, { outputs: { all: '.' } });
        const listed = Object.entries(files).map(([at, text]) => ({
          ...{ path: at, size: Buffer.byteLength(text), digest: sha256(text) },
        }));
        expect(entry.outputs['all']?.digest).toBe(folderDigest(listed));
        const { files: kept } = entry.manifest();
        expect(kept).toEqual(listed.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
        for await (const problem of verify(store, [own])) expect(problem).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });

  it('of hard links holds files of its own: what is written to the others later does not change it', async () => {
    const store = open();
    const source = join(store.root, '..', 'source.bin');
    writeFileSync(source, 'source');
    const draft = await store.draft(key);
    linkSync(source, join(draft.path, 'out.txt'));
    linkSync(source, join(draft.path, 'twin'));
    symlinkSync('twin', join(draft.path, 'link'));
    const { path } = await draft.commit(draftManifest(key));
    writeFileSync(source, 'SOURCE');
    for (const name of ['out.txt', 'twin', 'link']) {
      expect(readFileSync(join(path, name), 'utf8')).toBe('source');
      expect(statSync(join(path, name))).toMatchObject({ nlink: 1 });
      expect(statSync(join(path, name)).mode & 0o222).toBe(0);
    }
    expect(lstatSync(join(path, 'link')).isSymbolicLink()).toBe(true);
    expect(statSync(source).mode & 0o200).toBe(0o200);
    expect(readdirSync(path).sort()).toEqual(['link', 'manifest.json', 'out.txt', 'twin']);
    for await (const problem of verify(store)) expect(problem).toBeUndefined();
  });

  it('that fails leaves the result that was there before', async () => {
    const store = open();
    await commit(store, key, { 'out.txt': 'old' });
    const draft = await store.draft(key);
    expect(await failureOf(() => draft.commit(draftManifest(key)))).toMatchObject({ code: 'missing-output' });
    expect(existsSync(draft.path)).toBe(false);
    expect(store.find(key)?.outputs['out']?.digest).toBe(sha256('old'));
  });
});

describe('removing a result', () => {
  it('that is not there does nothing, not even make a store', async () => {
    const store = open();
    await removeEntry(store.root, key);
    expect(store.keys()).toEqual([]);
    expect(existsSync(entryPath(store.root, key))).toBe(false);
  });

  it('takes all of it, also what does not belong to it, and leaves no grave', async () => {
    const store = open();
    const { path } = await commit(store, key);
    writeFiles(path, { 'planted/deep': '' });
    await removeEntry(store.root, key);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(join(store.root, '.drafts'))).toEqual([]);
  });
});
