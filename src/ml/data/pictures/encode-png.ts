import type { RgbImage } from '../../augment/image.ts';

/**
 * Writes a picture as a PNG file.
 *
 * @param image - the picture
 * @returns the file's bytes
 */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  const { pixels, width, height } = image;
  const { default: sharp } = await import('sharp');
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
