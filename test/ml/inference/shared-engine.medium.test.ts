import { afterEach, describe, expect, it } from 'vitest';
import { loadLibrary } from '../../../src/ml/engines/native/library.ts';
import { disposeEngines, sharedEngine } from '../../../src/ml/inference/shared-engine.ts';

/** What `auto` takes on this machine. */
const BEST = 'unavailable' in loadLibrary() ? 'wasm' : 'native';

afterEach(disposeEngines);

describe('the shared engine', () => {
  it('is made once for a name and a number of threads; auto is the best that there is', async () => {
    const auto = await sharedEngine('auto', 1);
    expect(auto.name).toBe(BEST);
    expect(auto).toBe(await sharedEngine(BEST, 1));
    expect(await sharedEngine('reference', 1)).not.toBe(auto);
    expect(await sharedEngine('auto', 2)).not.toBe(auto);
  });

  it('is one for all that ask for it at the same time', async () => {
    const [first, second] = await Promise.all([sharedEngine('auto', 1), sharedEngine(BEST, 1)]);
    expect(first).toBe(second);
  });

  it('is a new one after all were stopped', async () => {
    const first = await sharedEngine('reference', 1);
    await disposeEngines();
    expect(await sharedEngine('reference', 1)).not.toBe(first);
  });
});
