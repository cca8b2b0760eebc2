import sharp from 'sharp';
import { uniforms } from '../../../src/ml/random/random.ts';

/** Size of a picture, pixels. */
export interface PhotoSize {
  readonly height: number;
  readonly width: number;
}

/** Soft shapes and grain: as a JPEG they take the bytes and the time of a photo. Index and size alone say what comes. */
export function photoPixels(index: number, { height, width }: PhotoSize): Uint8Array {
  const uniform = uniforms(0, 'init', 0, index);
  const waves = Array.from({ length: 6 }, () => [uniform() / 40, uniform() / 40, uniform() * 6] as const);
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const tone = waves.reduce((sum, [a, b, phase]) => sum + Math.sin(a * x + b * y + phase), 0);
      for (let channel = 0; channel < 3; channel++)
        pixels[at++] = 107 + 20 * channel + 18 * tone + 24 * (uniform() - 0.5);
    }
  return pixels;
}

/** A JPEG of such pixels, or of a part of them. */
export async function jpegOf(
  pixels: Uint8Array,
  size: PhotoSize,
  part?: PhotoSize & { readonly left: number; readonly top: number },
): Promise<Buffer> {
  const picture = sharp(pixels, { raw: { ...size, channels: 3 } });
  return (part ? picture.extract(part) : picture).jpeg({ quality: 90 }).toBuffer();
}
