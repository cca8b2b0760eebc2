import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, planCollection, removeCollected, type CollectionRules } from '../../src/store/gc.ts';
import type { StoredItem } from '../../src/store/inventory.ts';
import { openStore } from '../../src/store/local.ts';
import { commit, draftManifest, keyOf, never, temporaryFolder, unexpected, writeFiles } from './stored.ts';

const hour = 3600;
const day = 24 * hour;
const now = 1_800_000_000_000;

/** An item of ten bytes that was changed an hour ago. */
const item = (type: StoredItem['type'], name: string, change: Partial<StoredItem> = {}): StoredItem => ({
  ...{ type, key: keyOf(name), path: `/store/${type}/${name}`, bytes: 10, modified: now - hour * 1000, locked: false },
  ...change,
});
const aged = (seconds: number) => ({ modified: now - seconds * 1000 });
const reasons = (items: readonly StoredItem[], rules: Partial<CollectionRules> = {}) =>
  planCollection(items, { keep: new Set(), now, ...rules }).items.map(({ type, reason }) => [type, reason]);

describe('what may go', () => {
  it('is a result that no run refers to', () => {
    expect(reasons([item('entry', 'a')])).toEqual([['entry', 'no run refers to it']]);
    expect(reasons([item('entry', 'a')], { keep: new Set([keyOf('a')]) })).toEqual([]);
  });

  it('is a draft of a process that is gone', () => {
    expect(reasons([item('draft', 'a')], { keep: new Set([keyOf('a')]) })).toEqual([['draft', 'its run is gone']]);
  });

  it('are checkpoints of a result that is there, or that no run refers to; those of an unfinished run stay', () => {
    const keep = new Set([keyOf('a')]);
    expect(reasons([item('scratch', 'a')], { keep })).toEqual([]);
    expect(reasons([item('scratch', 'a')])).toEqual([['scratch', 'checkpoints that no run refers to']]);
    expect(reasons([item('scratch', 'a'), item('entry', 'a')], { keep })).toEqual([
      ['scratch', 'checkpoints of a result that is there'],
    ]);
  });

  it('is a tainted result after a week, or after the asked age', () => {
    const week = item('tainted', 'a', aged(7 * day));
    expect(reasons([week])).toEqual([['tainted', 'tainted, kept for a look']]);
    expect(reasons([item('tainted', 'a', aged(7 * day - 1))])).toEqual([]);
    expect(reasons([week], { olderThan: 8 * day })).toEqual([]);
    expect(reasons([item('tainted', 'a')], { olderThan: hour })).toHaveLength(1);
  });

  it('is only what is older than asked, to the second', () => {
    expect(reasons([item('entry', 'a', aged(day))], { olderThan: day })).toHaveLength(1);
    expect(reasons([item('entry', 'a', aged(day - 1))], { olderThan: day })).toHaveLength(0);
  });

  it.each(['entry', 'draft', 'scratch', 'tainted'] as const)('is no %s that a live process works on', (type) => {
    expect(reasons([item(type, 'a', { ...aged(365 * day), locked: true })])).toEqual([]);
  });
});

describe('a wanted size', () => {
  const entries = [3, 1, 2].map((days) => item('entry', `${days}`, aged(days * day)));
  const daysGoing = (maxBytes: number) =>
    planCollection(entries, { keep: new Set(), now, maxBytes }).items.map(
      ({ modified }) => (now - modified) / day / 1000,
    );

  it.each([
    [30, []],
    [29, [3]],
    [20, [3]],
    [11, [3, 2]],
    [0, [3, 2, 1]],
  ])('of %d bytes takes the oldest results until it is reached', (size, days) => {
    expect(daysGoing(size)).toEqual(days);
  });

  it('takes litter first, however young: it may be enough', () => {
    const items = [...entries, item('draft', 'd', aged(0))];
    expect(reasons(items, { maxBytes: 30 })).toEqual([['draft', 'its run is gone']]);
  });
});

describe('a collection, whatever is in the store and whatever is asked', () => {
  const names = ['a', 'b', 'c', 'd'];
  const anyItem = fc
    .record({
      type: fc.constantFrom('entry', 'draft', 'scratch', 'tainted'),
      name: fc.constantFrom(...names),
      bytes: fc.nat(1000),
      age: fc.nat(20 * day),
      locked: fc.boolean(),
    })
    .map(({ type, name, bytes, age, locked }) => item(type, name, { bytes, locked, ...aged(age) }));
  const anyRules = fc
    .record({
      keep: fc.subarray(names).map((kept) => new Set(kept.map(keyOf))),
      olderThan: fc.option(fc.nat(20 * day), { nil: undefined }),
      maxBytes: fc.option(fc.nat(4000), { nil: undefined }),
    })
    .map(({ keep, olderThan, maxBytes }): CollectionRules => ({
      ...{ keep, now },
      ...(olderThan === undefined ? {} : { olderThan }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    }));
  const sum = (items: readonly StoredItem[]) => items.reduce((bytes, one) => bytes + one.bytes, 0);

  it('keeps what is locked and every result and checkpoint that a run still needs', () => {
    fc.assert(
      fc.property(fc.array(anyItem), anyRules, (items, rules) => {
        const isThere = new Set(items.flatMap(({ type, key }) => (type === 'entry' ? [key] : [])));
        for (const { type, key, locked } of planCollection(items, rules).items) {
          expect(locked).toBe(false);
          if (type === 'entry') expect(rules.keep.has(key)).toBe(false);
          if (type === 'scratch') expect(isThere.has(key) || !rules.keep.has(key)).toBe(true);
        }
      }),
    );
  });

  it('adds up, oldest first, and removes no result more than the wanted size asks for', () => {
    fc.assert(
      fc.property(fc.array(anyItem), anyRules, (items, rules) => {
        const { items: going, bytes, remaining } = planCollection(items, rules);
        expect(bytes).toBe(sum(going));
        expect(bytes + remaining).toBe(sum(items));
        expect(going.map(({ modified }) => modified)).toEqual(
          going.map(({ modified }) => modified).toSorted((a, b) => a - b),
        );
        const last = going.filter(({ type }) => type === 'entry').at(-1);
        if (last && rules.maxBytes !== undefined) expect(remaining + last.bytes).toBeGreaterThan(rules.maxBytes);
      }),
    );
  });

  it('leaves nothing for a second one', () => {
    fc.assert(
      fc.property(fc.array(anyItem), anyRules, (items, rules) => {
        const paths = new Set(planCollection(items, rules).items);
        const gone = new Set([...paths].map(({ path, modified, bytes }) => `${path} ${modified} ${bytes}`));
        const left = items.filter(({ path, modified, bytes }) => !gone.has(`${path} ${modified} ${bytes}`));
        const again = planCollection(left, rules).items;
        // Checkpoints of a result that has just gone may stay for a run that refers to them; results never go in two steps.
        expect(again.filter(({ type }) => type === 'entry')).toEqual([]);
      }),
    );
  });
});

describe('collecting a store', () => {
  it('removes exactly what it said, and the store still works', async () => {
    const store = openStore(join(temporaryFolder(), 'store'));
    const [kept, lost] = [await commit(store, keyOf('kept')), await commit(store, keyOf('lost'))];
    const dead = await store.draft(keyOf('dead'));
    writeFiles(dead.path, { 'half.txt': '12345' });
    const alive = await store.draft(keyOf('alive'));
    const lock = await store.lock(keyOf('alive'), never, unexpected);
    const checkpoint = join(await store.scratch(keyOf('kept')), 'checkpoint');
    writeFileSync(checkpoint, '123');
    const draft = await store.draft(keyOf('tainted'));
    const tainted = await draft.taint(draftManifest(keyOf('tainted')), ['root']);

    const rules = { keep: new Set([keyOf('kept')]), now: Date.now() };
    const collection = await collect(store, rules);
    expect(collection.items.map(({ type, key }) => `${type} ${key}`).sort()).toEqual(
      [`entry ${keyOf('lost')}`, `draft ${keyOf('dead')}`, `scratch ${keyOf('kept')}`].sort(),
    );
    expect([kept.path, lost.path, dead.path, alive.path, checkpoint].every((path) => existsSync(path))).toBe(true);
    await removeCollected(store, collection);
    expect([kept.path, alive.path, tainted].every((path) => existsSync(path))).toBe(true);
    expect([lost.path, dead.path, checkpoint].some((path) => existsSync(path))).toBe(false);
    expect(store.keys()).toEqual([keyOf('kept')]);
    expect((await collect(store, rules)).items).toEqual([]);

    await lock.release();
    expect((await collect(store, rules)).items.map(({ path }) => path)).toEqual([alive.path]);
    const old = Date.now() / 1000 - 8 * day;
    for (const path of [tainted, join(tainted, 'manifest.json')]) utimesSync(path, old, old);
    expect((await collect(store, rules)).items.map(({ type }) => type)).toEqual(['tainted', 'draft']);
  });
});
