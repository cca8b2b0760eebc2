import { fail } from '../../../core/failure.ts';
import { at } from '../../../util/at.ts';
import type { Box } from '../pictures/box.ts';
import { ImageFile, type FileShelf } from '../pictures/image-file.ts';
import { openTree, requireFiles, type FileTree } from '../file-tree.ts';
import type { DatasetSource, ImageSet, Opening, PublishedArchive } from '../source.ts';

/** What is published of a set in CUB's layout. */
export interface CubFacts {
  readonly archive: PublishedArchive;
  readonly images: number;
  readonly classes: number;
}

/** The list of which images train. */
const SPLIT = 'train_test_split.txt';

/** Reads a list whose lines begin with a number that counts from 1; gives the rest of each line, in that order. */
async function column(tree: FileTree, file: string, count: number): Promise<readonly string[]> {
  requireFiles(tree, [file]);
  const lines = (await tree.read(file)).toString('utf8').split(/\r?\n/).filter(Boolean);
  const wrong = lines.findIndex((line, index) => !line.startsWith(`${index + 1} `));
  if (lines.length === count && wrong < 0) return lines.map((line) => line.slice(line.indexOf(' ') + 1).trim());
  return fail({
    code: 'wrong-data',
    message:
      wrong < 0 ? `${file} has ${lines.length} lines` : `line ${wrong + 1} of ${file} does not begin with ${wrong + 1}`,
    place: { file: tree.place },
    expected: `${count} lines, numbered from 1`,
    fix: 'unpack the published archive again, or point root at the archive itself',
  });
}

/** Numbers of each line, of which there are `length`. */
async function numbers(tree: FileTree, file: string, of: { count: number; length: number }): Promise<number[][]> {
  const lines = await column(tree, file, of.count);
  return lines.map((line, index) => {
    const values = line.split(' ').map(Number);
    if (values.length === of.length && values.every(Number.isFinite)) return values;
    return fail({
      code: 'wrong-data',
      message: `line ${index + 1} of ${file} is ${JSON.stringify(line)}`,
      place: { file: tree.place },
      expected: `${of.length} number${of.length === 1 ? '' : 's'} after the first`,
    });
  });
}

async function listImages(tree: FileTree, facts: CubFacts, { official, boxed }: Opening): Promise<ImageSet> {
  const count = facts.images;
  const classes = await column(tree, 'classes.txt', facts.classes);
  const paths = (await column(tree, 'images.txt', count)).map((path) => `images/${path}`);
  const labels = (await numbers(tree, 'image_class_labels.txt', { count, length: 1 })).flat();
  const boxes = boxed ? await numbers(tree, 'bounding_boxes.txt', { count, length: 4 }) : [];
  const training = official ? (await numbers(tree, SPLIT, { count, length: 1 })).flat() : [];
  requireSplit(tree, training);
  requireFiles(tree, paths);
  const shelf: FileShelf = { place: (path) => `${tree.place}: ${path}`, read: (path) => tree.read(path) };
  const images = paths.map((path, index) => {
    const split = training[index] === 0 ? 'test' : undefined;
    return new ImageFile(shelf, path, { label: at(labels, index) - 1, split, box: boxes[index] as Box | undefined });
  });
  requireLabels(tree, labels, facts.classes);
  return { classes, images, naturalSize: 224, close: () => tree.close() };
}

function requireSplit(tree: FileTree, training: readonly number[]): void {
  const wrong = training.findIndex((value) => value !== 0 && value !== 1);
  if (wrong < 0) return;
  fail({
    code: 'wrong-data',
    message: `line ${wrong + 1} of ${SPLIT} says ${training[wrong] ?? ''}`,
    place: { file: tree.place },
    expected: '1 for an image that trains, 0 for one that tests',
  });
}

function requireLabels(tree: FileTree, labels: readonly number[], classes: number): void {
  const wrong = labels.findIndex((label) => !Number.isInteger(label) || label < 1 || label > classes);
  if (wrong < 0) return;
  fail({
    code: 'wrong-data',
    message: `line ${wrong + 1} of image_class_labels.txt names class ${labels[wrong] ?? ''}`,
    place: { file: tree.place },
    expected: `a class from 1 to ${classes}`,
  });
}

/**
 * Makes a source of CUB's layout.
 *
 * @param facts - what is published: another archive of that layout has other facts
 * @param summary - one line for lists
 * @returns the source
 */
export function cubSource(facts: CubFacts, summary: string): DatasetSource {
  return {
    summary,
    decodes: true,
    archive: facts.archive,
    official: true,
    boxes: true,
    async open(root, opening = {}) {
      const tree = await openTree(root, facts.archive, opening);
      try {
        return await listImages(tree, facts, opening);
      } catch (error) {
        await tree.close();
        throw error;
      }
    },
  };
}

/** Caltech-UCSD Birds-200-2011 (Wah et al., 2011). */
export const cub200 = cubSource(
  {
    archive: {
      name: 'CUB_200_2011.tgz',
      folder: 'CUB_200_2011',
      marker: 'images.txt',
      md5: '97eceeb196236b17998738112f37df78',
      url: 'https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz',
    },
    images: 11_788,
    classes: 200,
  },
  'Caltech-UCSD Birds-200-2011: 11,788 photographs of 200 species',
);
