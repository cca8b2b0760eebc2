import { fail } from '../../../core/failure.ts';
import { byteAt } from '../../../util/at.ts';
import type { RgbImage } from '../../augment/image.ts';
import { openTree, requireFiles, type FileTree } from '../file-tree.ts';
import type { DatasetSource, ImageSet, PublishedArchive, SourceImage } from '../source.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;

/** What is published of a set in CIFAR's binary layout. */
export interface CifarFacts {
  readonly archive: PublishedArchive;
  /** Training files, then the file of the test split, and images of each. */
  readonly train: readonly string[];
  readonly test: string;
  readonly images: { readonly train: number; readonly test: number };
  /** File with the names of the classes, one a line. */
  readonly names: string;
  readonly classes: number;
  /** Bytes before the pixels of an image; the last of them is its class. */
  readonly labelBytes: 1 | 2;
}

/** Planes of red, green and blue to pixels. */
function picture(planes: Uint8Array): RgbImage {
  const pixels = new Uint8Array(3 * PLANE);
  for (let i = 0; i < PLANE; i++) for (let k = 0; k < 3; k++) pixels[3 * i + k] = byteAt(planes, k * PLANE + i);
  return { pixels, height: SIDE, width: SIDE };
}

function wrong(tree: FileTree, message: string, expected: string): never {
  return fail({
    code: 'wrong-data',
    message,
    place: { file: tree.place },
    expected,
    fix: 'unpack the published archive again, or point root at the archive itself',
  });
}

async function imagesOf(tree: FileTree, file: string, facts: CifarFacts): Promise<SourceImage[]> {
  const { labelBytes, classes } = facts;
  const isTest = file === facts.test;
  const [record, count] = [labelBytes + 3 * PLANE, facts.images[isTest ? 'test' : 'train']];
  const bytes = await tree.read(file);
  if (bytes.length !== count * record)
    wrong(tree, `${file} has ${bytes.length} bytes`, `${count * record}: ${count} images of ${record} bytes`);
  return Array.from({ length: count }, (_, index) => {
    const label = byteAt(bytes, index * record + labelBytes - 1);
    if (label >= classes)
      wrong(tree, `image ${index} of ${file} has class ${label}`, `a class from 0 to ${classes - 1}`);
    const start = index * record + labelBytes;
    const read = () => picture(bytes.subarray(start, start + 3 * PLANE));
    return { name: `${file}#${index}`, label, read, ...(isTest && { split: 'test' as const }) };
  });
}

async function listImages(tree: FileTree, facts: CifarFacts): Promise<ImageSet> {
  const files = [...facts.train, facts.test];
  requireFiles(tree, [...files, facts.names]);
  const classes = (await tree.read(facts.names)).toString('utf8').split(/\r?\n/).filter(Boolean);
  if (classes.length !== facts.classes)
    wrong(tree, `${facts.names} names ${classes.length} classes`, `${facts.classes} classes, one a line`);
  const images: SourceImage[] = [];
  for (const file of files) images.push(...(await imagesOf(tree, file, facts)));
  return { classes, images, naturalSize: SIDE };
}

/**
 * Makes a source of CIFAR's binary layout.
 *
 * @param facts - what is published: another archive of that layout has other facts
 * @param summary - one line for lists
 * @returns the source
 */
export function cifarSource(facts: CifarFacts, summary: string): DatasetSource {
  return {
    summary,
    decodes: false,
    archive: facts.archive,
    official: true,
    async open(root, opening = {}) {
      const tree = await openTree(root, facts.archive, opening);
      try {
        return await listImages(tree, facts);
      } finally {
        // All of it is in memory.
        await tree.close();
      }
    },
  };
}

const origin = 'https://www.cs.toronto.edu/~kriz';

/** CIFAR-10 (Krizhevsky, 2009), binary version. */
export const cifar10 = cifarSource(
  {
    archive: {
      name: 'cifar-10-binary.tar.gz',
      folder: 'cifar-10-batches-bin',
      marker: 'batches.meta.txt',
      md5: 'c32a1d4ab5d03f1284b67883e8d87530',
      url: `${origin}/cifar-10-binary.tar.gz`,
    },
    train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
    test: 'test_batch.bin',
    images: { train: 10_000, test: 10_000 },
    names: 'batches.meta.txt',
    classes: 10,
    labelBytes: 1,
  },
  'CIFAR-10: 60,000 pictures of 10 classes, 32×32; its own test split',
);

/** CIFAR-100 (Krizhevsky, 2009), binary version, fine labels. */
export const cifar100 = cifarSource(
  {
    archive: {
      name: 'cifar-100-binary.tar.gz',
      folder: 'cifar-100-binary',
      marker: 'fine_label_names.txt',
      md5: '03b5dce01913d631647c71ecec9e9cb8',
      url: `${origin}/cifar-100-binary.tar.gz`,
    },
    train: ['train.bin'],
    test: 'test.bin',
    images: { train: 50_000, test: 10_000 },
    names: 'fine_label_names.txt',
    classes: 100,
    labelBytes: 2,
  },
  'CIFAR-100: 60,000 pictures of 100 classes, 32×32; its own test split',
);
