import { describe, expect, it } from 'vitest';
import { trials } from './registry.ts';
import type { Trial } from './trial.ts';

describe('the trials, in their short form', () => {
  it.each(Object.entries<Trial>(trials))('keep the promise of %s', async (_, trial) => {
    const { broken } = await trial.run('smoke');
    expect(broken).toEqual([]);
  });
});
