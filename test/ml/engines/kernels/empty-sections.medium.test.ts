import { afterAll, expect, it, vi } from 'vitest';
import { compileLoss } from '../../../../src/ml/engines/compile-loss.ts';
import { CompiledEngine } from '../../../../src/ml/engines/session.ts';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import { WasmMachine } from '../../../../src/ml/engines/wasm/machine.ts';
import { crossEntropy } from '../../../../src/ml/losses/cross-entropy.ts';
import { assortedNetwork } from '../../../support/assorted-network.ts';

const engine = new CompiledEngine(new WasmExecutor({ threads: 2 }));
afterAll(() => engine.dispose());

// A thread that was interrupted between it learnt of an empty job and read what to do read the next job instead, and made that
// twice: from then on the threads of the process were out of step, and every result wrong (seen once, on a loaded machine).
it('asks threads to run nothing that has no operations', () => {
  const session = engine.session(assortedNetwork(), {
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
    threads: 2,
  });
  const step = session.trainStep({ batch: 2, taps: [] });
  const loss = compileLoss(session, step, (logits, labels) =>
    crossEntropy(logits, labels, { labelSmoothing: 0, classWeights: null }),
  );
  const run = vi.spyOn(WasmMachine.prototype, 'run');
  step.forward(0, 0);
  loss.run();
  step.backward();
  // A loss remembers nothing.
  loss.update();
  step.update({ learningRate: 0.1, weightDecay: 0 });
  const operations = run.mock.calls.map(([, count]) => count);
  run.mockRestore();
  expect(operations).toHaveLength(4);
  expect(Math.min(...operations)).toBeGreaterThan(0);
});
