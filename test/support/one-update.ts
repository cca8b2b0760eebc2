import type { Executor } from '../../src/ml/engines/executor.ts';
import { CompiledEngine } from '../../src/ml/engines/compiled-engine.ts';
import type { StateDict } from '../../src/ml/network/network.ts';
import { gatedNetwork } from './assorted-network.ts';
import { hashedState, signed } from './hashed.ts';

const network = gatedNetwork();

/**
 * Trains a network of many kinds of layers for one step.
 *
 * @param executor - what computes
 * @param threads - how many work on it
 * @returns weights and running statistics after the update
 */
export function oneUpdate(executor: Executor, threads: number): StateDict {
  const optimizer = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
  const session = new CompiledEngine(executor).session(network, { optimizer, threads });
  session.write(hashedState(network));
  const step = session.trainStep({ batch: 3, taps: [] });
  step.input.set(signed('pixels', step.input.length));
  step.forward(1, 1);
  step.logitsGradient.set(signed('gradient', step.logitsGradient.length));
  step.backward();
  step.update({ learningRate: 0.01, weightDecay: 0.1 });
  const state = session.read();
  session.dispose();
  return state;
}
