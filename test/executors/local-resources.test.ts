import { availableParallelism } from 'node:os';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LocalResources } from '../../src/executors/local-resources.ts';
import { cell, taskOf } from '../scheduler/fakes.ts';

const task = (gpu: number, id = 'a') => taskOf(cell(id, { resources: { gpu } }));
const cores = availableParallelism();
const share = (of: number) => Math.max(1, Math.floor(cores / of));

describe('the resources of this machine', () => {
  it('are the slots and GPUs that they are made with', () => {
    expect(new LocalResources({ slots: 3, gpus: ['1', '5'] }).capacity).toEqual({ slots: 3, gpus: 2 });
  });

  it('are shared by what runs and what is ready, never by more than there are slots', () => {
    const resources = new LocalResources({ slots: 3, gpus: [] });
    const first = resources.allocate([task(0)], { waiting: 1 });
    expect(first.threads).toBe(share(2));
    expect(resources.allocate([task(0)], { waiting: 0 }).threads).toBe(share(2));
    expect(resources.allocate([task(0)], { waiting: 7 }).threads).toBe(share(3));
    first.releasers[0]?.();
    expect(resources.allocate([task(0)], { waiting: 0 }).threads).toBe(share(3));
  });

  describe('when others start or end', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());
    const start = (resources: LocalResources, waiting = 0) => {
      const resize = vi.fn<(threads: number) => void>();
      return { ...resources.allocate([task(0)], { waiting, resize }), resize };
    };

    it('are divided anew among all that run', () => {
      const resources = new LocalResources({ slots: 2, gpus: [] });
      const first = start(resources);
      expect(first.threads).toBe(share(1));
      const second = start(resources);
      expect(first.resize.mock.calls).toEqual([[share(2)]]);
      second.releasers[0]?.();
      expect(first.resize).toHaveBeenCalledTimes(1);
      vi.runAllTimers();
      expect(first.resize.mock.calls).toEqual([[share(2)], [share(1)]]);
      expect(second.resize).not.toHaveBeenCalled();
    });

    it('are not given away where the next task starts at once', () => {
      const resources = new LocalResources({ slots: 2, gpus: [] });
      const first = start(resources, 3);
      const second = start(resources, 2);
      second.releasers[0]?.();
      expect(start(resources, 1).threads).toBe(share(2));
      vi.runAllTimers();
      expect(first.resize).not.toHaveBeenCalled();
    });

    it('stay as they are where their number was asked for', () => {
      const resources = new LocalResources({ slots: 2, threads: 3, gpus: [] });
      const first = start(resources, 1);
      start(resources).releasers[0]?.();
      vi.runAllTimers();
      expect([first.threads, first.resize.mock.calls]).toEqual([3, []]);
    });
  });

  it('are as many threads as were asked for', () => {
    const resources = new LocalResources({ slots: 3, threads: 7, gpus: [] });
    expect(resources.allocate([task(0)], { waiting: 2 }).threads).toBe(7);
  });

  it('give the first free GPUs, in the order of the machine', () => {
    const resources = new LocalResources({ slots: 8, gpus: ['4', '0', 'GPU-x'] });
    const first = resources.allocate([task(1)], { waiting: 0 });
    expect([first.gpus, resources.allocate([task(1)], { waiting: 0 }).gpus]).toEqual([['4'], ['0']]);
    first.releasers[0]?.();
    expect(resources.allocate([task(2)], { waiting: 0 }).gpus).toEqual(['4', 'GPU-x']);
  });

  it('are held by a cohort until the last of it gives its part back, each once', () => {
    const resources = new LocalResources({ slots: 8, gpus: ['0'] });
    const { gpus, releasers } = resources.allocate([task(1), task(1, 'b')], { waiting: 0 });
    expect(gpus).toEqual(['0']);
    for (let n = 0; n < 3; n++) releasers[0]?.();
    expect(resources.allocate([task(1)], { waiting: 0 }).gpus).toEqual([]);
    releasers[1]?.();
    expect(resources.allocate([task(1)], { waiting: 0 }).gpus).toEqual(['0']);
  });

  it('never give a GPU to two at once', () => {
    const steps = fc.array(fc.record({ gpu: fc.nat({ max: 3 }), end: fc.nat({ max: 9 }) }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (all) => {
        const resources = new LocalResources({ slots: 64, gpus: ['0', '1', '2', '3'] });
        const held: ReturnType<LocalResources['allocate']>[] = [];
        for (const { gpu, end } of all) {
          held.push(resources.allocate([task(gpu)], { waiting: 0 }));
          const gpus = held.flatMap((each) => each.gpus);
          expect(new Set(gpus).size).toBe(gpus.length);
          if (end < held.length) held.splice(end, 1)[0]?.releasers[0]?.();
        }
      }),
    );
  });
});
