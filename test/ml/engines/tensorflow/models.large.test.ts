import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../../src/ml/engines/engine.ts';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';
import { models, type ModelName } from '../../../../src/ml/models/registry.ts';
import { hashedState, signed } from '../../../support/hashed.ts';
import { goldens } from '../../../support/model-fixtures.ts';
import { parity } from '../../../support/parity.ts';
import { difference } from '../../../support/primitive.ts';
import { lacking, tensorflowExecutor } from '../../../support/tensorflow.ts';

const engine = lacking === undefined ? new CompiledEngine(tensorflowExecutor()) : undefined;
const wasm = await createEngine('wasm', { threads: 2 });
afterAll(() => Promise.all([engine?.dispose(), wasm.dispose()]));

/** Whose sums are in an order of their own, how many times as far they may be off as those of our kernels. */
const MULTIPLE = 2;
/**
 * Norms of gradients, relatively. With two images of 64², a ReLU6 of mobilenetv2 is 3.7e-7 from its kink: PyTorch in float64 itself makes
 * norms that differ by up to 1e-2 where the images change by 1e-7 of themselves, in three of six draws.
 */
const JUMPS = 0.03;

const BATCH = 4;

/** What one training step of a model gives: logits, running statistics, and the gradient's length in every parameter. */
function stepped(on: Engine, name: ModelName) {
  const built = models[name].build({ height: 32, width: 32, channels: 3 }, 7);
  const network = { ...built, layers: built.layers.map((layer) => ('rate' in layer ? { ...layer, rate: 0 } : layer)) };
  const session = on.session(network, { optimizer: { name: 'sgd', momentum: 0, nesterov: false }, threads: 2 });
  session.write(hashedState(network, 1));
  const step = session.trainStep({ batch: BATCH, taps: [] });
  step.input.set(signed('pixels', step.input.length));
  step.forward(0, 0);
  const logits = step.logits.slice();
  step.logitsGradient.set(signed('gradient', logits.length));
  step.backward();
  const statistics = [...session.read()].filter(([entry]) => entry.endsWith('running_var'));
  const gradients = [...session.readGradients().values()];
  session.dispose();
  return {
    logits,
    statistics: Float32Array.from(statistics.flatMap(([, values]) => [...values])),
    lengths: Float32Array.from(gradients, (values) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0))),
  };
}

describe.skipIf(!engine)(`the tensorflow engine${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  it.each([...goldens])(
    'gives the logits, statistics and gradients of %s that PyTorch has in float64',
    (name, golden) => {
      const differences = parity(engine!, name, golden);
      expect(differences).toHaveLength(9);
      for (const { quantity, difference: got, tolerance } of differences) {
        const least = quantity === 'train.grad_norm_relative' ? JUMPS : 0;
        expect(got, quantity).toBeLessThanOrEqual(Math.max(least, MULTIPLE * tolerance.float32));
      }
    },
  );

  const others = (Object.keys(models) as ModelName[]).filter((name) => !new Map(goldens).has(name));
  it.each(others)('makes the step of %s that the wasm engine makes', (name) => {
    const [got, expected] = [stepped(engine!, name), stepped(wasm, name)];
    expect(difference(got.logits, expected.logits)).toBeLessThan(1e-3);
    expect(difference(got.statistics, expected.statistics)).toBeLessThan(1e-4);
    expect(difference(got.lengths, expected.lengths)).toBeLessThan(JUMPS);
  });
});
