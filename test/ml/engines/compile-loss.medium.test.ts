import { describe, expect, it } from 'vitest';
import { makeNode, type Node } from '../../../src/ml/algebra/node.ts';
import { rowGram } from '../../../src/ml/algebra/matrices.ts';
import { sum } from '../../../src/ml/algebra/reductions.ts';
import { broadcast, reshape } from '../../../src/ml/algebra/shapes.ts';
import { compileLoss, LOSS } from '../../../src/ml/engines/compile-loss.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { EngineName } from '../../../src/ml/engines/registry.ts';
import { crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import { adapter } from '../../../src/ml/methods/terms/adapter.ts';
import { assortedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';
import { readArrays } from '../../support/read-arrays.ts';
import { crossEntropy as expectedOf } from '../../support/softmax.ts';

const network = assortedNetwork();
const BATCH = 3;
const labels = Array.from({ length: BATCH }, (_, image) => (image * 2) % network.classes);
const smoothed = (logits: Node, of: Node): Node =>
  crossEntropy(logits, of, { labelSmoothing: 0.1, classWeights: null });

async function open(name: EngineName, memory?: number) {
  const engine = await createEngine(name, { threads: 1, ...(memory !== undefined && { memory }) });
  const optimizer = { name: 'sgd', momentum: 0, nesterov: false } as const;
  const session = engine.session(network, { optimizer, threads: 1 });
  session.write(hashedState(network));
  const step = session.trainStep({ batch: BATCH, taps: [] });
  const forward = (pixels: string): void => {
    step.input.set(signed(pixels, step.input.length));
    step.forward(0, 0);
  };
  const read = () => readArrays(session, { logits: step.array('logits'), gradient: step.array('logits-gradient') });
  return { engine, session, step, forward, read };
}

describe.each([
  ['wasm', 6],
  ['reference', 12],
] as const)('a loss on %s', (name, digits) => {
  it('has its value, and writes its gradient into the step, as often as it runs', async () => {
    const { engine, session, step, forward, read } = await open(name);
    const loss = compileLoss(session, step, smoothed);
    loss.input(LOSS.labels).set(labels);
    // The labels stay.
    for (const pixels of ['a', 'b']) {
      forward(pixels);
      loss.run();
      const { logits, gradient } = read();
      const expected = expectedOf(logits, labels);
      expect(loss.result(LOSS.loss)).toHaveLength(1);
      expect(loss.result(LOSS.loss)[0]).toBeCloseTo(expected.loss, digits);
      // The oracle's gradient is float32.
      expected.gradient.forEach((value, i) => expect(gradient[i]).toBeCloseTo(value, 7));
    }
    await engine.dispose();
  });

  it('is what the parameters’ gradients come from', async () => {
    const { engine, session, step, forward, read } = await open(name);
    const loss = compileLoss(session, step, smoothed);
    loss.input(LOSS.labels).set(labels);
    forward('a');
    loss.run();
    const { gradient } = read();
    step.backward();
    const ours = session.readGradients();
    forward('a');
    step.logitsGradient.set(gradient);
    step.backward();
    // Float32 is what the caller can write.
    for (const [parameter, values] of session.readGradients())
      ours.get(parameter)!.forEach((value, i) => expect(value).toBeCloseTo(values[i]!, 5));
    expect([...ours.values()].some((values) => values.some((value) => Math.abs(value) > 1e-3))).toBe(true);
    await engine.dispose();
  });
});

describe('a loss', () => {
  it('has no adapters', async () => {
    const { engine, session, step } = await open('reference');
    const from = { height: 1, width: 1, channels: network.classes };
    const learned = adapter({
      name: 'guess',
      from,
      differentiable: true,
      layers: (net) => net.linear('guess', net.image, 2),
    });
    const adapted = (logits: Node): Node =>
      sum(makeNode('adapter', [logits], { adapter: learned, pass: 0 }, [BATCH, 1, 1, 2]));
    expect(() => compileLoss(session, step, adapted)).toThrow('nothing runs adapter guess');
    await engine.dispose();
  });

  it('that does not fit is refused with what would help', async () => {
    const { engine, session, step } = await open('wasm', 2 ** 24);
    const pairs = (logits: Node): Node => sum(rowGram(broadcast(reshape(sum(logits), [1, 1]), [3000, 1])));
    expect(() => compileLoss(session, step, pairs)).toThrow(new RegExp(`^the loss of ${network.model} needs \\d+ MiB`));
    expect(() => compileLoss(session, step, pairs)).toThrow(
      expect.objectContaining({
        failures: [
          expect.objectContaining({ code: 'does-not-fit', fix: 'take a smaller batch_size, image_size or model' }),
        ],
      }) as Error,
    );
    // What fits still does.
    expect(() => compileLoss(session, step, smoothed)).not.toThrow();
    await engine.dispose();
  });
});
