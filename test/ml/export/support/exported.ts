import type { Engine } from '../../../../src/ml/engines/engine.ts';
import type { Images } from '../../../../src/ml/export/export-format.ts';
import type { TrainedModel } from '../../../../src/ml/inference/trained-model.ts';
import { models, type ModelName } from '../../../../src/ml/models/registry.ts';
import { hashedState, signed } from '../../../support/hashed.ts';
import { goldens } from '../../../support/model-fixtures.ts';

/** A network of ten classes at a small size, with hash-made weights and statistics that are nobody's default. */
export function modelOf(name: ModelName): TrainedModel {
  const side = Math.max(models[name].minimumSize, 32);
  const network = models[name].build({ height: side, width: side, channels: 3 }, 10);
  return {
    network,
    state: hashedState(network, goldens.get(name)?.gain),
    classes: Array.from({ length: 10 }, (_, label) => `class “${label}”`),
    input: { statistics: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] }, interpolation: 'bicubic', crop: 0.875 },
    batches: 7,
  };
}

/** Images in ±2. */
export function someImages({ network }: TrainedModel, count: number): Images {
  return { count, values: signed('image', count * network.input.height ** 2 * 3, 2) };
}

/** Logits of an engine of ours. */
export function ourLogits(engine: Engine, { network, state }: TrainedModel, { count, values }: Images): Float32Array {
  const session = engine.session(network, { optimizer: null });
  try {
    session.write(state);
    const step = session.forwardStep({ batch: count, taps: [] });
    step.input.set(values);
    step.run();
    return step.logits.slice();
  } finally {
    session.dispose();
  }
}

/** Largest difference, by the largest logit. */
export function largestDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  const scale = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (found.length !== expected.length || !(scale > 0)) return Infinity;
  return (
    Array.from(found).reduce((most, value, at) => Math.max(most, Math.abs(value - (expected[at] ?? NaN))), 0) / scale
  );
}
