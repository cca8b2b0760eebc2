import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { collect, removeCollected } from '../../src/store/gc.ts';
import { openStore } from '../../src/store/local.ts';
import { verify } from '../../src/store/verify.ts';
import { Child } from './child.ts';
import { keyOf, never, pathsBelow, temporaryFolder, unexpected } from './stored.ts';

/** Kills a process that commits after it has stored so many results, somewhere in the next ones. */
async function killWhileCommitting(root: string, first: number, stored: number): Promise<readonly number[]> {
  const child = new Child('commit-forever.ts', root, String(first));
  const said: number[] = [];
  while (said.length < stored) said.push(Number(await child.line()));
  await child.kill();
  return said;
}

describe('a process that is killed while it commits', () => {
  it('leaves only whole results, all that it said were stored, and no lock', async () => {
    const root = join(temporaryFolder(), 'store');
    const said: number[] = [];
    for (const [round, stored] of [1, 4, 9, 2, 13, 6].entries())
      said.push(...(await killWhileCommitting(root, round * 1000, stored)));

    const store = openStore(root);
    const keys = store.keys();
    for (const number of said) expect(keys).toContain(keyOf(number));
    for (const key of keys) {
      const entry = store.find(key);
      const number = entry?.manifest().metrics['number'];
      expect(key).toBe(keyOf(Number(number)));
      const text = readFileSync(join(entry?.path ?? '', 'out.txt'), 'utf8');
      expect(entry?.outputs['out']?.digest).toBe(sha256(text));
      expect(text).toBe(`content ${Number(number)}`.repeat(Number(number)));
    }
    for await (const problem of verify(store)) expect(problem).toBeUndefined();
    for (const number of said) await (await store.lock(keyOf(number), never, unexpected)).release();

    // What it had begun is litter, which collection finds.
    const litter = pathsBelow(join(root, '.drafts')).filter((path) => !path.includes('/'));
    const collection = await collect(store, { keep: new Set(keys), now: Date.now() });
    expect(collection.items.map(({ type }) => type)).toEqual(litter.map(() => 'draft'));
    await removeCollected(store, collection);
    expect(pathsBelow(join(root, '.drafts'))).toEqual([]);
    expect(store.keys()).toEqual(keys);
  });
});
