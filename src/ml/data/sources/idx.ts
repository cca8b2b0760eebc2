import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzip, type ZlibOptions } from 'node:zlib';
import { fail, type Failure } from '../../../core/failure.ts';
import { at } from '../../../util/at.ts';
import type { DatasetSource, ImageSet, SourceImage } from '../source.ts';
import { rgbFromGrey } from './grey.ts';

/** Upper bound of an unpacked file: 2 GiB less a page; the largest published one (EMNIST by class) has 0.5 GiB. */
const LARGEST = 2 ** 31 - 4096;

/** What is in an IDX file. */
interface Form {
  readonly dimensions: number;
  /** Most bytes that one of a packed file becomes; of digits it is five, of their labels two. */
  readonly times: number;
  /** Bytes that a file may become all the same: of labels fewer, since each is an image to be listed. */
  readonly small: number;
}
const IMAGES: Form = { dimensions: 3, times: 100, small: 64 * 2 ** 20 };
const LABELS: Form = { dimensions: 1, times: 10, small: 2 ** 20 };

/** Bytes of a packed file in which its header is. */
const HEAD = 4096;

/** Header and values of an IDX file of unsigned bytes. */
export interface IdxArray {
  readonly file: string;
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

function bad(code: string, file: string, message: string, rest: Pick<Failure, 'expected' | 'fix'>): never {
  return fail({ code, message: `${basename(file)}: ${message}`, place: { file }, ...rest });
}

const again = 'download the file again and compare its size with the publisher’s';

/** Bytes before the values: two zero bytes, type 8, number of dimensions, sizes. */
const headerBytes = (dimensions: number): number => 4 + 4 * dimensions;

const valuesIn = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** The sizes in the header of an IDX file of unsigned bytes (uint32 BE). */
function shapeIn(file: string, bytes: Buffer, dimensions: number): readonly number[] {
  const magic = 0x800 + dimensions;
  const got =
    bytes.length < 4 ? `only ${bytes.length} bytes` : `0x${bytes.readUInt32BE(0).toString(16).padStart(8, '0')}`;
  if (bytes.length < headerBytes(dimensions) || bytes.readUInt32BE(0) !== magic) {
    bad('not-idx', file, `its header is not that of an IDX file (${got})`, {
      expected: `magic number 0x${magic.toString(16).padStart(8, '0')}: unsigned bytes, ${dimensions} dimensions`,
      fix: 'point `root` at the folder with the original files',
    });
  }
  return Array.from({ length: dimensions }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
}

const unpack: (packed: Buffer, options: ZlibOptions) => Promise<Buffer> = promisify(gunzip);

/** Unpacks a gzip file to no more than its header says, which is looked at first. */
async function unpacked(file: string, packed: Buffer, { dimensions, times, small }: Form): Promise<Buffer> {
  const broken = (error: unknown): never =>
    bad('damaged-idx', file, `can't be unpacked: ${(error as Error).message}`, {
      expected: 'a whole gzip file',
      fix: again,
    });
  const head = await unpack(packed.subarray(0, HEAD), { finishFlush: constants.Z_SYNC_FLUSH }).catch(broken);
  const isWhole = head.length >= headerBytes(dimensions);
  const shape = isWhole ? shapeIn(file, head, dimensions) : [];
  const size = headerBytes(dimensions) + valuesIn(shape);
  const most = Math.min(LARGEST, Math.max(small, times * packed.length));
  if (size > most)
    bad('damaged-idx', file, `has ${packed.length} bytes, and would be unpacked to ${shape.join('×')} values`, {
      expected: `at most ${most} bytes, ${times} times as many`,
      fix: `${again}; where it is right, unpack it: a plain file is read whatever its size`,
    });
  return unpack(packed, { maxOutputLength: isWhole ? size : small }).catch((error: unknown) =>
    (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? bad('damaged-idx', file, `holds more bytes of values than its header says, ${shape.join('×')}`, {
          expected: `${size - headerBytes(dimensions)} bytes of values`,
          fix: again,
        })
      : broken(error),
  );
}

/** Reads `<name>` or `<name>.gz`; undefined when neither is there. */
async function arrayOf(root: string, name: string, form: Form): Promise<IdxArray | undefined> {
  for (const file of [join(root, name), join(root, `${name}.gz`)]) {
    const found = await readFile(file).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (!found) continue;
    const isPacked = found[0] === 0x1f && found[1] === 0x8b;
    return parse(file, isPacked ? await unpacked(file, found, form) : found, form.dimensions);
  }
  return undefined;
}

/** Parses an IDX file of unsigned bytes. */
function parse(file: string, bytes: Buffer, dimensions: number): IdxArray {
  const shape = shapeIn(file, bytes, dimensions);
  const values = bytes.subarray(headerBytes(dimensions));
  const size = valuesIn(shape);
  if (values.length !== size) {
    bad('damaged-idx', file, `holds ${values.length} bytes of values, its header says ${shape.join('×')}`, {
      expected: `${size} bytes of values`,
      fix: again,
    });
  }
  return { file, shape, values };
}

/**
 * Reads a pair of IDX files, plain or .gz.
 *
 * @param root - folder that holds them
 * @param prefix - `<prefix>-images-idx3-ubyte` and `<prefix>-labels-idx1-ubyte`
 * @returns uint8 [images, height, width] and uint8 [images]; undefined when both files are missing
 * @throws FailureError when one is missing, damaged, or they do not belong together
 */
export async function readIdxPair(root: string, prefix: string): Promise<Half | undefined> {
  // In turn: of several problems always the same is told.
  const images = await arrayOf(root, `${prefix}-images-idx3-ubyte`, IMAGES);
  const labels = await arrayOf(root, `${prefix}-labels-idx1-ubyte`, LABELS);
  if (!images && !labels) return undefined;
  if (!images || !labels) return missing(root, `${prefix}-${images ? 'labels-idx1' : 'images-idx3'}-ubyte`);
  if (images.shape[0] !== labels.shape[0]) {
    bad('damaged-idx', labels.file, `has ${at(labels.shape, 0)} labels for ${at(images.shape, 0)} images`, {
      expected: 'as many labels as images',
      fix: 'take both files from the same download',
    });
  }
  return { images, labels };
}

function missing(root: string, name: string): never {
  return fail({
    code: 'missing-idx',
    message: `${root} has neither ${name} nor ${name}.gz`,
    place: { file: root },
    expected: 'train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz (and t10k-… for a test set)',
    fix: 'point `root` at the folder that holds them',
  });
}

/** The two files of a split. */
interface Half {
  readonly images: IdxArray;
  readonly labels: IdxArray;
}

/** The images of one half, in file order. */
function listImages(half: Half, classes: readonly number[], split?: 'test'): SourceImage[] {
  const [, height = 0, width = 0] = half.images.shape;
  const area = height * width;
  const file = basename(half.images.file, '.gz');
  return Array.from(half.labels.values, (value, index) => ({
    name: `${file}#${index}`,
    label: classes.indexOf(value),
    ...(split && { split }),
    read: () => rgbFromGrey(half.images.values.subarray(index * area, (index + 1) * area), height, width),
  }));
}

/** What to say of labels that do not count from 0 without gaps. */
function labelNotes(labels: readonly number[]): readonly string[] {
  const [first = 0, last = 0] = [labels[0], labels.at(-1)];
  const range = `classes are named after the labels, ${first} … ${last}`;
  const gaps = last - first + 1 - labels.length;
  if (gaps > 0) return [`labels have gaps (${gaps} of ${first} … ${last} have no image): ${range}`];
  return first > 0 ? [`labels begin at ${first}: ${range}`] : [];
}

async function open(root: string): Promise<ImageSet> {
  const train = await readIdxPair(root, 'train');
  const test = await readIdxPair(root, 't10k');
  if (!train) return missing(root, 'train-images-idx3-ubyte');
  const [, height = 0, width = 0] = train.images.shape;
  if (height === 0 || width === 0) {
    bad('damaged-idx', train.images.file, `its images are ${height}×${width}`, {
      expected: 'images with pixels',
      fix: again,
    });
  }
  if (test && (test.images.shape[1] !== height || test.images.shape[2] !== width)) {
    bad('damaged-idx', test.images.file, `its images are ${test.images.shape.slice(1).join('×')}`, {
      expected: `${height}×${width}, like the training images`,
      fix: 'take all files from the same download',
    });
  }
  const labels = [...new Set([...train.labels.values, ...(test ? test.labels.values : [])])].sort((a, b) => a - b);
  return {
    classes: labels.map(String),
    images: [...listImages(train, labels), ...(test ? listImages(test, labels, 'test') : [])],
    naturalSize: Math.min(height, width),
    notes: labelNotes(labels),
  };
}

/** MNIST and every set in its format (Fashion-MNIST, KMNIST, EMNIST): IDX files, plain or gzip, read whole. */
export const idx: DatasetSource = {
  summary: 'IDX files as of MNIST and Fashion-MNIST (train-images-idx3-ubyte …), plain or .gz',
  decodes: false,
  open,
};
