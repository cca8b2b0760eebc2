import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseKeep, estimateSize } from '../../../src/ml/data/keep.ts';
import { folderShelf, ImageFile } from '../../../src/ml/data/pictures/image-file.ts';
import { encoded, Folder, picture, sampleSet } from './samples.ts';

const GIB = 2 ** 30;
const photos = { images: 1_000_000, decoded: 300 * GIB, encoded: 100 * GIB };

describe('the form of a set', () => {
  it('is pixels where they take at most half of the free disk', () => {
    expect(chooseKeep('auto', photos, 600 * GIB)).toEqual({
      keep: 'decoded',
      text: 'keep: decoded: 1000000 images take about 300 GiB decoded and 100 GiB as they are; the disk has 600 GiB free (decoded up to half of that)',
      isNotable: false,
    });
    const files = chooseKeep('auto', photos, 599 * GIB);
    expect(files).toMatchObject({ keep: 'encoded', isNotable: true });
    expect(files.text).toMatch(/^keep: encoded: 1000000 images .* 599 GiB free/);
  });

  it('is pixels where files take no less, and where there are no files', () => {
    expect(chooseKeep('auto', { ...photos, encoded: 300 * GIB }, 10 * GIB).keep).toBe('decoded');
    expect(chooseKeep('auto', undefined, 1)).toMatchObject({ keep: 'decoded', isNotable: false });
  });

  it('is what is asked for, with a word where that will not fit', () => {
    expect(chooseKeep('decoded', photos, 299 * GIB)).toMatchObject({
      ...{ keep: 'decoded', isNotable: true },
      text: expect.stringMatching(/299 GiB free: that will not fit$/) as string,
    });
    expect(chooseKeep('decoded', photos, 301 * GIB).isNotable).toBe(false);
    expect(chooseKeep('encoded', photos, 900 * GIB)).toMatchObject({ keep: 'encoded', isNotable: false });
  });
});

describe('an estimate', () => {
  let folder: Folder;
  beforeAll(() => void (folder = new Folder()));
  afterAll(() => folder.remove());

  it('is of what both forms take, from headers and sizes of files', async () => {
    const sizes: number[] = [];
    for (const k of [0, 1, 2]) {
      const bytes = await encoded(picture(k, 40, 20), 'jpeg');
      folder.write(`${k}.jpg`, bytes);
      sizes.push(bytes.length);
    }
    folder.write('3.jpg', 'torn');
    const shelf = folderShelf(folder.path);
    const images = [0, 1, 2, 3, 4].map((k) => new ImageFile(shelf, `${k}.jpg`, { label: 0 }));
    const set = { classes: ['a'], images, naturalSize: 20 };
    expect(await estimateSize(set, { images: 300, side: 20 })).toEqual({
      images: 300,
      // 22 × 44 and 20 × 20.
      decoded: 300 * 3 * (22 * 44 + 400),
      encoded: Math.round(100 * sizes.reduce((sum, size) => sum + size)),
    });
    expect(await estimateSize({ ...set, images: images.slice(3) }, { images: 2, side: 20 })).toBeUndefined();
    const plain = sampleSet([2, 2], { width: 8, height: 8, side: 8 });
    expect(await estimateSize(plain, { images: 4, side: 8 })).toBeUndefined();
  });
});
