import { afterEach, describe, expect, it } from 'vitest';
import { disposeEngines, sharedEngine } from '../../../src/ml/train/shared-engine.ts';

afterEach(disposeEngines);

describe('the shared engine', () => {
  it('is made once for a name and a number of threads; auto is wasm', () => {
    expect(sharedEngine('auto', 1)).toBe(sharedEngine('wasm', 1));
    expect(sharedEngine('auto', 1).name).toBe('wasm');
    expect(sharedEngine('reference', 1)).not.toBe(sharedEngine('auto', 1));
    expect(sharedEngine('auto', 2)).not.toBe(sharedEngine('auto', 1));
  });

  it('is a new one after all were stopped', async () => {
    const first = sharedEngine('reference', 1);
    await disposeEngines();
    expect(sharedEngine('reference', 1)).not.toBe(first);
  });
});
