import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import type { PackedDataset, Split } from '../../../src/ml/data/packed.ts';
import { dataset } from '../../../src/stages/dataset/kind.ts';
import { encoded, failuresOf, Folder, idxBytes, picture, writeTree } from '../../ml/data/samples.ts';
import { Workshop, type Made } from '../../support/stage-workshop.ts';
import { atOnce } from '../../support/at-once.ts';

let folder: Folder;
let workshop: Workshop;
const opened: PackedDataset[] = [];
beforeEach(() => {
  folder = new Folder();
  workshop = new Workshop();
});
afterEach(() => {
  for (const data of opened.splice(0)) data.close();
  workshop.remove();
  folder.remove();
});

const make = (params: JsonObject): Promise<Made> => workshop.make(dataset, { root: folder.path, ...params });
const open = (made: Made): PackedDataset => {
  const data = openPacked(join(made.folder, 'data'));
  opened.push(data);
  return data;
};
const namesOf = (data: PackedDataset, split: Split) => [...data.split(split).names];
const fractions = (val: number, test: number, seed = 0): JsonObject => ({ split: { val, test, seed } });

/** Images of 5 × 6 grey pixels, whose value tells image and place, with labels that go round. */
const [count, height, width] = [24, 5, 6] as const;
const grey = Array.from({ length: count * height * width }, (_, at) => (at * 11 + (at >> 3)) & 255);
const labels = Array.from({ length: count }, (_, at) => at % 3);
const images = idxBytes([count, height, width], grey);

/** IDX files, each as it is or packed. */
function writeIdx(packed: { readonly images: boolean; readonly labels: boolean }): void {
  const write = (name: string, bytes: Buffer, isPacked: boolean) =>
    folder.write(isPacked ? `${name}.gz` : name, isPacked ? gzipSync(bytes) : bytes);
  write('train-images-idx3-ubyte', images, packed.images);
  write('train-labels-idx1-ubyte', idxBytes([count], labels), packed.labels);
}

/** Image folders with so many pictures of each class. */
const writeFolders = (counts: Readonly<Record<string, number>>) => writeTree(folder, counts);

describe('a dataset of IDX files', () => {
  it.each([
    [true, true],
    [true, false],
    [false, true],
  ])('is the same from packed files (images %s, labels %s)', async (isImages, isLabels) => {
    writeIdx({ images: false, labels: false });
    const plain = open(await make({ source: 'idx', image_size: 8 }));
    folder.remove();
    folder = new Folder();
    writeIdx({ images: isImages, labels: isLabels });
    const packed = open(await make({ source: 'idx', image_size: 8 }));
    for (const split of ['train', 'val', 'test'] as const) {
      expect(packed.split(split).labels).toEqual(plain.split(split).labels);
      for (let at = 0; at < plain.split(split).count; at++)
        expect(atOnce(packed.split(split).image('train', at))).toEqual(atOnce(plain.split(split).image('train', at)));
    }
  });

  it.each<[string, () => void, string]>([
    [
      'more labels than images',
      () => folder.write('train-labels-idx1-ubyte', idxBytes([25], [...labels, 0])),
      'damaged-idx',
    ],
    [
      'labels where images should be',
      () => folder.write('train-images-idx3-ubyte', idxBytes([count], labels)),
      'not-idx',
    ],
    ['a file that is cut off', () => folder.write('train-images-idx3-ubyte', images.subarray(0, 200)), 'damaged-idx'],
    [
      'a packed file that is cut off',
      () => folder.write('train-images-idx3-ubyte', gzipSync(images).subarray(0, 100)),
      'damaged-idx',
    ],
    ['an empty file', () => folder.write('train-labels-idx1-ubyte', ''), 'not-idx'],
  ])('refuses %s, naming the file', async (_, spoil, code) => {
    writeIdx({ images: false, labels: false });
    spoil();
    const [failure] = await failuresOf(() => make({ source: 'idx', image_size: 8 }));
    expect(failure?.code).toBe(code);
    expect(failure?.place?.file).toMatch(/train-(images|labels)/);
  });
});

describe('the splits of a dataset', () => {
  const sizes = { ant: 13, bee: 20, cow: 31 };

  it.each([
    [0.2, 0.2],
    [0, 0.3],
    [0.5, 0],
    [0.3, 0.6],
  ])('with val %s and test %s are cut class by class, and hold each image once', async (val, test) => {
    await writeFolders(sizes);
    const data = open(await make({ source: 'image-folder', image_size: 8, ...fractions(val, test) }));
    const tests = Object.values(sizes).map((size) => Math.floor(test * size + 1e-9));
    const vals = Object.values(sizes).map((size, at) => Math.floor(val * (size - (tests[at] ?? 0)) + 1e-9));
    const rest = Object.values(sizes).map((size, at) => size - (tests[at] ?? 0) - (vals[at] ?? 0));
    const { splits } = data.manifest;
    expect([splits.test.perClass, splits.val.perClass, splits.train.perClass]).toEqual([tests, vals, rest]);
    const all = [...namesOf(data, 'train'), ...namesOf(data, 'val'), ...namesOf(data, 'test')].sort();
    expect(all).toEqual(
      Object.entries(sizes)
        .flatMap(([name, size]) => Array.from({ length: size }, (_, at) => `${name}/${at}.png`))
        .sort(),
    );
  });

  it('keep their test images whatever the share of validation, and change them with the seed', async () => {
    await writeFolders(sizes);
    const tests = async (val: number, seed: number) =>
      namesOf(open(await make({ source: 'image-folder', image_size: 8, ...fractions(val, 0.3, seed) })), 'test');
    const first = await tests(0.2, 0);
    expect(await tests(0.6, 0)).toEqual(first);
    expect(await tests(0.2, 1)).not.toEqual(first);
  });

  it('within limits are part of those without, with the same number of each class, and leave the others alone', async () => {
    await writeFolders(sizes);
    const whole = open(await make({ source: 'image-folder', image_size: 8 }));
    const cut = open(await make({ source: 'image-folder', image_size: 8, limit: { train: 8, test: 3 } }));
    expect(cut.manifest.splits.train.perClass).toEqual([3, 3, 2]);
    expect(cut.manifest.splits.test.perClass).toEqual([1, 1, 1]);
    for (const split of ['train', 'test'] as const) {
      const known = new Set(namesOf(whole, split));
      expect(namesOf(cut, split).filter((name) => !known.has(name))).toEqual([]);
    }
    expect(namesOf(cut, 'val')).toEqual(namesOf(whole, 'val'));
  });

  it('of folders that are split already are those folders; only train gives to what is missing', async () => {
    await writeTree(folder, { 'train/a': 10, 'train/b': 10, 'test/a': 3, 'test/b': 2 });
    const data = open(await make({ source: 'image-folder', image_size: 8, ...fractions(0.2, 0.5) }));
    expect(namesOf(data, 'test').every((name) => name.startsWith('test/'))).toBe(true);
    expect(data.manifest.splits).toMatchObject({
      train: { perClass: [8, 8] },
      val: { perClass: [2, 2] },
      test: { perClass: [3, 2] },
    });
  });

  it('may not lose a class to a limit', async () => {
    await writeFolders(sizes);
    const [failure] = await failuresOf(() => make({ source: 'image-folder', image_size: 8, limit: { train: 2 } }));
    expect(failure).toMatchObject({ code: 'limit-too-small', message: 'limit.train leaves class cow without images' });
  });
});

describe('images that cannot be decoded', () => {
  const whole = () => encoded(picture(3, 40, 40));
  const spoilt: readonly (readonly [string, () => Promise<Buffer>])[] = [
    ['an empty file', () => Promise.resolve(Buffer.alloc(0))],
    ['a text', () => Promise.resolve(Buffer.from('no picture'))],
    ['a picture that is cut off', async () => (await whole()).subarray(0, 60)],
    ['the head of a picture alone', async () => (await whole()).subarray(0, 8)],
  ];

  it.each(spoilt)('%s: fail names it; skip leaves it out of every split, and counts it', async (_, bytes) => {
    await writeFolders({ ant: 6, bee: 6 });
    const file = folder.write('ant/bad.png', await bytes());
    const [failure] = await failuresOf(() => make({ source: 'image-folder', image_size: 8 }));
    expect(failure).toMatchObject({ code: 'bad-image', place: { file } });
    const made = await make({ source: 'image-folder', image_size: 8, on_bad_image: 'skip' });
    expect(made.metrics).toMatchObject({ skipped: 1, skipped_images: ['ant/bad.png'] });
    const data = open(made);
    const names = (['train', 'val', 'test'] as const).flatMap((split) => namesOf(data, split));
    expect(names).toHaveLength(12);
    expect(names).not.toContain('ant/bad.png');
  });

  it('skipped until a class has none left are a failure that says so', async () => {
    await writeFolders({ ant: 6 });
    for (let at = 0; at < 6; at++) folder.write(`bee/${at}.png`, 'no picture');
    const [failure] = await failuresOf(() => make({ source: 'image-folder', image_size: 8, on_bad_image: 'skip' }));
    expect(failure?.code).toBe('class-without-images');
    expect(failure?.message).toContain('bee');
  });
});

describe('the statistics of a dataset', () => {
  it('of its own images are means over training images, of channel means and unbiased deviations', async () => {
    await writeFolders({ ant: 9, bee: 7 });
    const data = open(await make({ source: 'image-folder', image_size: 8, mean_std: 'data', ...fractions(0.2, 0.2) }));
    const train = data.split('train');
    for (const channel of [0, 1, 2] as const) {
      const values = Array.from({ length: train.count }, (_, at) =>
        [...atOnce(train.image('train', at)).pixels]
          .filter((_, place) => place % 3 === channel)
          .map((value) => value / 255),
      );
      const average = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
      const spread = (of: readonly number[]) =>
        Math.sqrt((average(of.map((value) => (value - average(of)) ** 2)) * of.length) / (of.length - 1));
      expect(data.manifest.mean[channel]).toBeCloseTo(average(values.map(average)), 12);
      expect(data.manifest.std[channel]).toBeCloseTo(average(values.map(spread)), 12);
    }
  });

  it('that are given are kept as they are', async () => {
    await writeFolders({ ant: 6, bee: 6 });
    const given = [
      [0.1, 0.2, 0.3],
      [0.4, 0.5, 0.6],
    ];
    const { metrics } = await make({ source: 'image-folder', image_size: 8, mean_std: given });
    expect(metrics).toMatchObject({ mean: given[0], std: given[1] });
  });
});
