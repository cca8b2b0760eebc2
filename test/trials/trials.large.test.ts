import { describe, expect, it } from 'vitest';
import { trials } from './registry.ts';
import type { Trial } from './trial.ts';

describe('the trials, in their short form', () => {
  it.for(Object.entries<Trial>(trials))('keep the promise of %s', async ([, trial], context) => {
    const { broken, skipped } = await trial.run('smoke');
    if (skipped !== undefined) context.skip(skipped);
    expect(broken).toEqual([]);
  });
});
