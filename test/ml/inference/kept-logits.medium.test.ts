import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { trainBatches } from '../../../src/ml/data/train-batches.ts';
import type { Session } from '../../../src/ml/engines/engine.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { encodeLogits, KeptLogits } from '../../../src/ml/inference/kept-logits.ts';
import { BatchImages } from '../../../src/ml/inference/batch-images.ts';
import { predict } from '../../../src/ml/inference/predict.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { atOnce } from '../../support/at-once.ts';
import { unchanged } from '../../support/train-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'kdpipe-logits-'));
afterAll(() => rmSync(folder, { recursive: true }));

const origin = { weights: 'a'.repeat(64), data: 'b'.repeat(64) };
function kept(...names: readonly string[]): KeptLogits {
  const logits = (first: number) => Float32Array.from({ length: 6 }, (_, i) => first + i);
  const predicted = names.map((split, at) => ({
    split: split as 'val',
    tta: 'none' as const,
    logits: logits(10 * at),
  }));
  const path = join(folder, `${names.join('-')}.safetensors`);
  writeFileSync(path, encodeLogits([...predicted, { split: 'val', tta: 'ten-crop', logits: logits(100) }], origin, 3));
  return new KeptLogits(path);
}

describe('kept logits', () => {
  it('are found again by split and augmentation, and say of what they are', () => {
    const file = kept('val', 'test');
    expect([...file.of('val', 'none')]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...file.of('test', 'none')]).toEqual([10, 11, 12, 13, 14, 15]);
    expect([...file.of('val', 'ten-crop')]).toEqual([100, 101, 102, 103, 104, 105]);
    expect(file.origin).toEqual(origin);
  });

  it('that are not there, or are of other images, are refused', () => {
    const file = kept('val');
    expect(() => file.of('test', 'ten-crop')).toThrow('has no logits of test.ten-crop');
    expect(() => file.requireData(origin.data)).not.toThrow();
    expect(() => file.requireData(origin.weights)).toThrow('the logits are of another dataset');
  });
});

/** What a frozen network says of the batches of an epoch with fixed crops, image by image: as a teacher in training. */
function inTraining(session: Session, data: ReturnType<typeof paintedSet>, batchSize: number): Float32Array {
  const { classes } = session.network;
  const split = data.split('train');
  const pass = { ...unchanged, batchSize, epoch: 1, seed: 5 };
  const batches = trainBatches(split, data.manifest, pass);
  const found = new Float32Array(split.count * classes);
  for (let batch = 0; batch < batches.count; batch++) {
    const step = session.forwardStep({ batch: batches.size(batch), taps: [] });
    const indices = atOnce(batches.fill(batch, step.input, new Int32Array(batchSize)));
    step.run();
    indices.forEach((index, row) => {
      found.set(step.logits.subarray(row * classes, (row + 1) * classes), index * classes);
    });
  }
  return found;
}

const data = paintedSet({ train: 9, side: 32 });
const { signal } = new AbortController();
const options = { format: data.manifest, batchSize: 9, tta: 'none', signal } as const;
/** One model a family: every kind of convolution, of activation and of pooling. */
const families = [
  'convnet8',
  'resnet8',
  'resnet18',
  'wrn_16_2',
  'vgg8_bn',
  'mobilenetv2',
  'ghostnet',
  'efficientnet_v2_s',
];
const builds = [
  ['relaxed', families],
  ['simd', ['resnet8', 'mobilenetv2']],
] as const;

describe.each(builds)('logits of the %s build', (build, names) => {
  const engine = new CompiledEngine(new WasmExecutor({ threads: 2, build }));
  afterAll(() => engine.dispose());

  it.each(names)('of %s are the same bits whatever the batch, its other images and the threads', async (model) => {
    const network = networkFor(model, data.manifest);
    const state = initialState(network, 3);
    const [one, two] = [1, 2].map((threads) => engine.session(network, { optimizer: null, threads }));
    for (const session of [one!, two!]) session.write(state);
    const alone = await predict(one!, data.split('train'), {
      ...options,
      images: new BatchImages(engine, data.manifest),
    });
    // Batches of 4, 4 and 1; of 5 and 4.
    expect(inTraining(two!, data, 4)).toEqual(alone);
    expect(inTraining(one!, data, 5)).toEqual(alone);
    for (const session of [one!, two!]) session.dispose();
  });
});
