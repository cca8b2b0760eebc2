import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadLibrary } from '../../../src/ml/engines/native/library.ts';
import { disposeEngines, sharedEngine } from '../../../src/ml/inference/shared-engine.ts';
import { limitThreads } from '../../../src/util/threads.ts';

/** What `auto` takes on this machine. */
const BEST = 'unavailable' in loadLibrary() ? 'wasm' : 'native';

afterEach(disposeEngines);

describe('the shared engine', () => {
  it('is made once for a name; auto is the best that there is', async () => {
    const auto = await sharedEngine('auto');
    expect(auto.name).toBe(BEST);
    expect(auto).toBe(await sharedEngine(BEST));
    expect(await sharedEngine('reference')).not.toBe(auto);
  });

  it('is one for all that ask for it at the same time', async () => {
    const [first, second] = await Promise.all([sharedEngine('auto'), sharedEngine(BEST)]);
    expect(first).toBe(second);
  });

  it('follows the number of threads that its process may use', async () => {
    limitThreads(3);
    const engine = await sharedEngine('auto');
    const told = vi.spyOn(engine, 'limitThreads');
    limitThreads(1);
    expect(told.mock.calls).toEqual([[1]]);
    await disposeEngines();
    limitThreads(2);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('is a new one after all were stopped', async () => {
    const first = await sharedEngine('reference');
    await disposeEngines();
    expect(await sharedEngine('reference')).not.toBe(first);
  });
});
