import { afterAll, describe, expect, it } from 'vitest';
import type { OptimizerSpec, Session } from '../../../src/ml/engines/engine.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { gatedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';
import { crossEntropy } from '../../support/softmax.ts';

const RMSPROP: OptimizerSpec = { name: 'rmsprop', alpha: 0.9, eps: 1e-3, momentum: 0.9 };
const LABELS = [0, 1, 2, 3];
const network = gatedNetwork();
const wasm = await createEngine('wasm', { threads: 2 });
const reference = await createEngine('reference', { threads: 1 });

afterAll(async () => {
  await Promise.all([wasm.dispose(), reference.dispose()]);
});

/** a ← d·a + (1 − d)·θ, in float64. */
const moved = (average: ReadonlyMap<string, Float64Array>, state: StateDict, decay: number) =>
  new Map([...average].map(([name, a]) => [name, a.map((x, i) => decay * x + (1 - decay) * state.get(name)![i]!)]));

function open(engine = wasm): Session {
  const session = engine.session(network, { optimizer: RMSPROP, threads: 2, average: true });
  session.write(hashedState(network));
  session.writeAverage(hashedState(network));
  return session;
}

function update(session: Session, index: number, averageDecay: number): void {
  const step = session.trainStep({ batch: LABELS.length, taps: [] });
  step.input.set(signed(`pixels ${index}`, step.input.length, 2));
  step.forward(3, index);
  step.logitsGradient.set(crossEntropy(step.logits, LABELS).gradient);
  step.backward();
  step.update({ learningRate: 0.001, weightDecay: 0.01, averageDecay });
}

function logits(session: Session, average: boolean): number[] {
  const step = session.forwardStep({ batch: 2, taps: [], average });
  step.input.set(signed('pixels', step.input.length));
  step.run();
  return [...step.logits];
}

describe('a moving average', () => {
  it.each([wasm, reference])('follows weights and statistics, update by update, in $name', (engine) => {
    const session = open(engine);
    let expected = new Map([...hashedState(network)].map(([name, values]) => [name, Float64Array.from(values)]));
    for (let index = 0; index < 3; index++) {
      const decay = 0.9999 * (1 - Math.exp(-(index + 1) / 2000));
      update(session, index, decay);
      expected = moved(expected, session.read(), decay);
    }
    for (const [name, values] of session.readAverage())
      values.forEach((value, i) => {
        const wanted = expected.get(name)![i]!;
        // Each update rounds once more to float32.
        expect(Math.abs(value - wanted), name).toBeLessThan(1e-6 * Math.max(1, Math.abs(wanted)));
      });
    session.dispose();
  });

  it('stays where it is at decay 1, and is the weights at decay 0', () => {
    const session = open();
    update(session, 0, 1);
    expect(session.readAverage()).toEqual(hashedState(network));
    update(session, 1, 0);
    for (const [name, values] of session.readAverage())
      values.forEach((value, i) => expect(value).toBeCloseTo(session.read().get(name)![i]!, 6));
    session.dispose();
  });

  it('is what an evaluation step computes with when it is told to', () => {
    const session = open();
    const before = logits(session, false);
    expect(logits(session, true)).toEqual(before);
    update(session, 0, 1);
    expect(logits(session, true)).toEqual(before);
    expect(logits(session, false)).not.toEqual(before);
    session.writeAverage(session.read());
    expect(logits(session, true)).toEqual(logits(session, false));
    session.dispose();
  });

  it('is refused where the session keeps none', () => {
    const session = wasm.session(network, { optimizer: RMSPROP, threads: 1 });
    expect(() => session.readAverage()).toThrow('keeps no moving average');
    expect(() => session.writeAverage(session.read())).toThrow('keeps no moving average');
    expect(() => session.forwardStep({ batch: 1, taps: [], average: true })).toThrow('keeps no moving average');
    session.dispose();
  });
});

describe('RMSprop', () => {
  it('goes on after a restore as if it had not stopped', () => {
    const whole = open();
    for (let index = 0; index < 4; index++) update(whole, index, 0.5);
    const first = open();
    for (let index = 0; index < 2; index++) update(first, index, 0.5);
    const second = open();
    second.write(first.read());
    second.writeAverage(first.readAverage());
    second.writeOptimizer(first.readOptimizer());
    for (let index = 2; index < 4; index++) update(second, index, 0.5);
    expect(second.read()).toEqual(whole.read());
    expect(second.readAverage()).toEqual(whole.readAverage());
    expect(second.readOptimizer()).toEqual(whole.readOptimizer());
    expect([...whole.readOptimizer().slots.keys()].filter((name) => name.startsWith('head.bias'))).toEqual([
      'head.bias/square_avg',
      'head.bias/momentum_buffer',
    ]);
    for (const session of [whole, first, second]) session.dispose();
  });
});
