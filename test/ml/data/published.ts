import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { create } from 'tar';
import type { DatasetSource } from '../../../src/ml/data/source.ts';
import { cifarSource, type CifarFacts } from '../../../src/ml/data/sources/cifar.ts';
import { cubSource } from '../../../src/ml/data/sources/cub.ts';
import { bits } from '../../../src/ml/random/random.ts';
import { encoded, picture, type Folder } from './samples.ts';

/** Images of each class of the small set in CUB's layout. */
export const cubCounts = [10, 8, 9] as const;

const cubPaths = cubCounts.flatMap((count, label) =>
  Array.from({ length: count }, (_, k) => ({ label, path: `${label + 1}.Bird_${label}/Bird_${k}.jpg` })),
);

const lines = (rows: readonly (string | number)[]): string =>
  rows.map((row, index) => `${index + 1} ${row}\n`).join('');

/** Every third image is for testing. */
const isTest = (index: number): boolean => index % 3 === 0;

/** Writes the unpacked folder's files below `at`: lists as CUB has them, and pictures of 40×30. */
export async function writeCub(folder: Folder, at = '.'): Promise<void> {
  folder.write(`${at}/images.txt`, lines(cubPaths.map(({ path }) => path)));
  folder.write(`${at}/classes.txt`, lines(cubCounts.map((_, label) => `${label + 1}.Bird_${label}`)));
  folder.write(`${at}/image_class_labels.txt`, lines(cubPaths.map(({ label }) => label + 1)));
  folder.write(`${at}/train_test_split.txt`, lines(cubPaths.map((_, index) => (isTest(index) ? 0 : 1))));
  folder.write(`${at}/bounding_boxes.txt`, lines(cubPaths.map((_, index) => `${index % 4}.0 2.0 20.0 15.0`)));
  for (const [index, { path }] of cubPaths.entries())
    folder.write(`${at}/images/${path}`, await encoded(picture(index, 40, 30), 'png'));
}

const md5Of = (file: string) => createHash('md5').update(readFileSync(file)).digest('hex');

/** Packs what stands in a folder as `<name>`; gives the archive's MD5. */
export async function packed(folder: Folder, name: string, entries: readonly string[]): Promise<string> {
  await create({ file: folder.at(name), cwd: folder.path, gzip: true, portable: true }, [...entries]);
  return md5Of(folder.at(name));
}

const origin = 'https://example.org';

/** CUB's source, for the small set; `md5` of its archive. */
export function smallCub(md5 = '0'.repeat(32)): DatasetSource {
  const names = { name: 'CUB_200_2011.tgz', folder: 'CUB_200_2011', marker: 'images.txt' };
  const archive = { ...names, md5, url: `${origin}/CUB_200_2011.tgz` };
  return cubSource({ archive, images: cubPaths.length, classes: cubCounts.length }, 'a small set in the layout of CUB');
}

const cifarFacts = (labelBytes: 1 | 2, md5: string): CifarFacts => ({
  archive: { name: 'cifar.tar.gz', folder: 'cifar', marker: 'names.txt', md5, url: `${origin}/cifar.tar.gz` },
  ...{
    train: ['a.bin', 'b.bin'],
    test: 't.bin',
    images: { train: 9, test: 6 },
    names: 'names.txt',
    classes: 3,
    labelBytes,
  },
});

/** CIFAR's source, for the small set. */
export const smallCifar = (labelBytes: 1 | 2, md5 = '0'.repeat(32)): DatasetSource =>
  cifarSource(cifarFacts(labelBytes, md5), 'a small set in the layout of CIFAR');

/** Value of a channel's pixel in the small sets: `plane` is 0 for red. */
export const cifarValue = (image: number, plane: number, at: number): number =>
  bits(0, 'init', image, plane * 1024 + at) & 255;

/** Writes the unpacked folder's files; images are numbered through all of them. */
export function writeCifar(folder: Folder, labelBytes: 1 | 2, at = '.'): void {
  folder.write(`${at}/names.txt`, 'cat\ndog\nfrog\n\n');
  let image = 0;
  for (const [file, count] of [
    ['a.bin', 9],
    ['b.bin', 9],
    ['t.bin', 6],
  ] as const) {
    const records = Array.from({ length: count }, () => {
      const own = image++;
      const pixels = Uint8Array.from({ length: 3072 }, (_, i) => cifarValue(own, Math.floor(i / 1024), i % 1024));
      // The coarse label is one that no class has.
      return Buffer.concat([Buffer.from(labelBytes === 2 ? [99, own % 3] : [own % 3]), pixels]);
    });
    folder.write(`${at}/${file}`, Buffer.concat(records));
  }
}
