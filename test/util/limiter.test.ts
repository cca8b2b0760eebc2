import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../src/util/deferred.ts';
import { Limiter } from '../../src/util/limiter.ts';

describe('a limiter', () => {
  it('lets so many actions be under way, in the order in which they came, also after one that failed', async () => {
    const limiter = new Limiter(2);
    const started: string[] = [];
    const actions = ['a', 'b', 'c', 'd'].map((name) => {
      const end = createDeferred<string>();
      const result = limiter.run(() => {
        started.push(name);
        return end.promise;
      });
      return { end, result };
    });
    const [a, b, ...rest] = actions;
    await Promise.resolve();
    expect(started).toEqual(['a', 'b']);
    b?.end.reject(new Error('failed'));
    await expect(b?.result).rejects.toThrow('failed');
    await expect.poll(() => started).toEqual(['a', 'b', 'c']);
    a?.end.resolve('done');
    for (const { end } of rest) end.resolve('done');
    expect(await Promise.all(rest.map(({ result }) => result))).toEqual(['done', 'done']);
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });
});
