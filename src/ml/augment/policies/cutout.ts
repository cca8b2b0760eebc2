import { at } from '../../../util/at.ts';
import { pick, type Augmentation } from '../augmentation.ts';

/** CutOut with squares of half the picture's side, as the paper has them for CIFAR-10. */
export const cutout: Augmentation = {
  summary: 'a square of half the side, centred anywhere, gets the mean colour',
  source: 'DeVries & Taylor, Improved Regularization of Convolutional Neural Networks with Cutout, 2017',
  create: ({ side, mean }) => {
    const half = side >> 2;
    const row = Uint8Array.from({ length: side * 3 }, (_, i) => Math.round(at(mean, i % 3)));
    return (image, uniform) => {
      const [y, x] = [pick(side, uniform), pick(side, uniform)];
      const [left, right] = [Math.max(0, x - half), Math.min(side, x + half)];
      const pixels = new Uint8Array(image.pixels);
      for (let line = Math.max(0, y - half); line < Math.min(side, y + half); line++)
        pixels.set(row.subarray(0, (right - left) * 3), (line * side + left) * 3);
      return { ...image, pixels };
    };
  },
};
