import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryPath } from '../../src/store/layout.ts';
import { takeInventory } from '../../src/store/inventory.ts';
import { openStore } from '../../src/store/local.ts';
import { commit, draftManifest, keyOf, never, temporaryFolder, unexpected, writeFiles } from './stored.ts';

const open = () => openStore(join(temporaryFolder(), 'store'));

describe('an inventory', () => {
  it('of a store that is not there is empty', async () => {
    expect(await takeInventory(open())).toEqual([]);
  });

  it('lists entries, drafts, checkpoints and tainted results, and nothing else', async () => {
    const store = open();
    await commit(store, keyOf('entry'));
    const draft = await store.draft(keyOf('draft'));
    const scratch = await store.scratch(keyOf('scratch'));
    const tainted = await (await store.draft(keyOf('tainted'))).taint(draftManifest(keyOf('tainted')), ['root']);
    await (await store.lock(keyOf('free'), never, unexpected)).release();
    writeFiles(store.root, { 'ab/notes.txt': '', '.drafts/notes': '', 'notes/x': '' });
    expect((await takeInventory(store)).map(({ type, key, path, locked }) => ({ type, key, path, locked }))).toEqual([
      { type: 'entry', key: keyOf('entry'), path: entryPath(store.root, keyOf('entry')), locked: false },
      { type: 'draft', key: keyOf('draft'), path: draft.path, locked: false },
      { type: 'scratch', key: keyOf('scratch'), path: scratch, locked: false },
      { type: 'tainted', key: keyOf('tainted'), path: tainted, locked: false },
    ]);
  });

  it('adds up the files of each, however deep, without what links lead to', async () => {
    const store = open();
    const draft = await store.draft(keyOf('draft'));
    writeFiles(draft.path, { a: '12345', 'b/c/d': '123', 'b/empty': '' });
    writeFileSync(join(store.root, 'large'), 'x'.repeat(1000));
    symlinkSync(join(store.root, 'large'), join(draft.path, 'link'));
    expect((await takeInventory(store))[0]?.bytes).toBe(8);
  });

  it('is as young as the youngest thing in it', async () => {
    const store = open();
    const draft = await store.draft(keyOf('draft'));
    writeFiles(draft.path, { a: '', 'b/c': '' });
    const times: Readonly<Record<string, number>> = { a: 1000, 'b/c': 5000, b: 3000, '': 2000 };
    for (const [path, seconds] of Object.entries(times)) utimesSync(join(draft.path, path), seconds, seconds);
    expect((await takeInventory(store))[0]?.modified).toBe(5_000_000);
    utimesSync(join(draft.path, 'b'), 7000, 7000);
    expect((await takeInventory(store))[0]?.modified).toBe(7_000_000);
  });

  it('says of what somebody is making that it is locked, as long as he lives and no longer', async () => {
    const store = open();
    const lock = await store.lock(keyOf('draft'), never, unexpected);
    await store.draft(keyOf('draft'));
    await store.scratch(keyOf('other'));
    const locked = async () => (await takeInventory(store)).map((item) => item.locked);
    expect(await locked()).toEqual([true, false]);
    await lock.release();
    expect(await locked()).toEqual([false, false]);
  });

  it('lists entries that are damaged too: they take room', async () => {
    const store = open();
    mkdirSync(entryPath(store.root, keyOf('damaged')), { recursive: true });
    expect(store.find(keyOf('damaged'))).toBeUndefined();
    expect(await takeInventory(store)).toMatchObject([{ type: 'entry', key: keyOf('damaged'), bytes: 0 }]);
  });
});
