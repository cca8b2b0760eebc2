import type Sharp from 'sharp';
import { fail } from '../../core/failure.ts';
import { byteAt } from '../../util/at.ts';
import type { RgbImage } from '../augment/image.ts';
import { BAD_IMAGE } from './source.ts';

let loaded: Promise<typeof Sharp> | undefined;

/** Loads sharp once, on first use: sources of plain arrays never pay for it. */
function sharpModule(): Promise<typeof Sharp> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    // Many images are decoded side by side, each on one thread; no image is read twice.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  });
  return loaded;
}

/** Pillow's rounded product of two fractions of 255. */
function times255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** CMYK → RGB as Pillow's `convert('RGB')`: no colour profile, channel = (255 − K) − C·(255 − K)/255. */
function rgbFromCmyk(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let read = 0, write = 0; read < cmyk.length; read += 4) {
    const light = 255 - byteAt(cmyk, read + 3);
    for (let k = 0; k < 3; k++) rgb[write++] = light - times255(byteAt(cmyk, read + k), light);
  }
  return rgb;
}

/**
 * Decodes a JPEG, PNG or WebP file to 8-bit RGB as Pillow's `convert('RGB')` does after `exif_transpose`: turned as
 * EXIF says, grey in three equal channels, alpha dropped, colour profiles ignored, CMYK by the plain formula; of
 * 16 bits the upper 8 count; of an animation the first frame.
 *
 * @param file - absolute path, or what to call the picture where its bytes are given
 * @param bytes - of the file, where they are at hand
 * @returns the picture
 * @throws FailureError `bad-image` when the file is truncated, damaged or no image
 */
export async function decodeImage(file: string, bytes?: Buffer): Promise<RgbImage> {
  const sharp = await sharpModule();
  try {
    const image = sharp(bytes ?? file, { failOn: 'warning', ignoreIcc: true }).autoOrient();
    const cmyk = (await image.metadata()).space === 'cmyk';
    if (cmyk) image.pipelineColourspace('cmyk').toColourspace('cmyk');
    else image.toColourspace('srgb').removeAlpha();
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { pixels: cmyk ? rgbFromCmyk(data) : data, height: info.height, width: info.width };
  } catch (error) {
    return fail({
      code: BAD_IMAGE,
      message: `${file} can't be decoded: ${(error as Error).message.trim().replaceAll(/\s*\n\s*/g, '; ')}`,
      place: { file },
      expected: 'a whole JPEG, PNG or WebP file',
      fix: 'replace or remove the file, or set on_bad_image: skip',
    });
  }
}
