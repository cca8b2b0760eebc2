import {
  appendFileSync,
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { damageOf } from '../../src/store/damage.ts';
import { openStore } from '../../src/store/local.ts';
import type { Entry, Store } from '../../src/store/store.ts';
import { verify } from '../../src/store/verify.ts';
import { commit, draftManifest, keyOf, temporaryFolder } from './stored.ts';

const key = keyOf('data');
const files = { 'a.csv': '1,2,3', 'sub/b.csv': '4,5,6', __pycache__: 'kept by its stage' };
let store: Store;
let entry: Entry;
beforeEach(async () => {
  store = openStore(join(temporaryFolder(), '.store'));
  entry = await commit(store, key, files, { outputs: { out: '.' } });
});

/** Times have a grain: what is written at once after another file may have the same. */
async function tick(): Promise<void> {
  const probe = join(store.root, 'probe');
  const changed = () => {
    writeFileSync(probe, '');
    return statSync(probe).ctimeMs;
  };
  const first = changed();
  await expect.poll(changed, { interval: 1 }).toBeGreaterThan(first);
  rmSync(probe);
}

/** Overwrites a file where it lies, its rights and times as they were. */
function overwrite(path: string, text: string): void {
  const { mode, atime, mtime } = statSync(path);
  chmodSync(path, 0o644);
  writeFileSync(path, text);
  chmodSync(path, mode & 0o777);
  utimesSync(path, atime, mtime);
}

describe('a stored result', () => {
  it('is read-only where files are concerned, so that only who means to changes it', () => {
    for (const path of Object.keys(files)) expect(statSync(join(entry.path, path)).mode & 0o222).toBe(0);
    expect(statSync(join(entry.path, 'sub')).mode & 0o200).toBe(0o200);
  });

  it('keeps the right to be executed, and takes no rights from a file that has another name elsewhere', async () => {
    const draft = await store.draft(keyOf('tool'));
    writeFileSync(join(draft.path, 'out.txt'), '#!/bin/sh', { mode: 0o755 });
    const own = join(temporaryFolder(), 'own');
    writeFileSync(own, 'mine');
    linkSync(own, join(draft.path, 'linked'));
    const tool = await draft.commit(draftManifest(keyOf('tool')));
    expect(statSync(join(tool.path, 'out.txt')).mode & 0o777).toBe(0o555);
    expect(statSync(own).mode & 0o200).toBe(0o200);
  });

  it('is whole while nobody changes it, whatever Python or an editor leave there', async () => {
    mkdirSync(join(entry.path, 'sub/__pycache__'));
    writeFileSync(join(entry.path, 'sub/__pycache__/b.pyc'), '');
    writeFileSync(join(entry.path, '.a.csv.swp'), '');
    expect(await damageOf(store.root, key)).toBe('');
    for await (const problem of verify(store)) expect(problem).toBeUndefined();
  });

  it.each<[what: string, change: (path: string) => void, damage: string]>([
    ['a file of another size', (path) => appendFileSync(join(path, 'a.csv'), '9'), 'edited a.csv'],
    ['a file of the same size and time', (path) => overwrite(join(path, 'a.csv'), '9,2,3'), 'edited a.csv'],
    ['a further file', (path) => writeFileSync(join(path, 'sub/c.csv'), ''), 'added sub/c.csv'],
    ['a file that is gone', (path) => rmSync(join(path, 'sub/b.csv')), 'removed sub/b.csv'],
  ])('with %s is damaged, and verify says so too', async (_, change, damage) => {
    await tick();
    chmodSync(join(entry.path, 'a.csv'), 0o644);
    change(entry.path);
    expect(await damageOf(store.root, key)).toBe(damage);
    expect(await damageOf(store.root, key)).toBe(damage);
    const problems = [];
    for await (const { code } of verify(store)) problems.push(code);
    expect(problems).toHaveLength(1);
  });

  it('is not judged where it is gone, and is where its manifest is damaged', async () => {
    expect(await damageOf(store.root, keyOf('nothing'))).toBe('');
    writeFileSync(join(entry.path, 'manifest.json'), '{}');
    expect(await damageOf(store.root, key)).toBe('edited manifest.json');
  });

  it('misses an empty folder that its stage made', async () => {
    const draft = await store.draft(keyOf('empty'));
    mkdirSync(join(draft.path, 'kept/empty'), { recursive: true });
    const made = await draft.commit(draftManifest(keyOf('empty'), { outputs: { out: 'kept' } }));
    expect(await damageOf(store.root, keyOf('empty'))).toBe('');
    rmSync(join(made.path, 'kept/empty'), { recursive: true });
    expect(await damageOf(store.root, keyOf('empty'))).toBe('removed kept/empty/');
  });

  it('that was copied is read once, and then believed as before', async () => {
    await tick();
    const root = join(temporaryFolder(), 'copy');
    cpSync(store.root, root, { recursive: true, preserveTimestamps: false });
    const copy = openStore(root).find(key);
    if (!copy) throw new Error('the copy has no result');
    const manifest = join(copy.path, 'manifest.json');
    await tick();
    for (const path of Object.keys(files)) chmodSync(join(copy.path, path), 0o444);
    const [before, text] = [statSync(manifest), readFileSync(manifest, 'utf8')];
    await tick();
    expect(await damageOf(root, key)).toBe('');
    // The manifest is newer than all files now: their states alone are looked at.
    for (const path of Object.keys(files))
      expect(statSync(join(copy.path, path)).ctimeMs).toBeLessThan(statSync(manifest).ctimeMs);
    expect(statSync(manifest).mtimeMs).toBe(before.mtimeMs);
    expect(readFileSync(manifest, 'utf8')).toBe(text);
    await tick();
    overwrite(join(copy.path, 'a.csv'), '9,2,3');
    expect(await damageOf(root, key)).toBe('edited a.csv');
  });
});
