import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { idx } from '../../../../src/ml/data/sources/idx.ts';
import { splitImages } from '../../../../src/ml/data/split.ts';
import { decoded, failuresOf, Folder, idxBytes } from '../samples.ts';

let folder: Folder;
beforeEach(() => void (folder = new Folder()));
afterEach(() => folder.remove());

const pixels = Array.from({ length: 4 * 3 * 2 }, (_, i) => (i * 37) & 255);
const images = idxBytes([4, 3, 2], pixels);
const labels = idxBytes([4], [2, 0, 1, 1]);

function writeTrain(): void {
  folder.write('train-images-idx3-ubyte', images);
  folder.write('train-labels-idx1-ubyte', labels);
}

describe('IDX files', () => {
  it('are read plain: every pixel in three equal channels, labels as classes', async () => {
    writeTrain();
    const set = await idx.open(folder.path);
    expect(set.classes).toEqual(['0', '1', '2']);
    expect(set.naturalSize).toBe(2);
    expect(set.images.map(({ label }) => label)).toEqual([2, 0, 1, 1]);
    expect(set.images.map(({ name }) => name)).toEqual([0, 1, 2, 3].map((k) => `train-images-idx3-ubyte#${k}`));
    const third = await set.images[2]!.read();
    const grey = pixels.slice(12, 18).flatMap((value) => [value, value, value]);
    expect(third).toEqual({ pixels: Uint8Array.from(grey), height: 3, width: 2 });
  });

  it('are read from gzip files, with the same names and pixels', async () => {
    writeTrain();
    const plain = await idx.open(folder.path);
    const zipped = new Folder();
    zipped.write('train-images-idx3-ubyte.gz', gzipSync(images));
    zipped.write('train-labels-idx1-ubyte.gz', gzipSync(labels));
    const set = await idx.open(zipped.path);
    expect(set.images.map(({ name }) => name)).toEqual(plain.images.map(({ name }) => name));
    expect(await decoded(set.images)).toEqual(await decoded(plain.images));
    zipped.remove();
  });

  it('named t10k are the test split; the others are for cutting', async () => {
    writeTrain();
    folder.write('t10k-images-idx3-ubyte.gz', gzipSync(idxBytes([2, 3, 2], new Array<number>(12).fill(9))));
    folder.write('t10k-labels-idx1-ubyte', idxBytes([2], [0, 2]));
    const set = await idx.open(folder.path);
    expect(set.images.map(({ split }) => split)).toEqual([undefined, undefined, undefined, undefined, 'test', 'test']);
    expect(set.images[5]).toMatchObject({ name: 't10k-images-idx3-ubyte#1', label: 2 });
  });
});

describe('labels of IDX files', () => {
  const write = (labels: readonly number[], tests: readonly number[] = []) => {
    folder.write('train-images-idx3-ubyte', idxBytes([labels.length, 1, 1], labels));
    folder.write('train-labels-idx1-ubyte', idxBytes([labels.length], labels));
    if (tests.length === 0) return;
    folder.write('t10k-images-idx3-ubyte', idxBytes([tests.length, 1, 1], tests));
    folder.write('t10k-labels-idx1-ubyte', idxBytes([tests.length], tests));
  };
  const labelled = async () => {
    const { classes, images, notes } = await idx.open(folder.path);
    return { named: images.map(({ label }) => classes[label]), classes, notes };
  };

  it('that begin at 1, as of EMNIST Letters, name the classes', async () => {
    const labels = Array.from({ length: 26 }, (_, k) => 26 - k);
    write(labels, [3, 1]);
    expect(await labelled()).toEqual({
      classes: Array.from({ length: 26 }, (_, k) => String(k + 1)),
      named: [...labels, 3, 1].map(String),
      notes: ['labels begin at 1: classes are named after the labels, 1 … 26'],
    });
  });

  it('with gaps name the classes that there are', async () => {
    write([0, 3, 3, 7]);
    expect(await labelled()).toEqual({
      classes: ['0', '3', '7'],
      named: ['0', '3', '3', '7'],
      notes: ['labels have gaps (5 of 0 … 7 have no image): classes are named after the labels, 0 … 7'],
    });
  });

  it('of the test split count too', async () => {
    write([0, 1], [2]);
    expect(await labelled()).toMatchObject({ classes: ['0', '1', '2'], notes: [] });
  });

  it('that are too few give no hints for folders', async () => {
    write([4, 4, 4, 4, 4]);
    const split = { val: 0.2, test: 0.2, seed: 0, limit: {} };
    const set = await idx.open(folder.path);
    const [one] = await failuresOf(() => splitImages(set.images, set.classes, split, set.advice));
    expect(one).toEqual({
      code: 'too-few-classes',
      message: 'the dataset has one class only: 4',
      expected: 'at least 2 classes',
    });
    write([1, 1, 1, 1, 1, 2]);
    const few = await idx.open(folder.path);
    const [lacking] = await failuresOf(() => splitImages(few.images, few.classes, split, few.advice));
    expect(lacking).toMatchObject({
      code: 'class-without-images',
      fix: expect.stringMatching(/^change split/) as string,
    });
  });
});

describe('IDX files are refused when', () => {
  it.each<[string, Readonly<Record<string, Uint8Array>>, string, RegExp]>([
    ['there are none', {}, 'missing-idx', /neither train-images-idx3-ubyte nor train-images-idx3-ubyte\.gz/],
    ['labels are missing', { 'train-images-idx3-ubyte': images }, 'missing-idx', /neither train-labels-idx1-ubyte/],
    ['images are missing', { 'train-labels-idx1-ubyte': labels }, 'missing-idx', /neither train-images-idx3-ubyte/],
    [
      'a file has another magic number',
      { 'train-images-idx3-ubyte': idxBytes([4, 3, 2], pixels, 0x0d03), 'train-labels-idx1-ubyte': labels },
      'not-idx',
      /train-images-idx3-ubyte: .*0x00000d03/,
    ],
    [
      'labels and images are swapped',
      { 'train-images-idx3-ubyte': labels, 'train-labels-idx1-ubyte': images },
      'not-idx',
      /0x00000801/,
    ],
    [
      'a file is empty',
      { 'train-images-idx3-ubyte': new Uint8Array(), 'train-labels-idx1-ubyte': labels },
      'not-idx',
      /only 0 bytes/,
    ],
    [
      'a file ends inside its header',
      { 'train-images-idx3-ubyte': images.subarray(0, 10), 'train-labels-idx1-ubyte': labels },
      'not-idx',
      /header/,
    ],
    [
      'a file is cut short',
      { 'train-images-idx3-ubyte': images.subarray(0, images.length - 5), 'train-labels-idx1-ubyte': labels },
      'damaged-idx',
      /holds 19 bytes of values, its header says 4×3×2/,
    ],
    [
      'a file is too long',
      { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': Buffer.concat([labels, labels]) },
      'damaged-idx',
      /train-labels.* holds 16 bytes/,
    ],
    [
      'a gzip file is cut short',
      { 'train-images-idx3-ubyte.gz': gzipSync(images).subarray(0, 20), 'train-labels-idx1-ubyte': labels },
      'damaged-idx',
      /train-images-idx3-ubyte\.gz: can't be unpacked: unexpected end of file/,
    ],
    [
      'a gzip file holds more than its header says',
      { 'train-images-idx3-ubyte.gz': gzipSync(Buffer.concat([images, images])), 'train-labels-idx1-ubyte': labels },
      'damaged-idx',
      /holds more bytes of values than its header says, 4×3×2/,
    ],
    [
      'a small gzip file would be much, by its header alone',
      { 'train-images-idx3-ubyte.gz': gzipSync(idxBytes([90_000, 28, 28], [])), 'train-labels-idx1-ubyte': labels },
      'damaged-idx',
      /has \d+ bytes, and would be unpacked to 90000×28×28 values/,
    ],
    [
      'a gzip file without a header is much',
      { 'train-images-idx3-ubyte.gz': gzipSync(Buffer.alloc(2 ** 21)), 'train-labels-idx1-ubyte': labels },
      'not-idx',
      /0x00000000/,
    ],
    [
      'a small gzip file would be millions of labels',
      { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte.gz': gzipSync(idxBytes([2_000_000], [])) },
      'damaged-idx',
      /would be unpacked to 2000000 values/,
    ],
    [
      'there are more labels than images',
      { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': idxBytes([5], [0, 1, 2, 3, 4]) },
      'damaged-idx',
      /has 5 labels for 4 images/,
    ],
    [
      'images have no pixels',
      { 'train-images-idx3-ubyte': idxBytes([4, 0, 2], []), 'train-labels-idx1-ubyte': labels },
      'damaged-idx',
      /0×2/,
    ],
    [
      'test images have another size',
      {
        'train-images-idx3-ubyte': images,
        'train-labels-idx1-ubyte': labels,
        't10k-images-idx3-ubyte': idxBytes([1, 2, 2], [1, 2, 3, 4]),
        't10k-labels-idx1-ubyte': idxBytes([1], [0]),
      },
      'damaged-idx',
      /t10k-images-idx3-ubyte: its images are 2×2/,
    ],
  ])('%s', async (_title, files, code, message) => {
    for (const [name, bytes] of Object.entries(files)) folder.write(name, bytes);
    const [failure] = await failuresOf(() => idx.open(folder.path));
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(failure?.expected).toBeTruthy();
    expect(failure?.fix).toBeTruthy();
  });
});
