import { describe, expect, it } from 'vitest';
import { trials } from './registry.ts';
import type { Trial } from './trial.ts';

describe('the trials, in their short form', () => {
  const short = Object.entries<Trial>(trials).filter(([, { onlyByName }]) => !onlyByName);
  it.for(short)('keep the promise of %s', async ([, trial], context) => {
    const { broken, skipped } = await trial.run({ scale: 'smoke', seed: Date.now() % 2 ** 31 });
    if (skipped !== undefined) context.skip(skipped);
    expect(broken).toEqual([]);
  });
});
