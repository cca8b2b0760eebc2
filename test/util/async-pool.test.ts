import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapConcurrently } from '../../src/util/async-pool.ts';
import { createDeferred } from '../../src/util/deferred.ts';

describe('mapConcurrently', () => {
  it('gives results in the order of the items, with at most so many calls under way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 3 })), fc.integer({ min: 1, max: 5 }), async (items, limit) => {
        let underWay = 0;
        let most = 0;
        const results = await mapConcurrently(items, limit, async (turns) => {
          most = Math.max(most, ++underWay);
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
          underWay--;
          return turns * 2;
        });
        expect(results).toEqual(items.map((item) => item * 2));
        expect(most).toBeLessThanOrEqual(Math.min(limit, items.length));
      }),
    );
  });

  it('rejects with what a call threw', async () => {
    const call = (item: number) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item));
    await expect(mapConcurrently([1, 2, 3], 2, call)).rejects.toThrow('two');
  });
});

describe('createDeferred', () => {
  it('is settled once, from outside', async () => {
    const good = createDeferred<number>();
    good.resolve(1);
    good.reject(new Error('late'));
    await expect(good.promise).resolves.toBe(1);
    const bad = createDeferred<number>();
    bad.reject(new Error('no'));
    await expect(bad.promise).rejects.toThrow('no');
  });
});
