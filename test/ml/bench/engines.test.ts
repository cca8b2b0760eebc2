import { describe, expect, it } from 'vitest';
import { engineStates } from '../../../src/ml/bench/engines.ts';
import type { Engine, EngineEntry } from '../../../src/ml/engines/engine.ts';

/** Engines that were made and not let go of. */
const alive = new Set<string>();
function entry(name: string, more: Partial<EngineEntry> = {}): EngineEntry {
  const create = ({ threads }: { threads: number }) => {
    alive.add(name);
    const dispose = () => Promise.resolve(void alive.delete(name));
    const fail = () => expect.fail('nobody trains');
    const [description, halfPrecision] = [{ threads }, name === 'fast' ? ('bfloat16' as const) : null];
    const engine: Engine = {
      ...{ name, description, halfPrecision, takesPixels: false, sharesMemory: false, dispose },
      ...{ session: fail, array: fail, keep: fail, limitThreads: fail, together: fail },
    };
    return Promise.resolve({ engine });
  };
  return { summary: `${name}s`, create, ...more };
}
const missing: Partial<EngineEntry> = { create: () => Promise.resolve({ unavailable: 'there is no GPU' }) };

describe('engineStates', () => {
  it('tells what auto takes: the first that runs here and is not for its name alone', async () => {
    const registry = {
      oracle: entry('oracle', { onlyByName: true }),
      gpu: entry('gpu', missing),
      fast: entry('fast'),
      slow: entry('slow'),
    };
    const states = await engineStates(3, { registry });
    expect(states).toEqual({
      oracle: {
        summary: 'oracles',
        auto: false,
        onlyByName: true,
        unavailable: null,
        description: { threads: 3 },
        halfPrecision: null,
      },
      gpu: {
        summary: 'gpus',
        auto: false,
        onlyByName: false,
        unavailable: 'there is no GPU',
        description: {},
        halfPrecision: null,
      },
      fast: {
        summary: 'fasts',
        auto: true,
        onlyByName: false,
        unavailable: null,
        description: { threads: 3 },
        halfPrecision: 'bfloat16',
      },
      slow: {
        summary: 'slows',
        auto: false,
        onlyByName: false,
        unavailable: null,
        description: { threads: 3 },
        halfPrecision: null,
      },
    });
    expect(alive.size).toBe(0);
  });

  it.each([
    ['on a GPU', true, undefined, 'torch'],
    ['on a GPU that gets it wrong', true, 'nonsense', 'fast'],
    ['without a GPU', false, undefined, 'fast'],
  ])('tells what auto takes %s', async (_, hasGpu, obstacle, taken) => {
    const registry = { fast: entry('fast'), torch: entry('torch', { onlyByName: true, onGpu: () => true }) };
    const states = await engineStates(1, { registry, hasGpu, prove: () => Promise.resolve(obstacle) });
    expect(Object.entries(states).flatMap(([name, { auto }]) => (auto ? [name] : []))).toEqual([taken]);
  });

  it('tells of an engine that has to prove itself, and cannot, that it does not run here', async () => {
    const registry = { fast: entry('fast'), torch: entry('torch', { onlyByName: true, onGpu: () => false }) };
    const prove = () => Promise.resolve('nonsense');
    const states = await engineStates(1, { registry, hasGpu: false, prove });
    expect(states).toMatchObject({ fast: { unavailable: null }, torch: { unavailable: 'nonsense' } });
  });
});
