import { afterAll, describe, expect, it } from 'vitest';
import type { Engine, OptimizerSpec, Session } from '../../../src/ml/engines/engine.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { models } from '../../../src/ml/models/registry.ts';
import type { Network, StateDict } from '../../../src/ml/network/network.ts';
import { assortedNetwork, gatedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';
import { crossEntropy } from '../../support/softmax.ts';

const SGD: OptimizerSpec = { name: 'sgd', momentum: 0.9, nesterov: true };
const BATCH = 4;
const LABELS = [0, 1, 2, 1];
const reference = await createEngine('reference', { threads: 1 });
const wasm = await createEngine('wasm', { threads: 2 });

afterAll(async () => {
  await Promise.all([reference.dispose(), wasm.dispose()]);
});

const cases: { name: string; network: Network; taps: readonly string[] }[] = [
  { name: 'an assorted network', network: assortedNetwork(), taps: ['block1', 'block2', 'right', 'pooled'] },
  { name: 'a gated network', network: gatedNetwork(), taps: ['block1', 'joined', 'pooled'] },
  {
    name: 'resnet8',
    network: models.resnet8.build({ height: 9, width: 8, channels: 3 }, 3),
    taps: ['block1', 'block2', 'block3'],
  },
  { name: 'convnet8', network: models.convnet8.build({ height: 10, width: 9, channels: 3 }, 3), taps: ['block2'] },
];

function open(engine: Engine, network: Network): Session {
  const session = engine.session(network, { optimizer: SGD, threads: 2 });
  session.write(hashedState(network));
  return session;
}

function tapWeights(network: Network, tap: string): Float32Array {
  const { height, width, channels } = network.layers[network.taps[tap] ?? -1]!.shape;
  return signed(`tap.${tap}`, BATCH * height * width * channels, 0.05);
}

/** Runs forward; the loss is cross entropy plus a fixed linear function of every tap, so that its gradient is known. */
function forward(session: Session, taps: readonly string[]) {
  const step = session.trainStep({ batch: BATCH, taps });
  step.input.set(signed('pixels', step.input.length, 2));
  step.forward(11, 5);
  const { loss, gradient } = crossEntropy(step.logits, LABELS);
  const extra = taps.map((tap) => {
    const values = step.tap(tap);
    return tapWeights(session.network, tap).reduce((sum, weight, i) => sum + weight * (values[i] ?? NaN), 0);
  });
  return { step, gradient, loss: extra.reduce((sum, term) => sum + term, loss) };
}

function gradientsOf(session: Session, taps: readonly string[]): StateDict {
  const { step, gradient } = forward(session, taps);
  step.logitsGradient.set(gradient);
  for (const tap of taps) step.tapGradient(tap).set(tapWeights(session.network, tap));
  step.backward();
  return session.readGradients();
}

const norm = (values: Iterable<number>): number => Math.hypot(...values);

describe.each(cases)('gradients of $name', ({ network, taps }) => {
  it('are the reference engine’s finite differences', () => {
    const session = open(reference, network);
    const gradients = gradientsOf(session, taps);
    const state = hashedState(network);
    for (const [name, gradient] of gradients) {
      const start = state.get(name)!;
      const direction = signed(`direction.${name}`, start.length);
      const moved = (by: number): Float32Array => start.map((value, i) => value + by * direction[i]!);
      const [below, above] = [moved(-2e-4), moved(2e-4)];
      const lossAt = (values: Float32Array): number => {
        session.write(new Map([...state, [name, values]]));
        return forward(session, taps).loss;
      };
      const difference = lossAt(above) - lossAt(below);
      const expected = gradient.reduce((sum, g, i) => sum + g * (above[i]! - below[i]!), 0);
      // float32 logits leave some 1e-6 in a loss; a ReLU or a maximum that changes sides within the step a little more.
      const scale = norm(gradient) * norm(above.map((value, i) => value - below[i]!));
      expect(Math.abs(difference - expected), name).toBeLessThan(0.02 * scale + 4e-6);
    }
    session.dispose();
  });

  it('are the same in wasm and in the reference engine', () => {
    const [a, b] = [open(wasm, network), open(reference, network)];
    const expected = gradientsOf(b, taps);
    for (const [name, gradient] of gradientsOf(a, taps)) {
      const values = expected.get(name)!;
      // 2e-4: a batch norm over a few dozen pixels divides by small deviations.
      const tolerance = 2e-4 * Math.max(norm(values), 1e-2);
      expect(norm(gradient.map((value, i) => value - values[i]!)), name).toBeLessThan(tolerance);
    }
    a.dispose();
    b.dispose();
  });

  it('evaluate alike in wasm and in the reference engine', () => {
    const results = [wasm, reference].map((engine) => {
      const session = open(engine, network);
      const step = session.forwardStep({ batch: 3, taps });
      step.input.set(signed('pixels', step.input.length, 2));
      step.run();
      const values = [step.logits, ...taps.map((tap) => step.tap(tap))].map((view) => view.slice());
      session.dispose();
      return values;
    });
    results[0]!.forEach((values, index) => {
      const expected = results[1]![index]!;
      expect(norm(values.map((value, i) => value - expected[i]!))).toBeLessThan(2e-5 * norm(expected));
    });
  });
});
