import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageSet } from '../../../src/ml/data/source.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { pack } from '../../../src/ml/data/pack.ts';
import { datasets } from '../../../src/ml/data/registry.ts';
import { SPLITS } from '../../../src/ml/data/split.ts';
import { dataset as kind } from '../../../src/stages/dataset/kind.ts';
import { bits } from '../../../src/ml/random/random.ts';
import type { DatasetSource } from '../../../src/ml/data/source.ts';
import { Folder, idxBytes, notes, packDefaults, writeTree } from './samples.ts';
import { smallCifar, smallCub, writeCifar, writeCub } from './published.ts';
import { atOnce } from '../../support/at-once.ts';

/** One of 256 values, without a pattern that repeats. */
function noise(i: number): number {
  return bits(0, 'init', 0, i) & 255;
}

/** Writes a small root of each source into a folder; a source without an entry here is a compile error. */
const roots: Readonly<Record<keyof typeof datasets, (folder: Folder) => Promise<void> | void>> = {
  'mnist-digits': (folder) => {
    const pixels = Array.from({ length: 80 * 784 }, (_, i) => noise(i));
    folder.write('digits-images-idx3-ubyte', idxBytes([80, 28, 28], pixels));
    const labels = Array.from({ length: 80 }, (_, i) => Math.floor(i / 8));
    folder.write('digits-labels-idx1-ubyte', idxBytes([80], labels));
  },
  idx: (folder) => {
    const pixels = Array.from({ length: 24 * 64 }, (_, i) => noise(i));
    folder.write('train-images-idx3-ubyte', idxBytes([24, 8, 8], pixels));
    folder.write(
      'train-labels-idx1-ubyte',
      idxBytes(
        [24],
        Array.from({ length: 24 }, (_, i) => i % 3),
      ),
    );
  },
  'image-folder': (folder) => writeTree(folder, { ant: 8, bee: 9, cow: 10 }),
  'cub-200-2011': (folder) => writeCub(folder),
  'cifar-10': (folder) => writeCifar(folder, 1),
  'cifar-100': (folder) => writeCifar(folder, 2),
};

/** The sources as they are, those of published archives with the facts of small ones of the same layout. */
const opened: Readonly<Record<keyof typeof datasets, DatasetSource>> = {
  ...datasets,
  'cub-200-2011': smallCub(),
  'cifar-10': smallCifar(1),
  'cifar-100': smallCifar(2),
};

const names = Object.keys(datasets) as (keyof typeof datasets)[];

describe.each(names)('the source %s', (name) => {
  let folder: Folder;
  let set: ImageSet;
  beforeAll(async () => {
    folder = new Folder();
    await roots[name](folder);
    set = await opened[name].open(folder.path);
  });
  afterAll(async () => {
    await set.close?.();
    folder.remove();
  });

  it('says what it is in one line', () => {
    expect(datasets[name].summary).toMatch(/^\S.{10,120}[^.\s]$/);
  });

  it('lists images of every class, and none beside', () => {
    const labels = new Set(set.images.map(({ label }) => label));
    expect([...labels].sort((a, b) => a - b)).toEqual(set.classes.map((_, label) => label));
    expect(new Set(set.classes).size).toBe(set.classes.length);
    expect(set.naturalSize).toBeGreaterThanOrEqual(8);
  });

  it('gives every image a name of its own, that does not tell where the root lies', () => {
    const given = set.images.map((image) => image.name);
    expect(new Set(given).size).toBe(given.length);
    for (const each of given) expect(each).not.toContain(folder.path);
    for (const each of given) expect(each).toMatch(/^[^/\\][^\\]*$/);
  });

  it('decodes to whole RGB pictures, the same every time', async () => {
    const image = set.images.at(-1)!;
    const [once, again] = [await image.read(), await image.read()];
    expect(once.pixels.length).toBe(once.height * once.width * 3);
    expect([...again.pixels]).toEqual([...once.pixels]);
    expect(Math.min(once.height, once.width)).toBeGreaterThanOrEqual(8);
  });

  it('lists the same again', async () => {
    const strip = ({ classes, images, naturalSize }: ImageSet) => ({
      classes,
      naturalSize,
      images: images.map(({ name: own, label, split }) => ({ own, label, split })),
    });
    expect(strip(await opened[name].open(folder.path))).toEqual(strip(set));
  });

  it('can be packed, opened and told apart by its pixels', async () => {
    const out = new Folder();
    const { manifest } = await pack(set, out.path, { ...packDefaults, imageSize: 8 }, notes());
    const packed = openPacked(out.path);
    expect(SPLITS.reduce((sum, split) => sum + manifest.splits[split].count, 0)).toBe(set.images.length);
    const seen = new Set<string>();
    for (const name of SPLITS) {
      const split = packed.split(name);
      for (let index = 0; index < split.count; index++) {
        seen.add(Buffer.from(atOnce(split.image('train', index)).pixels).toString('base64'));
      }
    }
    expect(seen.size).toBe(set.images.length);
    packed.close();
    out.remove();
  });

  it('is told by the stage where to look', () => {
    expect(kind.sources?.({ source: name, root: folder.path })).toHaveLength(1);
  });
});
