import { afterAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import type { Network } from '../../../src/ml/network/network.ts';
import { hashedState, signed } from '../../support/hashed.ts';

const BATCH = 3;
const reference = await createEngine('reference', { threads: 1 });
const wasm = await createEngine('wasm', { threads: 2 });

afterAll(async () => {
  await Promise.all([reference.dispose(), wasm.dispose()]);
});

/** What adapters are made of, over maps whose channels fill no panel, one, and one and a half. */
function adapter(channels: number, differentiable = true): Network {
  const net = new NetworkBuilder('adapter', { height: 6, width: 5, channels }, differentiable);
  const hidden = net.activation('relu', net.conv('0', net.image, { channels: 7, kernel: 3, stride: 2, bias: true }));
  return net.ending(net.batchNorm('bn', net.conv('2', hidden, { channels: 11, kernel: 3, bias: true })));
}

/** The input is read twice and, first, by a batch norm, whose gradient may lie where its output's did. */
function forked(): Network {
  const net = new NetworkBuilder('forked', { height: 4, width: 4, channels: 6 }, true);
  const normed = net.activation('act', net.batchNorm('bn', net.image));
  return net.ending(net.add('sum', net.conv('conv', normed, { channels: 6, kernel: 1 }), net.image));
}

/** Output's weights in the scalar that is differentiated. */
const weights = (length: number) => signed('weights', length);

function open(engine: Engine, network: Network) {
  const session = engine.session(network, { optimizer: { name: 'sgd', momentum: 0, nesterov: false }, threads: 2 });
  session.write(hashedState(network));
  const step = session.trainStep({ batch: BATCH, taps: [] });
  const scalar = (input: Float32Array): number => {
    step.input.set(input);
    step.forward(0, 0);
    const factors = weights(step.logits.length);
    return step.logits.reduce((sum, value, i) => sum + value * factors[i]!, 0);
  };
  const gradient = (input: Float32Array): Float32Array => {
    scalar(input);
    step.logitsGradient.set(weights(step.logits.length));
    step.backward();
    return step.inputGradient.slice();
  };
  return { session, step, scalar, gradient };
}

const cases: readonly (readonly [string, Network])[] = [
  ['3 channels', adapter(3)],
  ['8 channels', adapter(8)],
  ['12 channels', adapter(12)],
  ['an input that is read twice', forked()],
];

describe.each(cases)('the gradient of an input: %s', (_, network) => {
  it('is what finite differences of the reference engine show', () => {
    const { session, step, scalar, gradient } = open(reference, network);
    const input = signed('map', step.input.length);
    const slopes = gradient(input);
    expect(slopes).toHaveLength(input.length);
    for (const seed of ['a', 'b', 'c', 'd']) {
      const direction = signed(seed, input.length);
      const moved = (by: number) => input.map((value, i) => value + by * direction[i]!);
      const expected = slopes.reduce((sum, slope, i) => sum + slope * direction[i]!, 0);
      const measured = (scalar(moved(1e-3)) - scalar(moved(-1e-3))) / 2e-3;
      // float32 outputs and a ReLU that may change sides within the step.
      expect(Math.abs(measured - expected)).toBeLessThan(0.02 * Math.hypot(...slopes));
    }
    session.dispose();
  });

  it('is the same in wasm', () => {
    const [ours, theirs] = [open(wasm, network), open(reference, network)];
    const input = signed('map', ours.step.input.length);
    const expected = theirs.gradient(input);
    const error = Math.hypot(...ours.gradient(input).map((value, i) => value - expected[i]!));
    expect(error).toBeLessThan(1e-5 * Math.hypot(...expected));
    ours.session.dispose();
    theirs.session.dispose();
  });
});

it('gives no gradient of an image', () => {
  const { session, step, scalar } = open(reference, adapter(3, false));
  scalar(signed('map', step.input.length));
  step.backward();
  expect(() => step.inputGradient).toThrow('input-gradient');
  session.dispose();
});
