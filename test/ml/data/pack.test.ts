import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { centreCrop, cropImage } from '../../../src/ml/augment/crop.ts';
import { resizeShorterSide } from '../../../src/ml/augment/resize.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { pack } from '../../../src/ml/data/pack.ts';
import { BAD_IMAGE, type ImageSet, type SourceImage } from '../../../src/ml/data/source.ts';
import { SPLITS, splitImages } from '../../../src/ml/data/split.ts';
import { RunningStatistics } from '../../../src/ml/data/statistics.ts';
import { fail } from '../../../src/core/failure.ts';
import { failuresOf, Folder, notes, packDefaults, sampleSet } from './samples.ts';
import { atOnce } from '../../support/at-once.ts';

let folder: Folder;
beforeEach(() => void (folder = new Folder()));
afterEach(() => folder.remove());

const set = sampleSet([10, 12, 15], { width: 33, height: 25, side: 20 });

/** The set with one image that can't be decoded. */
function withBad(name: string): ImageSet {
  const read = (): never => fail({ code: BAD_IMAGE, message: `${name} is broken` });
  return { ...set, images: set.images.map((image): SourceImage => (image.name === name ? { ...image, read } : image)) };
}

describe('packing', () => {
  it('writes both views of every image as the transforms make them, with label and name', async () => {
    const { manifest } = await pack(set, folder.path, packDefaults, notes());
    expect(manifest).toMatchObject({ imageSize: 20, trainSize: 22, classes: ['class 0', 'class 1', 'class 2'] });
    const chosen = splitImages(set.images, set.classes, packDefaults.split);
    const dataset = openPacked(folder.path);
    for (const name of SPLITS) {
      const split = dataset.split(name);
      const expected = chosen[name].map((index) => set.images[index]!);
      expect(split.count).toBe(expected.length);
      expect([...split.names]).toEqual(expected.map((image) => image.name));
      expect([...split.labels]).toEqual(expected.map((image) => image.label));
      for (const [index, image] of expected.entries()) {
        const decoded = await image.read();
        const { pixels, height, width } = resizeShorterSide(decoded, 22);
        expect(atOnce(split.image('train', index))).toMatchObject({ height: 22, width: 29 });
        expect([...atOnce(split.image('train', index)).pixels]).toEqual([...pixels]);
        expect([height, width]).toEqual([22, 29]);
        const small = resizeShorterSide(decoded, 20);
        expect([...atOnce(split.image('eval', index)).pixels]).toEqual([
          ...cropImage(small, centreCrop(small, 20), 20).pixels,
        ]);
      }
    }
    dataset.close();
  });

  it('resizes and crops as it is told, and says so where that is not as usual', async () => {
    const options = { ...packDefaults, interpolation: 'bicubic', cropPct: 0.875 } as const;
    const { manifest } = await pack(set, folder.path, options, notes());
    expect(manifest).toMatchObject({ imageSize: 20, trainSize: 22, interpolation: 'bicubic', cropPct: 0.875 });
    const dataset = openPacked(folder.path);
    const index = splitImages(set.images, set.classes, packDefaults.split).test[0]!;
    const decoded = await set.images[index]!.read();
    // timm: floor(20 / 0.875)
    const small = resizeShorterSide(decoded, 22, 'bicubic');
    const test = dataset.split('test');
    expect([...atOnce(test.image('eval', 0)).pixels]).toEqual([...cropImage(small, centreCrop(small, 20), 20).pixels]);
    expect([...atOnce(test.image('train', 0)).pixels]).toEqual([...small.pixels]);
    dataset.close();
    const usual = await pack(set, folder.path, packDefaults, notes());
    expect(Object.keys(usual.manifest)).not.toContain('interpolation');
    expect(Object.keys(usual.manifest)).not.toContain('cropPct');
  });

  it('counts images a class in each split', async () => {
    const { manifest } = await pack(set, folder.path, packDefaults, notes());
    expect(manifest.splits).toEqual({
      train: { count: 25, perClass: [7, 8, 10] },
      val: { count: 5, perClass: [1, 2, 2] },
      test: { count: 7, perClass: [2, 2, 3] },
    });
    expect(openPacked(folder.path).manifest).toEqual(manifest);
  });

  it('gives the same bytes whatever the number of threads and the order in which images are decoded', async () => {
    await pack(set, folder.at('plain'), packDefaults, notes());
    const plain = folder.contents('plain');
    expect(Object.keys(plain)).toHaveLength(1 + 3 * 6);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 8 }), async (s, threads) => {
        const images = set.images.map((image) => ({ ...image, read: () => s.schedule(Promise.resolve(image.read())) }));
        const name = `run${run++}`;
        await s.waitFor(pack({ ...set, images }, folder.at(name), { ...packDefaults, threads }, notes()));
        expect(folder.contents(name)).toEqual(plain);
      }),
      { numRuns: 10 },
    );
  });

  it('takes mean and deviation of the training images alone, whole, at the size that crops are taken from', async () => {
    const { manifest } = await pack(set, folder.path, { ...packDefaults, meanStd: 'data' }, notes());
    const statistics = new RunningStatistics();
    const train = openPacked(folder.path).split('train');
    for (let index = 0; index < train.count; index++) statistics.add(atOnce(train.image('train', index)));
    expect({ mean: manifest.mean, std: manifest.std }).toEqual(statistics.result());
  });

  it('takes given statistics and another size', async () => {
    const meanStd = { mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] } as const;
    const { manifest } = await pack(set, folder.path, { ...packDefaults, meanStd, imageSize: 9 }, notes());
    expect(manifest).toMatchObject({ ...meanStd, imageSize: 9, trainSize: 9 });
    expect(atOnce(openPacked(folder.path).split('val').image('eval', 0))).toMatchObject({ height: 9, width: 9 });
  });

  it('tells progress image by image to the end', async () => {
    const seen = notes();
    await pack(set, folder.path, packDefaults, seen);
    expect(seen.steps).toEqual(Array.from({ length: 37 }, (_, k) => [k + 1, 37]));
  });

  it('warns of a limit above what there is', async () => {
    const seen = notes();
    const limit = { train: 26, val: 5 };
    await pack(set, folder.path, { ...packDefaults, split: { ...packDefaults.split, limit } }, seen);
    expect(seen.warnings).toEqual(['limit.train is 26, but the split has 25 images: all are used']);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const seen = notes(stop.signal);
    const progress = (done: number) => done === 9 && stop.abort();
    await expect(pack(set, folder.path, packDefaults, { ...seen, progress })).rejects.toThrow('aborted');
    expect(Object.keys(folder.contents())).not.toContain('dataset.json');
  });
});

describe('a bad image', () => {
  it('ends packing by default', async () => {
    const failures = await failuresOf(() => pack(withBad('1/3'), folder.path, packDefaults, notes()));
    expect(failures).toEqual([{ code: BAD_IMAGE, message: '1/3 is broken' }]);
  });

  it('is left out, with a warning, where that is asked for; all others are as without it', async () => {
    const seen = notes();
    const options = { ...packDefaults, onBadImage: 'skip' as const };
    const { manifest, skipped } = await pack(withBad('1/3'), folder.at('bad'), options, seen);
    expect(skipped).toEqual(['1/3']);
    expect(seen.warnings).toEqual([expect.stringMatching(/^1\/3 .*skipped/)]);
    await pack(set, folder.at('good'), options, notes());
    const [bad, good] = [openPacked(folder.at('bad')), openPacked(folder.at('good'))];
    expect(SPLITS.reduce((sum, split) => sum + manifest.splits[split].count, 0)).toBe(36);
    for (const split of SPLITS) {
      expect(bad.split(split).names).toEqual(good.split(split).names.filter((name) => name !== '1/3'));
    }
  });

  it('that was the last of its class in a split ends packing all the same', async () => {
    const { val } = splitImages(set.images, set.classes, packDefaults.split);
    const only = set.images[val[0]!]!;
    expect(only.label).toBe(0);
    const options = { ...packDefaults, onBadImage: 'skip' as const };
    const [failure] = await failuresOf(() => pack(withBad(only.name), folder.path, options, notes()));
    expect(failure?.code).toBe('class-without-images');
    expect(failure?.message).toBe('class class 0 has no image in the val split that can be decoded');
  });

  it('may be one that is too long and thin to be resized', async () => {
    const thin: SourceImage = {
      name: 'thin.png',
      label: 0,
      read: () => ({ pixels: new Uint8Array(3 * 200_000), height: 1, width: 200_000 }),
    };
    const long = { ...set, naturalSize: 224, images: [thin, ...set.images] };
    const failures = await failuresOf(() => pack(long, folder.path, packDefaults, notes()));
    expect(failures).toMatchObject([{ code: BAD_IMAGE, message: expect.stringContaining('200000×1') as string }]);
  });

  it('is not a bug of ours: other errors are never skipped', async () => {
    const read = (): never => {
      throw new TypeError('a bug');
    };
    const buggy = { ...set, images: set.images.map((image) => ({ ...image, read })) };
    await expect(pack(buggy, folder.path, { ...packDefaults, onBadImage: 'skip' }, notes())).rejects.toThrow('a bug');
  });
});
