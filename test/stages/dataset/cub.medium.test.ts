import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { datasets } from '../../../src/ml/data/registry.ts';
import { splitImages } from '../../../src/ml/data/split.ts';
import { dataset } from '../../../src/stages/dataset/kind.ts';
import { encoded } from '../../ml/data/samples.ts';
import { Workshop } from '../../support/stage-workshop.ts';
import { atOnce } from '../../support/at-once.ts';

const workshop = new Workshop();
const root = workshop.folder();
afterAll(() => workshop.remove());

/** 200 class sizes that agree with what is published of CUB: 11,788 images in all, 7684/1781/2323 in the original splits. */
const sizes = [
  [132, 60],
  [39, 58],
  [10, 57],
  [10, 55],
  [9, 54],
].flatMap(([classes, images]) => Array.from({ length: classes ?? 0 }, () => images ?? 0));

/** The unpacked folder at its full size; of every picture only the right half, its box, is white. */
beforeAll(async () => {
  const pixels = Uint8Array.from({ length: 24 * 12 * 3 }, (_, i) => (Math.floor(i / 3) % 24 >= 12 ? 255 : 0));
  const png = await encoded({ pixels, width: 24, height: 12 });
  const images = sizes.flatMap((count, label) => Array.from({ length: count }, (_, k) => ({ label, k })));
  const list = (name: string, rows: readonly string[]) =>
    writeFileSync(join(root, name), rows.map((row, index) => `${index + 1} ${row}\n`).join(''));
  const paths = images.map(({ label, k }) => `${label}/${k}.jpg`);
  for (const path of paths) {
    const file = join(root, 'images', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, png);
  }
  list('images.txt', paths);
  list(
    'classes.txt',
    sizes.map((_, label) => `class_${label}`),
  );
  list(
    'image_class_labels.txt',
    images.map(({ label }) => String(label + 1)),
  );
  list(
    'train_test_split.txt',
    images.map(({ k }) => String(k % 2)),
  );
  list(
    'bounding_boxes.txt',
    images.map(() => '12.0 0.0 12.0 12.0'),
  );
});

const limit = { train: 200, val: 200, test: 200 };
const made = (params: JsonObject) =>
  workshop.make(dataset, { source: 'cub-200-2011', root, image_size: 8, mean_std: 'imagenet', limit, ...params });

describe('a dataset of CUB', () => {
  it('has the splits of the original experiments', async () => {
    const { images, classes } = await datasets['cub-200-2011'].open(root);
    const { train, val, test } = splitImages(images, classes, { val: 0.2, test: 0.2, seed: 0, limit: {} });
    expect([images.length, train.length, val.length, test.length]).toEqual([11_788, 7684, 1781, 2323]);
  });

  it('has the publisher’s test images where official is asked for, and val is cut from the others', async () => {
    const { folder } = await made({ split: 'official' });
    const packed = openPacked(join(folder, 'data'));
    const official = (name: string) => Number(/(\d+)\.jpg$/.exec(name)?.[1]) % 2 === 0;
    expect(packed.split('test').names.every(official)).toBe(true);
    for (const split of ['train', 'val'] as const) expect(packed.split(split).names.some(official)).toBe(false);
    expect(packed.split('val').count).toBe(200);
    packed.close();
  });

  it('shows what is in the boxes where crop is box', async () => {
    const { folder } = await made({ crop: 'box' });
    const packed = openPacked(join(folder, 'data'));
    expect(new Set(atOnce(packed.split('test').image('eval', 7)).pixels)).toEqual(new Set([255]));
    packed.close();
    const whole = openPacked(join((await made({})).folder, 'data'));
    expect(atOnce(whole.split('test').image('eval', 7)).pixels).toContain(0);
    whole.close();
  });

  it('that was fetched is read from there, and compared with what is published', async () => {
    const archive = join(workshop.folder(), 'x.tgz');
    writeFileSync(archive, 'another file');
    const work = workshop.make(dataset, { source: 'cub-200-2011' }, { url: archive });
    await expect(work).rejects.toThrow(`${archive} is not the archive CUB_200_2011.tgz as published: its MD5 is`);
  });
});
