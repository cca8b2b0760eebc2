import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { entryPath, manifestName } from '../../src/store/layout.ts';
import { openStore } from '../../src/store/local.ts';
import { commit, keyOf, temporaryFolder } from './stored.ts';

const key = keyOf('student');
const files = { 'out.txt': 'hello', 'data/deep/x.bin': '12345', 'data/y': 'y' };
const outputs = { out: 'out.txt', data: 'data' };

/** A store with one entry, found once, so that its index knows the entry. */
async function stored() {
  const store = openStore(join(temporaryFolder(), 'store'));
  const entry = await commit(store, key, files, { outputs });
  expect(store.find(key)?.outputs).toEqual(entry.outputs);
  return { root: store.root, entry, index: join(store.root, '.index-2') };
}

/** Stores that know the entry in all the ways in which that is possible: in memory, from the index, not at all. */
async function knowing() {
  const { root, entry, index } = await stored();
  const remembering = openStore(root);
  remembering.find(key);
  const hinted = openStore(root);
  const stores = { remembering, hinted };
  return { root, entry, index, find: () => Object.values(stores).map((store) => store.find(key) !== undefined) };
}

function replaceByFile(path: string, text = ''): void {
  rmSync(path, { recursive: true });
  writeFileSync(path, text);
}

function replaceByFolder(path: string): void {
  rmSync(path, { recursive: true });
  mkdirSync(path);
}

describe('find', () => {
  it('answers from the index as it answers from the manifest', async () => {
    const { root, entry, index } = await stored();
    const hinted = openStore(root).find(key);
    rmSync(index);
    const read = openStore(root).find(key);
    expect(hinted?.outputs).toEqual(entry.outputs);
    expect(read?.outputs).toEqual(entry.outputs);
    expect(hinted?.manifest()).toEqual(read?.manifest());
  });

  it('adds one line a key to the index, however often it is found', async () => {
    const { root, index } = await stored();
    const size = statSync(index).size;
    for (let times = 0; times < 5; times++) openStore(root).find(key);
    expect(statSync(index).size).toBe(size);
  });

  it('finds what another process committed meanwhile', async () => {
    const { root } = await stored();
    const [here, there] = [openStore(root), openStore(root)];
    here.find(key);
    await commit(there, keyOf('other'));
    expect(here.find(keyOf('other'))).toBeDefined();
  });

  it.each<[string, (entry: string) => void]>([
    ['a file is missing', (entry) => rmSync(join(entry, 'out.txt'))],
    ['a file deep below is missing', (entry) => rmSync(join(entry, 'data/deep/x.bin'))],
    ['a folder is missing', (entry) => rmSync(join(entry, 'data'), { recursive: true })],
    ['a file was renamed', (entry) => renameSync(join(entry, 'data/y'), join(entry, 'data/z'))],
    ['the manifest is missing', (entry) => rmSync(join(entry, manifestName))],
    ['the manifest is empty', (entry) => writeFileSync(join(entry, manifestName), '')],
    ['everything is missing', (entry) => rmSync(entry, { recursive: true })],
    ['its folder is empty', replaceByFolder],
    ['its folder is a file', replaceByFile],
    ['a folder in it is a file', (entry) => replaceByFile(join(entry, 'data'))],
    ['the manifest is a folder', (entry) => replaceByFolder(join(entry, manifestName))],
  ])('does not find an entry when %s', async (_, damage) => {
    const { entry, find } = await knowing();
    expect(find()).toEqual([true, true]);
    damage(entry.path);
    expect(find()).toEqual([false, false]);
    expect(openStore(join(entry.path, '../..')).find(key)).toBeUndefined();
  });

  it.each<[string, (file: string) => void]>([
    ['is empty', (file) => writeFileSync(file, '')],
    ['has grown', (file) => appendFileSync(file, '6')],
    ['has other bytes', (file) => writeFileSync(file, '54321')],
    ['is another file', (file) => replaceByFile(file, '54321')],
  ])('does not find an entry a file of which, deep below, %s, nor is its seal intact', async (_, damage) => {
    const { root, entry, find } = await knowing();
    const file = join(entry.path, 'data/deep/x.bin');
    const store = openStore(root);
    store.find(key);
    const seal = store.seal([key]);
    if (!seal) throw new Error('there is no seal');
    expect(store.isIntact(seal)).toBe(true);
    chmodSync(file, 0o644);
    damage(file);
    expect(store.isIntact(seal)).toBe(false);
    expect(find()).toEqual([false, false]);
  });

  it('finds an entry whose file was written anew with what it held', async () => {
    const { root, entry, find, index } = await knowing();
    const file = join(entry.path, 'data/y');
    rmSync(file);
    writeFileSync(file, 'y');
    expect(find()).toEqual([true, true]);
    // It is read once, not at every look.
    const { size } = statSync(index);
    expect(openStore(root).find(key)).toBeDefined();
    expect(statSync(index).size).toBe(size);
  });

  it('finds an entry again when it is mended', async () => {
    const { root, entry, find } = await knowing();
    const moved = join(root, 'moved');
    renameSync(entry.path, moved);
    expect(find()).toEqual([false, false]);
    renameSync(moved, entry.path);
    expect(find()).toEqual([true, true]);
  });

  it('finds entries in a store that was copied, although nothing of the index holds there', async () => {
    const { root, entry } = await stored();
    const copy = join(temporaryFolder(), 'copy');
    cpSync(root, copy, { recursive: true });
    expect(openStore(copy).find(key)?.outputs).toEqual(entry.outputs);
    expect(openStore(copy).find(key)?.path).toBe(entryPath(copy, key));
  });

  it('does not find the entry of another key', async () => {
    const { root, entry } = await stored();
    const other = keyOf('other');
    cpSync(entry.path, entryPath(root, other), { recursive: true });
    expect(openStore(root).find(other)).toBeUndefined();
  });

  it('notices another manifest of the same size and time in its place', async () => {
    const { root, entry } = await stored();
    const path = join(entry.path, manifestName);
    const { atime, mtime } = statSync(path);
    const changed = readFileSync(path, 'utf8').replace(sha256('hello'), sha256('HELLO'));
    writeFileSync(`${path}.new`, changed);
    utimesSync(`${path}.new`, atime, mtime);
    renameSync(`${path}.new`, path);
    expect(openStore(root).find(key)).toBeUndefined();
  });

  it('never finds an entry with a manifest that is cut off, wherever, whatever the index knows', async () => {
    const { root, entry } = await stored();
    const path = join(entry.path, manifestName);
    const text = readFileSync(path, 'utf8');
    const store = openStore(root);
    for (let length = 0; length < text.trimEnd().length; length++) {
      writeFileSync(path, text.slice(0, length));
      expect(store.find(key)).toBeUndefined();
      if (length % 50 === 0) expect(openStore(root).find(key)).toBeUndefined();
    }
    writeFileSync(path, text);
    expect(store.find(key)?.outputs).toEqual(entry.outputs);
  });

  it('gives the same answers with an index that is cut off, wherever, and mends it', async () => {
    const store = openStore(join(temporaryFolder(), 'store'));
    const entries = [];
    for (let at = 0; at < 3; at++) {
      entries.push(await commit(store, keyOf(at), { 'out.txt': `content ${at}` }));
      store.find(keyOf(at));
    }
    const index = join(store.root, '.index-2');
    const whole = readFileSync(index);
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(index, whole.subarray(0, length));
      for (let round = 0; round < 2; round++) {
        const found = openStore(store.root);
        for (const [at, entry] of entries.entries()) expect(found.find(keyOf(at))?.outputs).toEqual(entry.outputs);
        expect(found.find(keyOf('none'))).toBeUndefined();
      }
    }
  });

  it('gives the same answers with an index in which any one byte is wrong', async () => {
    const { root, entry, index } = await stored();
    const whole = readFileSync(index);
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      writeFileSync(index, damaged);
      expect(openStore(root).find(key)?.outputs).toEqual(entry.outputs);
    }
  });

  it('does not believe the index of another store', async () => {
    const [one, two] = [await stored(), await stored()];
    writeFileSync(join(two.entry.path, 'data/y'), 'Y');
    rmSync(join(two.entry.path, 'out.txt'));
    copyFileSync(one.index, two.index);
    expect(openStore(two.root).find(key)).toBeUndefined();
  });
});
