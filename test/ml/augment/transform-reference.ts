import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import type { RgbImage } from '../../../src/ml/augment/image.ts';

interface Picture {
  readonly size: readonly [number, number];
  readonly rgb: string;
}

/** Geometry that Pillow and torchvision made of the three pictures in test/fixtures/images. */
export interface TransformReference {
  readonly resize: readonly (Picture & { readonly image: string; readonly shorter_side: number })[];
  readonly center_crop: readonly (Picture & { readonly image: string; readonly crop: number })[];
  readonly val: readonly (Picture & { readonly image: string; readonly S: number })[];
  readonly ten_crop: readonly {
    readonly image: string;
    readonly S: number;
    readonly R: number;
    readonly crops: readonly string[];
  }[];
  readonly normalise: {
    readonly image: string;
    readonly mean: readonly number[];
    readonly std: readonly number[];
    readonly value: readonly number[];
    readonly image_mean: readonly number[];
    readonly image_std_unbiased: readonly number[];
  };
}

const fixtures = new URL('../../fixtures/', import.meta.url);

/** A JSON file of test/fixtures. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, fixtures), 'utf8'));
}

export const transformReference = fixture('transforms.json') as TransformReference;

/** One of the pictures a, b, c. */
export async function referencePicture(name: string): Promise<RgbImage> {
  const file = sharp(new URL(`images/${name}.png`, fixtures).pathname);
  const { data, info } = await file.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { pixels: data, height: info.height, width: info.width };
}

/** Pixels as the reference writes them. */
export function base64(image: { readonly pixels: Uint8Array }): string {
  return Buffer.from(image.pixels).toString('base64');
}

/** The hashed noise of test/reference/noise.py. */
export function noise(width: number, height: number): RgbImage {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    let x = (i + 1000003 * width + height) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 24) & 255;
  });
  return { pixels, height, width };
}

/** A picture whose values are 60 … 159: test/reference/augment.py calls it muted. */
export function muted(image: RgbImage): RgbImage {
  return { ...image, pixels: image.pixels.map((value) => 60 + ((value * 100) >> 8)) };
}
