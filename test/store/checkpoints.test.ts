import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Growth } from '../../src/core/growth.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Key } from '../../src/core/plan.ts';
import { stageKey, type Ingredients } from '../../src/fingerprint/stage.ts';
import { findCheckpoints, isIntact, keepCheckpoint, listCheckpoints } from '../../src/store/checkpoints.ts';
import { collect, removeCollected } from '../../src/store/gc.ts';
import { openStore } from '../../src/store/local.ts';
import { pathsBelow, temporaryFolder, writeFiles } from './stored.ts';

/** Counts to `to`, by steps that a curve may make depend on `to`. */
const growth: Growth = {
  params: ['to'],
  length: ({ to }) => Number(to),
  unit: 'steps',
  beginning: (params, to) => (params['curved'] === true ? { reason: 'it is curved' } : { params: { ...params, to } }),
  checkpoint: 'end.bin',
};
const ingredients = (params: JsonObject, digest = 'd'): Ingredients => ({
  ...{ kind: 'count', resultVersion: 1, unkeyed: ['quiet'], sources: [] },
  ...{ params: { data: { $input: 'data' }, ...params }, inputs: [{ name: 'data', digest }] },
});
const growing = (params: JsonObject, digest?: string) => ({ growth, ingredients: ingredients(params, digest) });

let root: string;
beforeEach(() => {
  root = join(temporaryFolder(), '.store');
});

/** Finishes a stage that leaves a checkpoint. */
async function finish(params: JsonObject, content = 'the end'): Promise<Key> {
  const key = stageKey(ingredients(params));
  const scratch = join(root, '.scratch', key);
  writeFiles(scratch, { 'end.bin': content, '.end.bin.123.tmp': 'half' });
  await keepCheckpoint(root, growing(params), { key, cell: `count[to=${Number(params['to'])}]`, scratch });
  return key;
}
const lengths = (params: JsonObject, digest?: string) =>
  findCheckpoints(root, growing(params, digest)).map(({ length }) => length);

describe('a kept checkpoint', () => {
  it('is moved out of the scratch folder, alone, with a note of what it is', async () => {
    const key = await finish({ to: 4 });
    const [found] = findCheckpoints(root, growing({ to: 6 }));
    expect(found).toMatchObject({ key, cell: 'count[to=4]', length: 4 });
    expect(readFileSync(found!.path, 'utf8')).toBe('the end');
    expect(await isIntact(found!)).toBe(true);
    expect(readdirSync(join(root, '.scratch', key))).toEqual(['.end.bin.123.tmp']);
    expect(pathsBelow(join(root, '.checkpoints')).map((path) => path.split('/').slice(2).join('/'))).toEqual(
      expect.arrayContaining(['checkpoint.json', 'end.bin']),
    );
    expect(readdirSync(join(root, '.drafts'))).toEqual([]);
  });

  it('is found for results that go as far or further, the last one first', async () => {
    for (const to of [2, 10, 4]) await finish({ to, by: 1 });
    expect(lengths({ to: 6, by: 1 })).toEqual([4, 2]);
    expect(lengths({ to: 10, by: 1 })).toEqual([10, 4, 2]);
    expect(lengths({ to: 1, by: 1 })).toEqual([]);
  });

  it('is not found for another course: other parameters, contents, or another beginning', async () => {
    await finish({ to: 4, by: 1 });
    await finish({ to: 4, curved: true });
    expect(lengths({ to: 6, by: 2 })).toEqual([]);
    expect(lengths({ to: 6, by: 1 }, 'other')).toEqual([]);
    expect(lengths({ to: 6, by: 1, quiet: true })).toEqual([4]);
    expect(lengths({ to: 6, curved: true })).toEqual([]);
  });

  it('takes the place of an older one of the same result', async () => {
    await finish({ to: 4 });
    await finish({ to: 4 }, 'another end');
    const found = findCheckpoints(root, growing({ to: 6 }));
    expect(found).toHaveLength(1);
    expect(readFileSync(found[0]!.path, 'utf8')).toBe('another end');
  });

  it('is none where the stage left none', async () => {
    const scratch = join(root, '.scratch', 'x');
    mkdirSync(scratch, { recursive: true });
    await keepCheckpoint(root, growing({ to: 4 }), { key: 'x', cell: 'c', scratch });
    expect(existsSync(join(root, '.checkpoints'))).toBe(false);
  });
});

describe('a folder of checkpoints that somebody changed', () => {
  const only = () => findCheckpoints(root, growing({ to: 6 }));

  it('has none that is not intact where bytes differ, or are gone', async () => {
    await finish({ to: 4 });
    const [found] = only();
    writeFileSync(found!.path, 'the End');
    expect(await isIntact(found!)).toBe(false);
    renameSync(found!.path, `${found!.path}.away`);
    expect(await isIntact(found!)).toBe(false);
    mkdirSync(found!.path);
    expect(await isIntact(found!)).toBe(false);
  });

  it.each(['', '{', '[]', '{"cell":"c"}', '{"cell":1,"digest":2}'])('leaves out what has the note %j', async (note) => {
    await finish({ to: 4 });
    writeFileSync(join(only()[0]!.path, '..', 'checkpoint.json'), note);
    expect(only()).toEqual([]);
  });

  it('leaves out names that are not those of the result that it would go on from', async () => {
    const key = await finish({ to: 4 });
    const course = join(listCheckpoints(root)[0]!.path, '..');
    renameSync(join(course, `4.${key}`), join(course, `5.${key}`));
    writeFiles(root, { '.checkpoints/stray': '' });
    writeFiles(course, { 'notes.txt': '', [`4.${'0'.repeat(64)}/end.bin`]: '', '4.x/end.bin': '' });
    expect(only()).toEqual([]);
  });
});

describe('collection', () => {
  const plan = async (rules: { keep?: readonly Key[]; checkpoints?: boolean }) => {
    const store = openStore(root);
    const collection = await collect(store, { ...rules, keep: new Set(rules.keep), now: Date.now() + 1000 });
    await removeCollected(store, collection);
    return collection.items.map(({ type, reason, bytes }) => ({ type, reason, bytes }));
  };

  it('keeps a checkpoint as long as a run refers to its result, unless all are to go', async () => {
    const key = await finish({ to: 4 }, 'x'.repeat(1000));
    expect(await plan({ keep: [key] })).toEqual([]);
    expect(lengths({ to: 6 })).toEqual([4]);
    const [gone] = await plan({ keep: [key], checkpoints: true });
    expect(gone).toMatchObject({ type: 'checkpoint', reason: 'the end of a result, kept for longer ones' });
    expect(gone!.bytes).toBeGreaterThan(1000);
    expect(readdirSync(join(root, '.checkpoints'))).toEqual([]);
  });

  it('removes it with the last run', async () => {
    await finish({ to: 4 });
    await finish({ to: 6 });
    const of = stageKey(ingredients({ to: 6 }));
    expect(await plan({ keep: [of] })).toContainEqual(
      expect.objectContaining({ type: 'checkpoint', reason: 'the end of a result that no run refers to' }),
    );
    expect(lengths({ to: 8 })).toEqual([6]);
  });
});
