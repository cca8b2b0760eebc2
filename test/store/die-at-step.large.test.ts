import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { collect, removeCollected } from '../../src/store/gc.ts';
import { isKey } from '../../src/store/layout.ts';
import { openStore } from '../../src/store/local.ts';
import { verify } from '../../src/store/verify.ts';
import { mapConcurrently } from '../../src/util/async-pool.ts';
import { Child } from './child.ts';
import { commit, keyOf, never, pathsBelow, temporaryFolder, unexpected } from './stored.ts';

const key = keyOf('student');

/** Number of changes of the disk that one lock, draft, commit and release make. */
async function stepsAt(root: string): Promise<number> {
  const child = new Child('die-at-step.ts', root, 'new', '0');
  const steps = Number(await child.line());
  expect(await child.end()).toEqual({ code: 0, errors: '' });
  return steps;
}

/** What a store says of the key after a death: the content that its result was made with, if it has one. */
async function contentIn(root: string): Promise<string | undefined> {
  const store = openStore(root);
  for await (const problem of verify(store)) expect(problem).toBeUndefined();
  const entry = store.find(key);
  if (!entry) {
    expect(store.keys()).toEqual([]);
    return undefined;
  }
  const text = readFileSync(join(entry.path, 'out.txt'), 'utf8');
  expect(entry.outputs['out']?.digest).toBe(sha256(text));
  expect(entry.manifest().metrics).toEqual({ content: text });
  return text;
}

/** Whatever a dead process left: the next one gets the lock at once, commits, and litter is all that is collected. */
async function expectMended(root: string): Promise<void> {
  const store = openStore(root);
  const lock = await store.lock(key, never, unexpected);
  await commit(store, key, { 'out.txt': 'next' }, { metrics: { content: 'next' } });
  await lock.release();
  expect(await contentIn(root)).toBe('next');
  const collection = await collect(store, { keep: new Set([key]), now: Date.now() });
  expect(collection.items.every(({ type }) => type === 'draft')).toBe(true);
  await removeCollected(store, collection);
  expect(pathsBelow(join(root, '.drafts'))).toEqual([]);
  expect(await contentIn(root)).toBe('next');
}

describe('a process that dies at any one change of the disk', () => {
  it.each([
    ['makes a first result', undefined],
    ['replaces a result', 'old'],
  ])('while it %s leaves it whole or none', async (_, before) => {
    const prepared = async () => {
      const root = join(temporaryFolder(), 'store');
      if (before !== undefined)
        await commit(openStore(root), key, { 'out.txt': before }, { metrics: { content: before } });
      return root;
    };
    const steps = await stepsAt(await prepared());
    // Lock, draft, four files and folders flushed, manifest, shard, renames, release: else nothing was watched.
    expect(steps).toBeGreaterThan(12);
    const roots = await Promise.all(Array.from({ length: steps }, prepared));
    const found = await mapConcurrently(roots, 2, async (root) => {
      const child = new Child('die-at-step.ts', root, 'new', String(roots.indexOf(root) + 1));
      expect(await child.end()).toEqual({ code: 'SIGKILL', errors: '' });
      const content = await contentIn(root);
      await expectMended(root);
      return content;
    });
    // First the one before, at the end the new one; between them there may be none, never another.
    const order = [before, undefined, 'new'];
    const places = found.map((content) => order.lastIndexOf(content));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(found[0]).toBe(before);
    expect(found.at(-1)).toBe('new');
  });
});

describe('processes that share work', () => {
  it('make each result once, whoever comes first', async () => {
    const root = join(temporaryFolder(), 'store');
    const count = 40;
    const children = [1, 2, 3].map(() => new Child('share-work.ts', root, String(count)));
    const made = await Promise.all(
      children.map(async (child) => {
        const numbers: number[] = [];
        for (let line = await child.line(); line !== undefined; line = await child.line()) numbers.push(Number(line));
        expect(await child.end()).toEqual({ code: 0, errors: '' });
        return { pid: child.process.pid, numbers };
      }),
    );
    expect(made.flatMap(({ numbers }) => numbers).sort((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, number) => number),
    );
    const store = openStore(root);
    for (const { pid, numbers } of made)
      for (const number of numbers)
        expect(store.find(keyOf(number))?.outputs['out']?.digest).toBe(sha256(`made by ${pid}`));
    for await (const problem of verify(store)) expect(problem).toBeUndefined();
    expect(pathsBelow(join(root, '.drafts'))).toEqual([]);
    expect(pathsBelow(join(root, '.locks')).filter(isKey)).toEqual([]);
  });
});
