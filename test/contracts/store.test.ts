import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderDigest, sha256 } from '../../src/fingerprint/digest.ts';
import { openStore } from '../../src/store/local.ts';
import type { Store } from '../../src/store/store.ts';
import {
  commit,
  draftManifest,
  failureOf,
  keyOf,
  never,
  temporaryFolder,
  unexpected,
  writeFiles,
} from '../store/stored.ts';

/** Everything that implements `Store`. */
const implementations: Readonly<Record<string, () => Store>> = {
  local: () => openStore(join(temporaryFolder(), 'runs/.store')),
};

describe.each(Object.entries(implementations))('store: %s', (_, open) => {
  const key = keyOf('student');
  let store: Store;
  beforeEach(() => {
    store = open();
  });

  it('finds nothing before something was committed', async () => {
    expect(store.find(key)).toBeUndefined();
    expect(store.keys()).toEqual([]);
    const draft = await store.draft(key);
    writeFiles(draft.path, { 'out.txt': 'x' });
    expect(store.find(key)).toBeUndefined();
    expect(store.keys()).toEqual([]);
  });

  it('finds what was committed, with its files and digests', async () => {
    const committed = await commit(store, key, { 'out.txt': 'hello' });
    const found = store.find(key);
    expect(found).toMatchObject({ key, outputs: { out: { path: 'out.txt', digest: sha256('hello') } } });
    expect(found?.path).toBe(committed.path);
    expect(found?.outputs).toEqual(committed.outputs);
    expect(readFileSync(join(found?.path ?? '', 'out.txt'), 'utf8')).toBe('hello');
    expect(store.keys()).toEqual([key]);
  });

  it('gives the manifest back, with every file', async () => {
    const files = { 'out.txt': 'hello', 'curves/loss.csv': '1\n', 'curves/deep/a': '' };
    const committed = await commit(store, key, files, { outputs: { out: 'out.txt', curves: 'curves', all: '.' } });
    const hello = { path: 'out.txt', size: 5, digest: sha256('hello') };
    const loss = { path: 'curves/loss.csv', size: 2, digest: sha256('1\n') };
    const deep = { path: 'curves/deep/a', size: 0, digest: sha256('') };
    const curves = folderDigest([
      { ...loss, path: 'loss.csv' },
      { ...deep, path: 'deep/a' },
    ]);
    const expected = {
      ...draftManifest(key),
      format: 1,
      files: [deep, loss, hello],
      outputs: {
        out: { path: 'out.txt', digest: hello.digest },
        curves: { path: 'curves', digest: curves },
        all: { path: '.', digest: folderDigest([hello, loss, deep]) },
      },
    };
    expect(committed.manifest()).toEqual(expected);
    expect(store.find(key)?.manifest()).toEqual(expected);
  });

  it('seals what was found, until something about it changes', async () => {
    await commit(store, key, { 'out.txt': 'hello', 'curves/loss.csv': '1' });
    store.find(key);
    const seal = store.seal([key]);
    expect(seal && store.isIntact(seal)).toBe(true);
    await commit(store, keyOf('other'), { 'out.txt': 'x' });
    expect(seal && store.isIntact(seal)).toBe(true);
    await store.remove(key);
    expect(seal && store.isIntact(seal)).toBe(false);
  });

  it('does not seal what was never found', async () => {
    await commit(store, key, { 'out.txt': 'hello' });
    store.find(key);
    expect(store.seal([key, keyOf('missing')])).toBeUndefined();
  });

  it('gives equal contents equal digests, whatever made them', async () => {
    const one = await commit(store, keyOf(1), { 'a/x': '1' }, { outputs: { out: 'a' } });
    const two = await commit(store, keyOf(2), { 'b/x': '1', other: '2' }, { outputs: { out: './b/' }, seconds: 9 });
    expect(one.outputs['out']?.digest).toBe(two.outputs['out']?.digest);
    expect(two.outputs['out']?.path).toBe('b');
  });

  it('takes an empty folder as an output', async () => {
    const draft = await store.draft(key);
    mkdirSync(join(draft.path, 'empty'));
    const entry = await draft.commit(draftManifest(key, { outputs: { out: 'empty' } }));
    expect(entry.outputs).toEqual({ out: { path: 'empty', digest: folderDigest([]) } });
    expect(store.find(key)?.outputs).toEqual(entry.outputs);
  });

  it('gives folders with other empty folders in them other digests', async () => {
    const made = async (name: string, ...empty: readonly string[]) => {
      const draft = await store.draft(keyOf(name));
      writeFileSync(join(draft.path, 'a'), '');
      for (const path of empty) mkdirSync(join(draft.path, path), { recursive: true });
      return draft.commit(draftManifest(keyOf(name), { outputs: { out: '.' } }));
    };
    const [none, one] = [await made('none'), await made('one', 'b/c')];
    expect(none.outputs['out']?.digest).toBe(folderDigest([{ path: 'a', digest: sha256('') }]));
    expect(one.outputs['out']?.digest).not.toBe(none.outputs['out']?.digest);
    expect(one.manifest().emptyFolders).toEqual(['b/c']);
    expect(store.find(keyOf('one'))?.outputs).toEqual(one.outputs);
  });

  it('keeps the first of two results that were made at the same time', async () => {
    const [first, second] = [await store.draft(key), await store.draft(key)];
    writeFiles(first.path, { 'out.txt': 'first' });
    writeFiles(second.path, { 'out.txt': 'second' });
    await first.commit(draftManifest(key));
    const kept = await second.commit(draftManifest(key));
    expect(kept.outputs['out']?.digest).toBe(sha256('first'));
    expect(store.find(key)?.outputs['out']?.digest).toBe(sha256('first'));
    expect(existsSync(second.path)).toBe(false);
  });

  it('commits no draft that a later one has fenced off, and leaves nothing of it', async () => {
    const old = await store.draft(key);
    writeFiles(old.path, { 'out.txt': 'old' });
    const other = await store.draft(keyOf('other'));
    writeFiles(other.path, { 'out.txt': 'other' });
    const next = await store.draft(key);
    await next.fence();
    expect(existsSync(old.path)).toBe(false);
    await expect(old.commit(draftManifest(key))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(store.find(key)).toBeUndefined();
    writeFiles(next.path, { 'out.txt': 'next' });
    expect((await next.commit(draftManifest(key))).outputs['out']?.digest).toBe(sha256('next'));
    expect((await other.commit(draftManifest(keyOf('other')))).outputs['out']?.digest).toBe(sha256('other'));
  });

  it('replaces a result when another is begun although it is there', async () => {
    await commit(store, key, { 'out.txt': 'old', 'more.txt': '' });
    await commit(store, key, { 'out.txt': 'new' });
    const found = store.find(key);
    expect(found?.outputs['out']?.digest).toBe(sha256('new'));
    expect(found?.manifest().files.map(({ path }) => path)).toEqual(['out.txt']);
    expect(existsSync(join(found?.path ?? '', 'more.txt'))).toBe(false);
  });

  it('refuses to commit without a declared output, says what was made instead, and keeps nothing', async () => {
    const draft = await store.draft(key);
    writeFiles(draft.path, { 'b.txt': '', 'a/c.txt': '' });
    const failure = await failureOf(() => draft.commit(draftManifest(key, { outputs: { weights: 'model.bin' } })));
    expect(failure).toMatchObject({ code: 'missing-output', expected: 'a file or folder model.bin' });
    expect(failure?.message).toBe('output weights was not made: model.bin is missing; what was made: a/c.txt, b.txt');
    expect(store.find(key)).toBeUndefined();
    expect(existsSync(draft.path)).toBe(false);
  });

  it.each(['../out.txt', '/etc/hosts', 'a/../../b'])('refuses an output that leaves the result: %s', async (path) => {
    const draft = await store.draft(key);
    const failure = await failureOf(() => draft.commit(draftManifest(key, { outputs: { out: path } })));
    expect(failure?.code).toBe('path-outside');
  });

  it('refuses a file with the name of the manifest, but allows it in a subfolder', async () => {
    const files = { 'out.txt': '', 'manifest.json': '{}' };
    expect(await failureOf(() => commit(store, key, files))).toMatchObject({ code: 'reserved-name' });
    await commit(store, key, { 'out.txt': '', 'data/manifest.json': '{}' });
    expect(store.find(key)).toBeDefined();
  });

  it('forgets a draft that is discarded', async () => {
    const draft = await store.draft(key);
    writeFiles(draft.path, { 'out.txt': 'x' });
    await draft.discard();
    await draft.discard();
    expect(existsSync(draft.path)).toBe(false);
    expect(store.find(key)).toBeUndefined();
  });

  it('keeps a tainted result for a look, but never finds it', async () => {
    const folders = [];
    for (const text of ['first', 'second']) {
      const draft = await store.draft(key);
      writeFiles(draft.path, { 'out.txt': text });
      folders.push(await draft.taint(draftManifest(key), ['root']));
      expect(existsSync(draft.path)).toBe(false);
    }
    const folder = folders.at(-1) ?? '';
    expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe('second');
    expect(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))).toMatchObject({ key, changed: ['root'] });
    expect(store.find(key)).toBeUndefined();
    expect(store.keys()).toEqual([]);
  });

  it('removes a result', async () => {
    const [other, entry] = [keyOf('other'), await commit(store, key)];
    await commit(store, other);
    await store.remove(key);
    await store.remove(key);
    expect(existsSync(entry.path)).toBe(false);
    expect(store.find(key)).toBeUndefined();
    expect(store.keys()).toEqual([other]);
    expect((await failureOf(() => entry.manifest()))?.code).toBe('lost-entry');
  });

  it('lists all keys, sorted', async () => {
    const keys = Array.from({ length: 20 }, (_none, at) => keyOf(at));
    await Promise.all(keys.map((one) => commit(store, one)));
    expect(store.keys()).toEqual(keys.toSorted());
  });

  it('gives each key a folder that lasts until it is cleared', async () => {
    const folder = await store.scratch(key);
    writeFileSync(join(folder, 'checkpoint'), '1');
    expect(await store.scratch(key)).toBe(folder);
    expect(await store.scratch(keyOf('other'))).not.toBe(folder);
    expect(readFileSync(join(folder, 'checkpoint'), 'utf8')).toBe('1');
    await store.clearScratch(key);
    await store.clearScratch(key);
    expect(existsSync(folder)).toBe(false);
  });

  it('lets one at a time hold a lock, and others wait', async () => {
    const first = await store.lock(key, never, unexpected);
    const holders: string[] = [];
    let released = false;
    const second = store.lock(key, never, (holder) => {
      holders.push(holder);
      released = true;
      void first.release();
    });
    await (await second).release();
    expect(released).toBe(true);
    expect(holders).toHaveLength(1);
    expect(holders[0]).toContain(String(process.pid));
  });

  it('does not make holders of different keys wait', async () => {
    const locks = await Promise.all([1, 2, 3].map((at) => store.lock(keyOf(at), never, unexpected)));
    for (const lock of locks) await lock.release();
  });

  it('ends waiting for a lock when its signal is aborted', async () => {
    const held = await store.lock(key, never, unexpected);
    const stop = new AbortController();
    const waiting = store.lock(key, stop.signal, () => stop.abort());
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await held.release();
    await expect(store.lock(key, stop.signal, unexpected)).rejects.toMatchObject({ name: 'AbortError' });
    await (await store.lock(key, never, unexpected)).release();
  });
});
