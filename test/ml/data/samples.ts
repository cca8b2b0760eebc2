import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import type { RgbImage } from '../../../src/ml/augment/image.ts';
import type { PackObserver, PackOptions } from '../../../src/ml/data/pack.ts';
import type { ImageSet, SourceImage } from '../../../src/ml/data/source.ts';

/** A throw-away folder. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'kdpipe-data-'));

  write(name: string, bytes: string | Uint8Array): string {
    const path = this.at(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return path;
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** Every file below a sub-folder, as text that compares byte for byte. */
  contents(name = '.'): Record<string, string> {
    const files = readdirSync(this.at(name), { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    const entries = paths.sort().map((path) => [path.slice(this.at(name).length + 1), readFileSync(path, 'base64')]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A picture whose pixels are a function of position and number: no two are alike. */
export function picture(number: number, width = 12, height = 10): RgbImage {
  const pixels = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => (i * 29 + number * 97 + ((i * i) % 31)) & 255,
  );
  return { pixels, height, width };
}

/** The bytes of a picture's file. */
export function encoded(image: RgbImage, format: 'png' | 'webp' | 'jpeg' = 'png'): Promise<Buffer> {
  const { width, height } = image;
  const raw = sharp(image.pixels, { raw: { width, height, channels: 3 } });
  return raw.toFormat(format, format === 'webp' ? { lossless: true } : {}).toBuffer();
}

/** Writes PNG files `<class>/<number>.png`; picture numbers count through. */
export async function writeTree(folder: Folder, counts: Readonly<Record<string, number>>): Promise<void> {
  let number = 0;
  for (const [name, count] of Object.entries(counts)) {
    for (let k = 0; k < count; k++) folder.write(`${name}/${k}.png`, await encoded(picture(number++)));
  }
}

/** A set in memory with so many pictures of each class; names are `<label>/<k>`. */
export function sampleSet(counts: readonly number[], size: { width: number; height: number; side: number }): ImageSet {
  let number = 0;
  const images = counts.flatMap((count, label) =>
    Array.from({ length: count }, (_, k): SourceImage => {
      const own = number++;
      return { name: `${label}/${k}`, label, read: () => picture(own, size.width, size.height) };
    }),
  );
  return { classes: counts.map((_, label) => `class ${label}`), images, naturalSize: size.side };
}

export const packDefaults: PackOptions = {
  imageSize: null,
  split: { val: 0.2, test: 0.2, seed: 0, limit: {} },
  meanStd: 'imagenet',
  onBadImage: 'fail',
  interpolation: 'bilinear',
  cropPct: 1,
  keep: 'decoded',
  threads: 2,
};

/** The decoded pictures of a set, in order. */
export async function decoded(images: readonly SourceImage[]): Promise<RgbImage[]> {
  const pictures: RgbImage[] = [];
  for (const image of images) pictures.push(await image.read());
  return pictures;
}

/** An observer that notes what it is told. */
export function notes(signal = new AbortController().signal): PackObserver & {
  readonly warnings: string[];
  readonly steps: (readonly [number, number])[];
} {
  const warnings: string[] = [];
  const steps: (readonly [number, number])[] = [];
  const progress = (done: number, total: number) => void steps.push([done, total]);
  return { signal, warnings, steps, progress, warn: (message) => void warnings.push(message) };
}

/** The bytes of an IDX file of unsigned bytes. */
export function idxBytes(shape: readonly number[], values: ArrayLike<number>, magic = 0x800 + shape.length): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(magic, 0);
  shape.forEach((length, axis) => header.writeUInt32BE(length, 4 + 4 * axis));
  return Buffer.concat([header, Uint8Array.from(values)]);
}

/** The failures that work ends with; none when it does not fail. */
export async function failuresOf(work: () => unknown): Promise<readonly Failure[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (error instanceof FailureError) return error.failures;
    throw error;
  }
}
