import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { normalisationTable } from '../../../src/ml/augment/normalise.ts';
import { type ImageForm } from '../../../src/ml/data/batches.ts';
import { mixOf, trainBatches, type TrainOptions } from '../../../src/ml/data/train-batches.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { pack } from '../../../src/ml/data/pack.ts';
import { lookedUp } from '../../../src/ml/engines/pixels.ts';
import type { PackedDataset } from '../../../src/ml/data/packed.ts';
import {
  batchOf,
  directLoader,
  formFor,
  type BatchLoader,
  type TrainBatch,
} from '../../../src/ml/data/batch-loader.ts';
import { batchLoaderFor } from '../../../src/ml/data/batch-loader-for.ts';
import { ThreadedLoader } from '../../../src/ml/data/threaded-loader.ts';
import { failuresOf, Folder, notes, packDefaults, sampleSet } from './samples.ts';
import { twinOf } from '../../../src/util/twin-memory.ts';
import { atOnce } from '../../support/at-once.ts';
import { unchanged } from '../../support/train-options.ts';

const options: TrainOptions = {
  ...unchanged,
  ...{ batchSize: 7, seed: 3, crop: 'random', flip: true, augment: 'autoaugment', mixup: 'mixup' },
};
let folder: Folder;
let dataset: PackedDataset;

beforeAll(async () => {
  folder = new Folder();
  await pack(sampleSet([30, 31], { width: 17, height: 14, side: 12 }), folder.path, packDefaults, notes());
  dataset = openPacked(folder.path);
});
afterAll(() => {
  dataset.close();
  folder.remove();
});

const direct = (change: Partial<TrainOptions> = {}): BatchLoader =>
  directLoader(dataset.split('train'), dataset.manifest, { ...options, ...change });
const threaded = (threads: number, change: Partial<TrainOptions> = {}, form: ImageForm = 'normalised') =>
  new ThreadedLoader({
    ...{ folder: folder.path, manifest: dataset.manifest, threads, form },
    options: { ...options, ...change },
  });

/** A batch as text: bytes of images, labels, places in the split, and how it is mixed. */
const textOf = ({ images, labels, indices, mixed }: TrainBatch): string =>
  [
    Buffer.from(images.buffer, images.byteOffset, images.byteLength).toString('base64'),
    labels.join(),
    indices.join(),
    mixed ? `${mixed.share} ${mixed.partners.join()}` : '',
  ].join('|');

/** Batches at these places, taken in turn; closes the loader. */
async function taken(loader: BatchLoader, places: readonly (readonly [number, number])[]): Promise<string[]> {
  const texts: string[] = [];
  for (const [epoch, batch] of places) texts.push(textOf(await loader.take(epoch, batch)));
  await loader.close();
  return texts;
}

/** All places of some epochs. */
const epochs = (count: number, of: number): [number, number][] =>
  Array.from({ length: count * of }, (_, k): [number, number] => [Math.floor(k / of), k % of]);

describe('a threaded loader for an engine in another process', () => {
  it.skipIf(!existsSync('/dev/shm'))('puts each batch into memory that the other may map, too', async () => {
    const { manifest } = dataset;
    const loader = new ThreadedLoader({
      ...{ folder: folder.path, manifest, threads: 2, form: 'normalised', options, twinned: true },
    });
    for (const [epoch, number] of epochs(2, loader.count)) {
      const { images } = await loader.take(epoch, number);
      if (images instanceof Int32Array) throw new Error('squares');
      const there = readFileSync(twinOf(images)!.path).subarray(0, images.byteLength);
      expect(there.equals(Buffer.from(images.buffer, 0, images.byteLength))).toBe(true);
    }
    await loader.close();
  });
});

describe('a direct loader', () => {
  it('gives the batches of each epoch and what they are made of, with the partners’ labels where they are mixed', () => {
    const loader = direct();
    const split = dataset.split('train');
    expect(loader.count).toBe(Math.ceil(split.count / 7));
    let mixes = 0;
    for (const [epoch, number] of epochs(4, loader.count)) {
      const batches = trainBatches(split, dataset.manifest, { ...options, epoch });
      const images = new Float32Array(batches.size(number) * 12 * 12 * 3);
      const labels = new Int32Array(batches.size(number));
      const indices = atOnce(batches.fill(number, images, labels)).slice();
      const mix = mixOf(options, 12, epoch, number);
      const partners = labels.map((_, k) => labels[(k + labels.length - 1) % labels.length]!);
      expect(loader.take(epoch, number)).toEqual({
        ...{ images, labels, indices },
        mixed: mix && { share: mix.share, partners },
      });
      expect([...indices].map((index) => split.labels[index])).toEqual([...labels]);
      if (mix) mixes += 1;
    }
    // Binomial(24, ½): neither never nor always.
    expect(mixes).toBeGreaterThan(3);
    expect(mixes).toBeLessThan(21);
  });
});

describe('a threaded loader', () => {
  const many = epochs(3, 6);

  it.each([1, 2, 3])(
    'of %i threads gives the bits of a direct one, partial batches and ends of epochs included',
    async (n) => {
      expect(direct().count).toBe(6);
      expect(await taken(threaded(n), many)).toEqual(await taken(direct(), many));
    },
  );

  it.each<Partial<TrainOptions>>([
    { augment: 'none', mixup: 'none' },
    { augment: 'none', mixup: 'none', secondView: 'fixmatch' },
    { augment: 'none', mixup: 'cutmix', crop: 'centre' },
    { augment: 'autoaugment', mixup: 'cutmix' },
    { augment: 'augmix', mixup: 'none', flip: false },
  ])('gives, as a direct one does, the pixels that a look-up makes the normalised batches of: %o', async (change) => {
    const { mean, std } = dataset.manifest;
    const table = normalisationTable(mean, std);
    const form = formFor(true, { ...options, ...change });
    expect(form).toBe('pixels');
    const split = dataset.split('train');
    const loaders = [threaded(2, change, form), directLoader(split, dataset.manifest, { ...options, ...change }, form)];
    const normalised = direct(change);
    for (const [epoch, number] of many) {
      const wanted = await normalised.take(epoch, number);
      for (const loader of loaders) {
        const { images, ...others } = await loader.take(epoch, number);
        if (!(images instanceof Uint8Array)) throw new Error('no pixels');
        expect({ ...others, images: lookedUp(images, table) }).toEqual(wanted);
      }
    }
    await Promise.all(loaders.map((loader) => loader.close()));
  });

  it('has no pixels of pictures that are means of two', () => {
    expect([formFor(true, { ...unchanged, mixup: 'mixup' }), formFor(false, unchanged)]).toEqual([
      'normalised',
      'normalised',
    ]);
  });

  it.each(['none', 'randaugment', 'trivialaugment', 'augmix', 'cutout'])(
    'gives the bits of a direct one with %s and CutMix',
    async (augment) => {
      const change = { augment, mixup: 'cutmix' } as const;
      expect(await taken(threaded(2, change), many)).toEqual(await taken(direct(change), many));
    },
  );

  it('gives the right batch when it is taken out of order, as by a run that goes on from a checkpoint', async () => {
    const places = [
      [5, 3],
      [5, 4],
      [2, 1],
      [2, 1],
      [2, 0],
      [7, 5],
      [8, 0],
    ] as const;
    expect(await taken(threaded(2), places)).toEqual(await taken(direct(), places));
  });

  it('is a function of the place alone: any walk through a run, on any number of threads, sees what a direct one sees', async () => {
    const place = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 5 }));
    // Steps of a walk: on to the next batch, or a jump.
    const walk = fc.array(fc.option(place, { freq: 1, nil: 'on' as const }), { minLength: 1, maxLength: 12 });
    const [loaders, oracle] = [[threaded(1), threaded(3)], direct()];
    await fc.assert(
      fc.asyncProperty(walk, fc.nat({ max: 1 }), async (steps, which) => {
        let [epoch, batch] = [0, 0];
        for (const step of steps) {
          if (step !== 'on') [epoch, batch] = step;
          else if (++batch === oracle.count) [epoch, batch] = [epoch + 1, 0];
          expect(textOf(await loaders[which]!.take(epoch, batch))).toBe(textOf(await oracle.take(epoch, batch)));
        }
      }),
      { numRuns: 25 },
    );
    await Promise.all(loaders.map((loader) => loader.close()));
  });

  it('leaves a batch alone until the next one is taken, though others are made meanwhile', async () => {
    const loader = threaded(2);
    const batch = await loader.take(0, 0);
    const text = textOf(batch);
    // The next two need both other slots and both threads: when the second is there, they had every chance to write.
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(textOf(batch)).toBe(text);
    await loader.take(0, 1);
    expect(text).toBe((await taken(direct(), [[0, 0]]))[0]);
    await loader.close();
  });

  it('tells what is wrong with the dataset, as the thread that reads it found it', async () => {
    const damaged = new Folder();
    await pack(sampleSet([9, 9], { width: 14, height: 14, side: 12 }), damaged.path, packDefaults, notes());
    const { manifest } = openPacked(damaged.path);
    writeFileSync(damaged.at('train.train.pixels'), 'short');
    const loader = new ThreadedLoader({ folder: damaged.path, manifest, options, form: 'normalised', threads: 1 });
    const [failure] = await failuresOf(() => loader.take(0, 0));
    expect(failure).toMatchObject({ code: 'damaged-dataset' });
    expect(failure?.message).toContain('train.train.pixels: has 5 bytes');
    await loader.close();
    damaged.remove();
  });

  it('that dies says so to whoever waits, and to whoever asks later', async () => {
    // A policy that does not exist: the thread throws what nobody expects.
    const loader = threaded(2, { augment: 'mosaic' });
    for (let ask = 0; ask < 2; ask++) {
      const error = await loader.take(0, 0).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FailureError);
      const [failure] = (error as FailureError).failures;
      expect(failure?.code).toBe('data-thread-died');
      expect(failure?.message).toMatch(/^a thread that makes training batches ended: no augmentation is called mosaic/);
    }
    await loader.close();
  });

  it('that is closed, with batches under way or none, leaves no thread behind', async () => {
    const threadsAlive = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const before = threadsAlive();
    const [idle, busy] = [threaded(2), threaded(2)];
    await busy.take(0, 0);
    expect(threadsAlive()).toBe(before + 4);
    const pending = busy.take(0, 1).catch(() => undefined);
    await Promise.all([idle.close(), busy.close(), pending]);
    expect(threadsAlive()).toBe(before);
    expect(await failuresOf(() => busy.take(0, 2))).toMatchObject([{ code: 'data-thread-died' }]);
  });
});

describe('how a batch is mixed', () => {
  const places = epochs(50, 6);

  it('depends on seed, epoch and batch alone, and is not asked for where mixup is none', () => {
    const mixes = (change: Partial<TrainOptions>) =>
      places.map(([epoch, batch]) => mixOf({ ...options, ...change }, 12, epoch, batch));
    const first = mixes({});
    expect(mixes({ batchSize: 99, augment: 'none', flip: false })).toEqual(first);
    expect(mixes({ seed: 4 })).not.toEqual(first);
    expect(new Set(mixes({ mixup: 'none' }))).toEqual(new Set([null]));
    // Shares are drawn anew for each batch.
    const shares = first.flatMap((mix) => (mix ? [mix.share] : []));
    expect(new Set(shares).size).toBe(shares.length);
  });

  it('mixes the same batches with CutMix as with mixup: whether is drawn before how', () => {
    const mixed = (mixup: 'mixup' | 'cutmix') =>
      places.map(([epoch, batch]) => mixOf({ ...options, mixup }, 12, epoch, batch) !== null);
    expect(mixed('cutmix')).toEqual(mixed('mixup'));
    expect(new Set(mixed('mixup')).size).toBe(2);
  });

  it('is told of the images that a partial batch holds, and of no others', () => {
    const arrays = {
      images: new Float32Array(5 * 12).fill(1),
      labels: Int32Array.of(4, 5, 6, 7, 8),
      indices: Uint32Array.of(9, 3, 0, 1, 2),
    };
    expect(batchOf(arrays, 3, { share: 0.25, box: null })).toEqual({
      images: new Float32Array(3 * 12).fill(1),
      labels: Int32Array.of(4, 5, 6),
      indices: Uint32Array.of(9, 3, 0),
      mixed: { share: 0.25, partners: Int32Array.of(6, 4, 5) },
    });
    expect(batchOf(arrays, 5, null)).toEqual({ ...arrays, mixed: null });
  });
});

describe('the choice of a loader', () => {
  it.each([
    ['none', false],
    ['autoaugment', true],
    ['cutout', true],
  ] as const)('makes batches on a thread where it pays: %s', async (augment, isThreaded) => {
    const loader = batchLoaderFor(dataset, folder.path, { ...options, augment }, { threads: 2, takesPixels: false });
    expect(loader instanceof ThreadedLoader).toBe(isThreaded);
    expect(await taken(loader, [[1, 2]])).toEqual(await taken(direct({ augment }), [[1, 2]]));
  });
});
