import { pick, type Augmentation } from '../augmentation.ts';
import { filled } from '../image.ts';

/** CutOut with squares of half the picture's side, as the paper has them for CIFAR-10. */
export const cutout: Augmentation = {
  summary: 'a square of half the side, centred anywhere, gets the mean colour',
  source: 'DeVries & Taylor, Improved Regularization of Convolutional Neural Networks with Cutout, 2017',
  create: ({ side, mean }) => {
    const half = side >> 2;
    return (image, uniform) => {
      const [y, x] = [pick(side, uniform), pick(side, uniform)];
      const [top, left] = [Math.max(0, y - half), Math.max(0, x - half)];
      const [height, width] = [Math.min(side, y + half) - top, Math.min(side, x + half) - left];
      return filled(image, { top, left, height, width }, mean);
    };
  },
};
