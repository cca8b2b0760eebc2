import type { Uniform } from './augmentation.ts';
import type { Box } from './image.ts';

/** Share of the area that a rectangle takes, and its height by its width: torchvision's defaults. */
const [SCALE, RATIO] = [[0.02, 0.33] as const, [0.3, 3.3] as const];
/** How often a rectangle is drawn that does not fit. */
const TRIES = 10;

const between = ([low, high]: readonly [number, number], uniform: Uniform): number => low + (high - low) * uniform();

/**
 * Draws what random erasing takes out of a picture (Zhong et al., Random Erasing Data Augmentation, AAAI 2020), as torchvision's
 * `RandomErasing` does: an area of 2 to 33 %, a ratio of its sides evenly in its logarithm, a place anywhere within.
 *
 * @param probability - p, that anything is taken
 * @param side - S, of the square picture in pixels
 * @param uniform - source of randomness
 * @returns the rectangle; null where nothing is taken
 */
export function drawErased(probability: number, side: number, uniform: Uniform): Box | null {
  if (uniform() >= probability) return null;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = side * side * between(SCALE, uniform);
    const ratio = Math.exp(between([Math.log(RATIO[0]), Math.log(RATIO[1])], uniform));
    const height = Math.round(Math.sqrt(area * ratio));
    const width = Math.round(Math.sqrt(area / ratio));
    if (height >= side || width >= side) continue;
    const top = Math.floor(uniform() * (side - height + 1));
    const left = Math.floor(uniform() * (side - width + 1));
    return { top, left, height, width };
  }
  return null;
}

/**
 * Puts 0, the mean of the dataset, in the place of what is erased.
 *
 * @param values - float32 [S, S, 3] from `offset` on, normalised
 * @param offset - of the picture
 * @param side - S, in pixels
 * @param box - within the picture
 */
export function eraseBox(values: Float32Array, offset: number, side: number, box: Box): void {
  for (let y = box.top; y < box.top + box.height; y++) {
    const row = offset + (y * side + box.left) * 3;
    values.fill(0, row, row + box.width * 3);
  }
}
