import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { adapter } from '../../../src/ml/methods/terms/adapter.ts';
import { isInputDifferentiable, type Adapter } from '../../../src/ml/algebra/adapter.ts';
import { Adapters } from '../../../src/ml/train/adapters.ts';
import { signed } from '../../support/hashed.ts';

const FROM = { height: 3, width: 2, channels: 4 };
const engine = await createEngine('wasm', { threads: 1 });
const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

afterAll(() => engine.dispose());

const conv = (name: string, differentiable = true, initial?: Adapter['initial']): Adapter =>
  adapter({
    ...{ name, from: FROM, differentiable, ...(initial && { initial }) },
    layers: (net) =>
      net.batchNorm(`${name}.1`, net.conv(`${name}.0`, net.image, { channels: 5, kernel: 3, bias: true })),
  });

const open = (adapters: readonly Adapter[], seed = 4) => new Adapters(adapters, { engine, optimizer: ADAMW, seed });

/** One training step on made-up numbers; returns output and gradient of the input. */
function step(live: Adapters, adapter: Adapter, batch: number) {
  const size = FROM.height * FROM.width;
  const { step: pass, forward } = live.run({ adapter, pass: 0 }, batch);
  pass.input.set(signed('input', batch * size * FROM.channels));
  forward();
  const output = pass.logits.slice();
  pass.logitsGradient.set(signed('gradient', batch * size * 5));
  pass.backward();
  const gradient = isInputDifferentiable(adapter) ? pass.inputGradient.slice() : undefined;
  live.update({ learningRate: 0.01, weightDecay: 0.1 });
  return { output, gradient };
}

describe('adapters', () => {
  it('start from numbers that depend on seed and name alone, but for those that are stated', () => {
    const [alone, among] = [open([conv('a')]), open([conv('b'), conv('a', true, { 'a.0.bias': 3 })])];
    expect(among.state().get('a/a.0.weight')).toEqual(alone.state().get('a/a.0.weight'));
    expect(among.state().get('b/b.0.weight')).not.toEqual(alone.state().get('a/a.0.weight'));
    expect(
      open([conv('a')], 5)
        .state()
        .get('a/a.0.weight'),
    ).not.toEqual(alone.state().get('a/a.0.weight'));
    expect([...among.state().get('a/a.0.bias')!]).toEqual([3, 3, 3, 3, 3]);
    expect([...alone.state().get('a/a.0.bias')!]).not.toContain(3);
  });

  it('go on from their state as if they had not stopped: weights, statistics and moments', () => {
    const a = conv('a');
    const [whole, later] = [open([a]), open([a], 99)];
    for (const batch of [3, 2]) step(whole, a, batch);
    later.restore(new Map([...whole.state()].map(([name, values]) => [name, values.slice()])), whole.updates);
    expect(step(later, a, 3)).toEqual(step(whole, a, 3));
    expect(later.state()).toEqual(whole.state());
    expect(later.updates).toBe(3);
  });

  it('move every trained parameter by an update, and running statistics by a forward pass', () => {
    const a = conv('a');
    const live = open([a]);
    const before = live.state();
    step(live, a, 2);
    // The bias before a batch norm has no gradient.
    const names = ['0.weight', '1.weight', '1.bias', '1.running_mean', '1.running_var'];
    for (const name of names) expect(live.state().get(`a/a.${name}`), name).not.toEqual(before.get(`a/a.${name}`));
  });

  it('give the gradient of their input only where that is differentiable', () => {
    const [a, fixed] = [conv('a'), conv('a', false)];
    expect(step(open([a]), a, 2).gradient).toHaveLength(2 * 3 * 2 * 4);
    const live = open([fixed]);
    step(live, fixed, 2);
    expect(() => live.run({ adapter: fixed, pass: 0 }, 2).step.inputGradient).toThrow('input-gradient');
  });

  it('refuse what they have not been made for', () => {
    const a = conv('a');
    const live = open([a]);
    expect(() => live.run({ adapter: conv('b'), pass: 0 }, 1)).toThrow('no adapter b');
    expect(() => live.run({ adapter: a, pass: 0 }, 1).step.backward()).toThrow('without a forward pass');
    expect(() => live.restore(new Map(), 1)).toThrow('no values');
  });
});
