import { pick, type Augmentation } from '../augmentation.ts';

/** CutOut with squares of half the picture's side, as the paper has them for CIFAR-10. */
export const cutout: Augmentation = {
  summary: 'a square of half the side, centred anywhere, gets the mean colour',
  source: 'DeVries & Taylor, Improved Regularization of Convolutional Neural Networks with Cutout, 2017',
  create: ({ side, mean }) => {
    const half = side >> 2;
    const colour = Uint8Array.from(mean, Math.round);
    return (image, uniform) => {
      const [y, x] = [pick(side, uniform), pick(side, uniform)];
      const pixels = new Uint8Array(image.pixels);
      for (let row = Math.max(0, y - half); row < Math.min(side, y + half); row++)
        for (let column = Math.max(0, x - half); column < Math.min(side, x + half); column++)
          pixels.set(colour, (row * side + column) * 3);
      return { ...image, pixels };
    };
  },
};
