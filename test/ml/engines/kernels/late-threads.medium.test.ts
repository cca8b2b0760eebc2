import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { compileLoss } from '../../../../src/ml/engines/compile-loss.ts';
import type { Engine } from '../../../../src/ml/engines/engine.ts';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import { crossEntropy } from '../../../../src/ml/losses/cross-entropy.ts';
import { assortedNetwork } from '../../../support/assorted-network.ts';
import { hashedState, signed } from '../../../support/hashed.ts';
import { nativeExecutor } from '../../../support/native.ts';

const ROUNDS = 20;
/** Long enough for a thread that waits to have gone to sleep. */
const ASLEEP = 5;
const BATCH = 4;

const native = nativeExecutor({ threads: 2 });
const engines: Readonly<Record<string, Engine>> = {
  wasm: new CompiledEngine(new WasmExecutor({ threads: 2 })),
  ...(native && { native: new CompiledEngine(native) }),
};
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.dispose())));

// A thread that slept through an update without operations, and woke up when its caller worked alone, took what that one was doing for
// its own job. It waited for a team in the middle of it, until there was one, and was out of step with it for ever.
describe.each(Object.entries(engines))('a thread of the %s engine that wakes up late', (_, engine) => {
  it('does not take part in what its caller does alone', async () => {
    const session = engine.session(assortedNetwork(), {
      optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
      threads: 2,
    });
    session.write(hashedState(session.network));
    const step = session.trainStep({ batch: BATCH, taps: [] });
    const loss = compileLoss(session, step, (logits, labels) =>
      crossEntropy(logits, labels, { labelSmoothing: 0, classWeights: null }),
    );
    const seen = session.forwardStep({ batch: BATCH, taps: [] });
    const logitsOf = (images: string): Float32Array => {
      seen.input.set(signed(images, seen.input.length, 2));
      seen.run();
      return seen.logits.slice();
    };
    engine.limitThreads(1);
    const [one, other] = [logitsOf('one'), logitsOf('other')];
    for (let round = 0; round < ROUNDS; round++) {
      engine.limitThreads(2);
      loss.run();
      await sleep(ASLEEP);
      // A loss remembers nothing.
      loss.update();
      engine.limitThreads(1);
      for (let again = 0; again < ROUNDS; again++) expect(logitsOf('one')).toEqual(one);
      engine.limitThreads(2);
      expect(logitsOf('other')).toEqual(other);
    }
    session.dispose();
  });
});
