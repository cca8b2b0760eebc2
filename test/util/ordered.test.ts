import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOrder } from '../../src/util/ordered.ts';

async function collected<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const result of results) list.push(result);
  return list;
}

describe('work in order', () => {
  it('gives results in the items’ order, however the work is scheduled', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), async (s, items, ahead) => {
        const results = collected(inOrder(items, ahead, (item) => s.schedule(Promise.resolve(item * 2))));
        await s.waitFor(results);
        expect(await results).toEqual(items.map((item) => item * 2));
      }),
    );
  });

  it('never has more items under way than allowed, and as many as that', async () => {
    let [now, most] = [0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++now);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      now--;
    };
    await collected(inOrder(Array.from({ length: 50 }), 4, work));
    expect(most).toBe(4);
  });

  it('ends with the first rejection in order; later ones are no one’s', async () => {
    const work = (item: number): Promise<number> =>
      item < 3 ? Promise.resolve(item) : Promise.reject(new Error(`item ${item}`));
    const seen: number[] = [];
    const all = async (): Promise<void> => {
      for await (const result of inOrder([0, 1, 2, 3, 4, 5], 6, work)) seen.push(result);
    };
    await expect(all()).rejects.toThrow('item 3');
    expect(seen).toEqual([0, 1, 2]);
  });
});
