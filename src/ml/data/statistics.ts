import { fail } from '../../core/failure.ts';
import { byteAt } from '../../util/at.ts';
import type { RgbImage } from '../augment/image.ts';

/** Mean and standard deviation of each channel, of pixels scaled to [0, 1]. */
export interface ChannelStatistics {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** ImageNet's statistics, as torchvision's models expect. */
export const IMAGENET: ChannelStatistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Statistics under way: sums over images. */
export interface StatisticsSums {
  readonly count: number;
  readonly means: readonly [number, number, number];
  readonly stds: readonly [number, number, number];
}

/** Means over images of the images' channel means and unbiased standard deviations: `mean_std: data`. */
export class RunningStatistics {
  #count: number;
  readonly #means: [number, number, number];
  readonly #stds: [number, number, number];

  /**
   * Begins, or goes on.
   *
   * @param sums - of another one
   */
  constructor({ count, means, stds }: StatisticsSums = { count: 0, means: [0, 0, 0], stds: [0, 0, 0] }) {
    this.#count = count;
    this.#means = [...means];
    this.#stds = [...stds];
  }

  get sums(): StatisticsSums {
    return { count: this.#count, means: this.#means, stds: this.#stds };
  }

  /**
   * Adds one image. Sums are of integers and so exact; images count equally, whatever their size.
   *
   * @param image - the picture
   */
  add(image: RgbImage): void {
    const { pixels } = image;
    const n = pixels.length / 3;
    for (const channel of [0, 1, 2] as const) {
      let sum = 0;
      let squares = 0;
      for (let i = channel; i < pixels.length; i += 3) {
        const value = byteAt(pixels, i);
        sum += value;
        squares += value * value;
      }
      this.#means[channel] += sum / n / 255;
      this.#stds[channel] += Math.sqrt(Math.max(0, squares - (sum * sum) / n) / Math.max(1, n - 1)) / 255;
    }
    this.#count++;
  }

  /**
   * The statistics of all images added.
   *
   * @returns means over the images
   * @throws FailureError `no-contrast` when a channel never varies inside an image: nothing to divide by
   */
  result(): ChannelStatistics {
    const [red, green, blue] = this.#stds.map((sum) => sum / this.#count) as [number, number, number];
    if (!(red > 0 && green > 0 && blue > 0)) {
      fail({
        code: 'no-contrast',
        message: 'every training image is of one colour in at least one channel: its standard deviation is 0',
        expected: 'images with contrast for mean_std: data',
        fix: 'look at the images, or give mean_std as numbers',
      });
    }
    const [r, g, b] = this.#means;
    return { mean: [r / this.#count, g / this.#count, b / this.#count], std: [red, green, blue] };
  }
}
