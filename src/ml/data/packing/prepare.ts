import { FailureError } from '../../../core/failure.ts';
import type { Keep } from '../packed.ts';
import { BAD_IMAGE, type SourceImage, type SourcePicture } from '../source.ts';
import { requireViewable, viewOf, type ViewFormat } from '../views.ts';
import type { PackedImage } from './split-writer.ts';

/** One image, decoded and resized. */
export interface Prepared {
  readonly picture: SourcePicture;
  readonly packed: PackedImage;
}

async function readImage(image: SourceImage, keep: Keep): Promise<{ picture: SourcePicture; bytes?: Buffer }> {
  if (keep === 'decoded') return { picture: await image.read() };
  if (!image.bytes || !image.decode) throw new Error(`${image.name} is no file of its own`);
  const bytes = await image.bytes();
  return { picture: await image.decode(bytes), bytes };
}

/**
 * Reads, decodes and resizes an image.
 *
 * @param image - of a source
 * @param format - of its views
 * @param options - what is kept of it, and whether a bad one ends packing
 * @param options.keep - what is kept of it
 * @param options.onBadImage - what a bad one does
 * @returns undefined for a bad image that may be skipped
 * @throws FailureError `bad-image` for one that may not
 */
export async function prepare(
  image: SourceImage,
  format: ViewFormat,
  options: { readonly keep: Keep; readonly onBadImage: 'fail' | 'skip' },
): Promise<Prepared | undefined> {
  const { name, label, box } = image;
  try {
    const { picture, bytes } = await readImage(image, options.keep);
    requireViewable(picture, name, format);
    const views = { train: viewOf('train', picture, format), eval: viewOf('eval', picture, format) };
    return { picture, packed: { name, label, ...views, ...(bytes && { file: { bytes, box } }) } };
  } catch (error) {
    const isBad = error instanceof FailureError && error.failures.every(({ code }) => code === BAD_IMAGE);
    if (isBad && options.onBadImage === 'skip') return undefined;
    throw error;
  }
}
