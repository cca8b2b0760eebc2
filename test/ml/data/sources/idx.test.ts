import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { idx } from '../../../../src/ml/data/sources/idx.ts';
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
