import type { RecipeParams } from '../../params/recipe.ts';
import type { RgbImage } from './image.ts';

/** What stands outside of a picture, by torchvision's names: black, or the picture mirrored at its edge, which is not repeated. */
type PaddingMode = RecipeParams['paddingMode'];

/** Place in a row of `length` that a place outside of it mirrors; -1 where there is none. */
const PLACES: Readonly<Record<PaddingMode, (at: number, length: number) => number>> = {
  constant: (at, length) => (at >= 0 && at < length ? at : -1),
  reflect: (at, length) => {
    const period = Math.max(1, 2 * (length - 1));
    const within = ((at % period) + period) % period;
    return Math.min(within, period - within);
  },
};

/**
 * Widens a picture on all four sides, as torchvision's `pad` does.
 *
 * @param image - uint8 [height, width, 3]
 * @param padding - pixels on each side
 * @param mode - what stands there
 * @returns a fresh picture, [height + 2 · padding, width + 2 · padding, 3]
 */
export function padImage(image: RgbImage, padding: number, mode: PaddingMode): RgbImage {
  const [height, width] = [image.height + 2 * padding, image.width + 2 * padding];
  const pixels = new Uint8Array(height * width * 3);
  const placeOf = PLACES[mode];
  const columns = Int32Array.from({ length: width }, (_, x) => placeOf(x - padding, image.width));
  let write = 0;
  for (let y = 0; y < height; y++) {
    const row = placeOf(y - padding, image.height);
    for (const column of columns) {
      const read = (row * image.width + column) * 3;
      if (row >= 0 && column >= 0) pixels.set(image.pixels.subarray(read, read + 3), write);
      write += 3;
    }
  }
  return { pixels, height, width };
}
