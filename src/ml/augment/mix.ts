import type { Uniform } from './augmentation.ts';
import { symmetricBeta } from './beta.ts';

/** A rectangle of pixels: from `top`, `left` to before `bottom`, `right`. */
interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * How each picture of a batch is mixed with its partner, the one before it (the first with the last): everywhere by
 * its share, or whole inside a box.
 */
export interface Mix {
  /** λ: how much of a picture is its own, in [0, 1]; the partner has the rest. */
  readonly share: number;
  /** Where the partner's pixels stand; null where all pixels are mixed. */
  readonly box: Box | null;
}

/** A way to mix the pictures of a batch. */
export interface Mixing {
  readonly summary: string;
  readonly source: string;
  /** Whether mixed pixels are means of two: no 8-bit pixels any more. */
  readonly blends: boolean;
  /**
   * Draws how one batch is mixed.
   *
   * @param side - of its square pictures, in pixels
   * @param alpha - α > 0, of the Beta distribution of λ
   * @param uniform - source of randomness
   * @returns the mix; null when pictures stay as they are
   */
  draw(side: number, alpha: number, uniform: Uniform): Mix | null;
}

const none: Mixing = { summary: 'pictures as they are', source: '', blends: false, draw: () => null };

/** λ ~ Beta(α, α). */
const mixup = {
  summary: 'a weighted mean of two pictures',
  source: 'Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018',
  blends: true,
  draw: (_, alpha, uniform) => ({ share: symmetricBeta(alpha, uniform), box: null }),
} satisfies Mixing;

/** A box of 1 − λ of the area around a point anywhere, cut at the borders; the share is that of the pixels that stay. */
const cutmix = {
  summary: 'a rectangle of one picture in the other',
  source:
    'Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features, ICCV 2019',
  blends: false,
  draw: (side, alpha, uniform) => {
    const half = Math.trunc(0.5 * Math.sqrt(1 - symmetricBeta(alpha, uniform)) * side);
    const x = Math.floor(uniform() * side);
    const y = Math.floor(uniform() * side);
    const within = (at: number): number => Math.min(Math.max(at, 0), side);
    const box = { top: within(y - half), left: within(x - half), bottom: within(y + half), right: within(x + half) };
    return { share: 1 - ((box.bottom - box.top) * (box.right - box.left)) / side ** 2, box };
  },
} satisfies Mixing;

/** Mixings by the name that a pipeline file uses. */
export const mixings = { none, mixup, cutmix } as const satisfies Record<string, Mixing>;

/** Name of a mixing. */
export type MixingName = keyof typeof mixings;

/**
 * What the partners have: the element before, the first one's the last.
 *
 * @param own - labels or places of a batch's pictures, [N]
 * @returns those of the partners, [N]
 */
export function partnersOf<List extends Int32Array | Uint32Array>(own: List): List {
  const partners = own.slice() as List;
  own.forEach((value, index) => (partners[(index + 1) % own.length] = value));
  return partners;
}

/**
 * What mixed pictures are taken for where one thing alone can be told of each: that of the greater share.
 *
 * @param mixed - λ, and more where the caller has more; null where pictures are as they are
 * @param own - labels or places of the pictures, [N]
 * @param partners - gives those of the partners
 * @returns the partners' where λ < ½, else the pictures' own
 */
export function dominant<Mixed extends Pick<Mix, 'share'>, List>(
  mixed: Mixed | null,
  own: List,
  partners: (mixed: Mixed) => List,
): List {
  return mixed && mixed.share < 0.5 ? partners(mixed) : own;
}

/**
 * Mixes the pictures of a batch in place.
 *
 * @param images - [N, side, side, 3]: float32; or uint8, for a mix with a box
 * @param side - in pixels
 * @param mix - how
 */
export function mixImages(images: Float32Array | Uint8Array, side: number, mix: Mix): void {
  const { share, box } = mix;
  const length = side * side * 3;
  const count = images.length / length;
  const area = box ?? { top: 0, left: 0, bottom: side, right: side };
  const own = box ? 0 : share;
  const last = images.slice((count - 1) * length);
  // From the end on, so that every partner is still as it was; the first picture's partner was kept.
  for (let index = count - 1; index >= 0; index--) {
    const picture = images.subarray(index * length, (index + 1) * length);
    const partner = index === 0 ? last : images.subarray((index - 1) * length, index * length);
    for (let row = area.top; row < area.bottom; row++)
      for (let i = (row * side + area.left) * 3; i < (row * side + area.right) * 3; i++)
        picture[i] = own * (picture[i] ?? 0) + (1 - own) * (partner[i] ?? 0);
  }
}
