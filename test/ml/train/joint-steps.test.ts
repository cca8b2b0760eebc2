import { describe, expect, it, vi } from 'vitest';
import type { BatchLoader, TrainBatch } from '../../../src/ml/data/batch-loader.ts';
import { createDeferred } from '../../../src/util/deferred.ts';
import { JointSteps } from '../../../src/ml/train/joint-steps.ts';

const batchOf = (): TrainBatch => ({
  images: new Float32Array(3),
  labels: new Int32Array(1),
  indices: new Uint32Array(1),
  mixed: null,
});

/** Steps, and what happens in them. */
function setting(take: BatchLoader['take'] = batchOf) {
  const story: string[] = [];
  const loader: BatchLoader = {
    count: 10,
    take: (epoch, batch) => {
      story.push(`take ${epoch} ${batch}`);
      return take(epoch, batch);
    },
    close: () => Promise.resolve(),
  };
  const together = (work: () => void): void => {
    story.push('(');
    work();
    story.push(')');
  };
  const steps = new JointSteps({ together }, loader);
  const join = (name: string, batch = 0) => steps.join({ epoch: 0, batch }, () => void story.push(name));
  return { steps, story, join };
}

describe('steps of several runs', () => {
  it('know how long they have waited for batches, and count no other time', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { steps } = setting(async () => {
      await Promise.resolve();
      now += 40;
      return batchOf();
    });
    for (const batch of [0, 1]) await steps.join({ epoch: 0, batch }, () => void (now += 1000)).make();
    clock.mockRestore();
    expect(steps.waited).toBe(80);
  });

  it('are made in one run of the engine on one batch, once', async () => {
    const { story, join } = setting();
    const [a, b] = [join('a'), join('b')];
    await Promise.all([a.make(), b.make()]);
    expect(story).toEqual(['take 0 0', '(', 'a', 'b', ')']);
  });

  it('are those of runs that stand at the same batch', async () => {
    const { story, join } = setting();
    const [a, b] = [join('a', 1), join('b', 0)];
    await b.make();
    await a.make();
    expect(story).toEqual(['take 0 0', '(', 'b', ')', 'take 0 1', '(', 'a', ')']);
  });

  it('leave out whoever has left before the batch was there', async () => {
    const { promise, resolve } = createDeferred<TrainBatch>();
    const { story, join } = setting(() => promise);
    const [a, b, c] = [join('a'), join('b'), join('c')];
    const made = [a.make(), c.make()];
    expect(b.leave()).toBe(true);
    resolve(batchOf());
    await Promise.all(made);
    expect(story).toEqual(['take 0 0', '(', 'a', 'c', ')']);
    expect(a.leave()).toBe(false);
  });

  it('are made anew for one that comes to a batch after them', async () => {
    const { story, join } = setting();
    await join('a').make();
    await join('b').make();
    expect(story).toEqual(['take 0 0', '(', 'a', ')', 'take 0 0', '(', 'b', ')']);
  });

  it('fail one by one', async () => {
    const { steps, story, join } = setting();
    const bad = steps.join({ epoch: 0, batch: 0 }, () => {
      throw new Error('no');
    });
    const good = join('good');
    const results = await Promise.allSettled([bad.make(), good.make()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await expect(bad.make()).rejects.toThrow('no');
    expect(story).toEqual(['take 0 0', '(', 'good', ')']);
  });

  it('all fail where there is no batch', async () => {
    const { join } = setting(() => Promise.reject(new Error('damaged')));
    const results = await Promise.allSettled([join('a').make(), join('b').make()]);
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { message: 'damaged' } });
  });
});
