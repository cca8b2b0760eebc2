import { at } from '../../util/at.ts';
import { fileSize } from '../../util/file-size.ts';
import { sizeWithShorterSide } from '../augment/resize.ts';
import type { Keep } from './packed.ts';
import { pictureSize } from './pictures/decode.ts';
import type { ImageSet, SourceImage } from './source.ts';
import { trainSize } from './views.ts';

/** Files that are looked into for an estimate. */
const LOOKED_AT = 256;

/** Share of the free disk that pixels may take. */
const SHARE = 0.5;

/** What a set takes, in bytes, about. */
export interface SetSize {
  readonly images: number;
  readonly decoded: number;
  readonly encoded: number;
}

/** Sizes of one file and of its two views, in bytes; undefined for one that can't be read. */
async function sizeOf(image: SourceImage, side: number): Promise<Omit<SetSize, 'images'> | undefined> {
  try {
    const bytes = await image.bytes?.();
    const [, , width, height] = image.box ?? [];
    const found = bytes && (width && height ? { width, height } : await pictureSize(bytes));
    if (!found) return undefined;
    const view = sizeWithShorterSide(found, trainSize(side));
    return { decoded: 3 * (view.height * view.width + side * side), encoded: bytes.length };
  } catch {
    // It is said when its turn comes.
    return undefined;
  }
}

/**
 * Estimates what a set takes in either form, from the headers of some of its files, evenly taken.
 *
 * @param set - the listed images
 * @param of - how many are packed, and S in pixels
 * @param of.images - how many are packed
 * @param of.side - S, in pixels
 * @returns undefined where its images are no files, or none can be read
 */
export async function estimateSize(
  set: ImageSet,
  { images, side }: { readonly images: number; readonly side: number },
): Promise<SetSize | undefined> {
  const count = Math.min(LOOKED_AT, set.images.length);
  const sizes: Omit<SetSize, 'images'>[] = [];
  for (let look = 0; look < count; look++) {
    const size = await sizeOf(at(set.images, Math.floor((look * set.images.length) / count)), side);
    if (size) sizes.push(size);
  }
  if (sizes.length === 0) return undefined;
  const mean = (form: Keep): number => sizes.reduce((sum, size) => sum + size[form], 0) / sizes.length;
  return { images, decoded: Math.round(images * mean('decoded')), encoded: Math.round(images * mean('encoded')) };
}

/** A form, and why. */
export interface Choice {
  readonly keep: Keep;
  /** A sentence with the figures. */
  readonly text: string;
  /** True where somebody should hear of it before anything starts. */
  readonly isNotable: boolean;
}

/**
 * Chooses the form of a set: pixels where they take at most half of the free disk, or no more than the files; else files.
 *
 * @param asked - what the user wants
 * @param size - what the set takes; undefined where it has no files to keep
 * @param free - bytes that the disk has free
 * @returns the form, and why
 */
export function chooseKeep(asked: 'auto' | Keep, size: SetSize | undefined, free: number): Choice {
  if (!size) return { keep: 'decoded', text: 'keep: decoded', isNotable: false };
  const fits = size.decoded <= SHARE * free || size.decoded <= size.encoded;
  const keep = asked === 'auto' ? (fits ? 'decoded' : 'encoded') : asked;
  const takes = `${size.images} images take about ${fileSize(size.decoded)} decoded and ${fileSize(size.encoded)} as they are`;
  const rule = asked === 'auto' ? ' (decoded up to half of that)' : '';
  const tooLarge = size[keep] > free ? ': that will not fit' : '';
  return {
    keep,
    text: `keep: ${keep}: ${takes}; the disk has ${fileSize(free)} free${rule}${tooLarge}`,
    isNotable: tooLarge !== '' || (asked === 'auto' && keep === 'encoded'),
  };
}
