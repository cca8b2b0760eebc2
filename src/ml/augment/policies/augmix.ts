import { at, byteAt, doubleAt } from '../../../util/at.ts';
import { pick, pickOf, type Augmentation, type Uniform } from '../augmentation.ts';
import type { RgbImage } from '../image.ts';
import { scales } from '../magnitudes.ts';
import type { OperationName } from '../operations.ts';
import { stepOf, taking, type Draw } from '../steps.ts';

/** Chains that are mixed. */
const WIDTH = 3;
/** Most operations of a chain. */
const DEPTH = 3;
/** Strengths that are drawn from: the least three of ten. */
const SEVERITY = 3;

const OPERATIONS = [
  'ShearX',
  'ShearY',
  'TranslateX',
  'TranslateY',
  'Rotate',
  'Posterize',
  'Solarize',
  'AutoContrast',
  'Equalize',
  'Brightness',
  'Color',
  'Contrast',
  'Sharpness',
] as const satisfies readonly OperationName[];

/**
 * One to three operations at random, each of a low strength at random: a chain.
 *
 * @param side - of the pictures, in pixels
 * @returns draws the steps of a chain
 */
export function augMixDraw(side: number): Draw {
  const limits = { bins: 10, shear: 0.3, translate: side / 3, rotate: 30, enhance: 0.9 };
  const table = scales({ ...limits, posterize: [4, 0] });
  return (uniform) =>
    Array.from({ length: 1 + pick(DEPTH, uniform) }, () => {
      const operation = pickOf(OPERATIONS, uniform);
      return stepOf(operation, table[operation], pick(SEVERITY, uniform), uniform);
    });
}

/**
 * Shares of the picture itself and of the chains: (u, (1 − u) · d) with u uniform, which is Beta(1, 1), and
 * d ~ Dirichlet(1, …, 1).
 *
 * @param uniform - source of randomness
 * @returns shares that sum to 1, the picture's own first
 */
export function augMixShares(uniform: Uniform): readonly number[] {
  const own = uniform();
  const parts = Array.from({ length: WIDTH }, () => -Math.log(1 - uniform()));
  const sum = parts.reduce((total, part) => total + part, 0);
  return [own, ...parts.map((part) => ((1 - own) * part) / sum)];
}

/** Σ share · picture, fractions dropped as torchvision drops them. */
function mixPictures(pictures: readonly RgbImage[], shares: readonly number[], like: RgbImage): RgbImage {
  // The shares sum to 1 but for rounding, which must not cost a whole step of a value.
  const sums = new Float64Array(like.pixels.length).fill(1e-9);
  pictures.forEach(({ pixels }, index) => {
    const share = at(shares, index);
    for (let i = 0; i < sums.length; i++) sums[i] = doubleAt(sums, i) + share * byteAt(pixels, i);
  });
  return { ...like, pixels: new Uint8Array(sums) };
}

/** AugMix with torchvision's defaults, but nearest sampling like all policies here. */
export const augMix: Augmentation = {
  summary: 'the picture mixed with three chains of up to three mild operations',
  source: 'Hendrycks et al., AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty, ICLR 2020',
  create: ({ side }) => {
    const chain = taking(augMixDraw(side));
    return (image, uniform) => {
      const shares = augMixShares(uniform);
      return mixPictures([image, ...Array.from({ length: WIDTH }, () => chain(image, uniform))], shares, image);
    };
  },
};
