import { afterAll, describe, expect, it } from 'vitest';
import type { Engine, OptimizerSpec, Session } from '../../../src/ml/engines/engine.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import type { Network, StateDict } from '../../../src/ml/network/network.ts';
import { assortedNetwork, gatedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';

const SGD: OptimizerSpec = { name: 'sgd', momentum: 0, nesterov: false };
const executor = new WasmExecutor({ threads: 2, memory: 2 ** 27 });
const wasm = new CompiledEngine(executor);
const reference = await createEngine('reference', { threads: 1 });
const cases: readonly (readonly [string, Engine, Network])[] = [wasm, reference].flatMap((engine) =>
  [assortedNetwork(), gatedNetwork()].map(
    (network) => [`${network.model} in ${engine.name}`, engine, network] as const,
  ),
);
afterAll(() => wasm.dispose());

const BATCH = 3;
const SEEDS = [5, 11] as const;

function open(engine: Engine, network: Network): Session {
  const session = engine.session(network, { optimizer: SGD, threads: 2 });
  session.write(hashedState(network));
  return session;
}

/** Runs a pass forward; gives its logits. */
function forward(session: Session, pass: 0 | 1, second: boolean): Float32Array {
  const step = session.trainStep({ batch: BATCH, taps: ['block1'], secondPass: second });
  step.input.set(signed('pixels', step.input.length));
  step.forward(SEEDS[pass], 0);
  return step.logits.slice();
}

function backward(session: Session, pass: 0 | 1, second: boolean): void {
  const step = session.trainStep({ batch: BATCH, taps: ['block1'], secondPass: second });
  step.logitsGradient.set(signed(`logits ${pass}`, step.logitsGradient.length));
  step.tapGradient('block1').set(signed(`tap ${pass}`, step.tapGradient('block1').length));
  step.backward();
}

/** What two passes give one after the other, each with the whole session to itself. */
function apart(engine: Engine, network: Network) {
  const session = open(engine, network);
  const [first, second] = ([0, 1] as const).map((pass) => {
    const logits = forward(session, pass, false);
    backward(session, pass, false);
    return { logits, gradients: session.readGradients() };
  });
  const after = session.read();
  session.dispose();
  return { first: first!, second: second!, after };
}

/** The same two passes held at once. */
function together(engine: Engine, network: Network) {
  const session = open(engine, network);
  const logits = [forward(session, 0, false), forward(session, 1, true)] as const;
  const kept = session.trainStep({ batch: BATCH, taps: ['block1'] }).logits.slice();
  backward(session, 0, false);
  backward(session, 1, true);
  return { session, logits, kept };
}

const statistics = (network: Network, state: StateDict) =>
  network.parameters.filter(({ trained }) => !trained).map(({ name }) => [name, state.get(name)]);

describe('a second pass', () => {
  it.each(cases)('has batch statistics, dropout and activations of its own: %s', (_, engine, network) => {
    const expected = apart(engine, network);
    const { session, logits, kept } = together(engine, network);
    expect(logits).toEqual([expected.first.logits, expected.second.logits]);
    expect(logits[1]).not.toEqual(logits[0]);
    expect(kept).toEqual(logits[0]);
    // Running statistics have moved twice, in this order.
    expect(statistics(network, session.read())).toEqual(statistics(network, expected.after));
    session.dispose();
  });

  it.each(cases)('adds its gradients to the first one’s, and the first one updates: %s', (_, engine, network) => {
    const { first, second } = apart(engine, network);
    const { session } = together(engine, network);
    const before = session.read();
    const sums = session.readGradients();
    session.trainStep({ batch: BATCH, taps: ['block1'] }).update({ learningRate: 0.5, weightDecay: 0 });
    const after = session.read();
    for (const [name, sum] of sums) {
      const [one, other] = [first.gradients.get(name)!, second.gradients.get(name)!];
      sum.forEach((value, i) => {
        // One rounding of a float32 sum; the reference engine sums what float64 still holds.
        const exact = one[i]! + other[i]!;
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(2 ** -22 * (Math.abs(one[i]!) + Math.abs(other[i]!)));
        const moved = before.get(name)![i]! - 0.5 * value;
        expect(Math.abs(after.get(name)![i]! - moved)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(moved)));
      });
    }
    session.dispose();
  });

  it('leaves a single pass as it was: its gradients are its own again', () => {
    const network = gatedNetwork();
    const { first } = apart(wasm, network);
    const { session } = together(wasm, network);
    session.write(hashedState(network));
    forward(session, 0, false);
    backward(session, 0, false);
    expect(session.readGradients()).toEqual(first.gradients);
    session.dispose();
  });

  it('updates nothing itself, and is not differentiated before its own forward pass', () => {
    const session = open(wasm, gatedNetwork());
    const step = session.trainStep({ batch: BATCH, taps: [], secondPass: true });
    expect(() => step.backward()).toThrow('backward without a forward pass');
    expect(() => step.update({ learningRate: 1, weightDecay: 0 })).toThrow('update of a second pass');
    session.dispose();
  });

  it('gives all of its memory back', () => {
    const before = executor.used();
    together(wasm, gatedNetwork()).session.dispose();
    expect(executor.used()).toBe(before);
  });
});
