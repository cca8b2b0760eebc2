import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directLoader } from '../../../src/ml/data/batch-loader.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { pack } from '../../../src/ml/data/pack.ts';
import type { PackedDataset } from '../../../src/ml/data/packed.ts';
import { trainBatches, type TrainOptions } from '../../../src/ml/data/train-batches.ts';
import { bits } from '../../../src/ml/random/random.ts';
import { atOnce } from '../../support/at-once.ts';
import { unchanged } from '../../support/train-options.ts';
import { Folder, notes, packDefaults, sampleSet } from './samples.ts';

const SIDE = 10;
const VALUES = SIDE * SIDE * 3;
const options: TrainOptions = { ...unchanged, batchSize: 8, seed: 3, crop: 'pad', flip: true, randomErasing: 0.5 };
const twice: TrainOptions = { ...options, secondView: 'fixmatch' };

let folder: Folder;
let dataset: PackedDataset;

beforeAll(async () => {
  folder = new Folder();
  await pack(sampleSet([15, 15], { width: 12, height: 10, side: SIDE }), folder.path, packDefaults, notes());
  dataset = openPacked(folder.path);
});
afterAll(() => {
  dataset.close();
  folder.remove();
});

/** All images of an epoch by their places in the split, in a batch each. */
function imagesBy(pass: TrainOptions, epoch: number): ReadonlyMap<number, Float32Array> {
  const batches = trainBatches(dataset.split('train'), dataset.manifest, { ...pass, batchSize: 1, epoch });
  return new Map(
    Array.from({ length: batches.count }, (_, batch) => {
      const images = new Float32Array(VALUES);
      const [index] = atOnce(batches.fill(batch, images, new Int32Array(1)));
      return [index!, images];
    }),
  );
}

describe('batches of two views', () => {
  it('hold the one view, and behind it the same images as another seed and the other augmentation show them', async () => {
    const [one, two] = [options, twice].map((of) => directLoader(dataset.split('train'), dataset.manifest, of));
    const others = { ...options, augment: 'fixmatch', seed: bits(3, 'view', 0, 1) } as const;
    for (const epoch of [0, 1]) {
      const second = imagesBy(others, epoch);
      for (let batch = 0; batch < one!.count; batch++) {
        const [alone, both] = [await one!.take(epoch, batch), await two!.take(epoch, batch)];
        const size = alone.labels.length;
        expect(both).toMatchObject({ labels: alone.labels, indices: alone.indices });
        expect(both.images).toHaveLength(2 * size * VALUES);
        expect(both.images.subarray(0, size * VALUES)).toEqual(alone.images);
        alone.indices.forEach((index, slot) => {
          const shown = both.images.subarray((size + slot) * VALUES, (size + slot + 1) * VALUES);
          expect(shown).toEqual(second.get(index));
        });
      }
    }
  });
});
