import { afterAll, describe, expect, it } from 'vitest';
import { evalBatches } from '../../../src/ml/data/batches.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { BatchImages } from '../../../src/ml/inference/batch-images.ts';
import { passes, predict } from '../../../src/ml/inference/predict.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { largestDifference } from '../../support/loss-reference.ts';
import { paintedSet } from '../../support/painted-set.ts';

const data = paintedSet({ train: 10 });
const split = data.split('train');
const network = networkFor('convnet4', data.manifest);
const engine = await createEngine('wasm', { threads: 1 });
const session = engine.session(network, { optimizer: null, threads: 1 });
session.write(initialState(network, 1));
afterAll(() => engine.dispose());

const signal = new AbortController().signal;
const images = new BatchImages(engine, data.manifest);
const options = { format: data.manifest, images, tta: 'none', signal } as const;
const logits = async (change: object) => (await predict(session, split, { ...options, batchSize: 4, ...change }))!;

describe('prediction', () => {
  it('gives a row an image, in the split’s order, whatever the batch size', async () => {
    const rows = await logits({});
    expect(rows).toHaveLength(30);
    expect(await logits({ batchSize: 1 })).toEqual(rows);
    expect(await logits({ batchSize: 64 })).toEqual(rows);
  });

  it('averages the logits of ten crops of the larger view', async () => {
    const sums = new Float64Array(30);
    const step = session.forwardStep({ batch: 10, taps: [] });
    for (let crop = 0; crop < 10; crop++) {
      await evalBatches(split, data.manifest, { batchSize: 10, crop }).fill(0, step.input, new Int32Array(10));
      step.run();
      step.logits.forEach((value, i) => (sums[i] = sums[i]! + value / 10));
    }
    const averaged = await logits({ tta: 'ten-crop' });
    expect(largestDifference(averaged, sums)).toBeLessThan(1e-6);
    expect(averaged).not.toEqual(await logits({}));
  });

  it('says how many images it passes, and tells of each batch', async () => {
    const sizes: number[] = [];
    await logits({ onBatch: (images: number) => sizes.push(images) });
    expect(sizes).toEqual([4, 4, 2]);
    expect([passes(split, 'none'), passes(split, 'ten-crop')]).toEqual([10, 100]);
  });

  it('stops when it is told to', async () => {
    expect(await predict(session, split, { ...options, batchSize: 4, signal: AbortSignal.abort() })).toBeUndefined();
  });
});
