import type { Augmentation } from '../augment/augmentation.ts';
import type { RgbImage } from '../augment/image.ts';
import { uniforms } from '../random/random.ts';
import { refusing } from './refusing.ts';

const [PICTURES, SIDE, MEAN] = [8, 32, 128];

const EXPECTED = 'create gives null, or what makes of a square picture and draws a picture of the same size';

const isPicture = (made: unknown, { height, width, pixels }: RgbImage): boolean => {
  const { height: rows, width: columns, pixels: values } = (made ?? {}) as Partial<RgbImage>;
  return rows === height && columns === width && values instanceof Uint8Array && values.length === pixels.length;
};

/**
 * A plugin's augmentation that gives pictures of the size that it gets.
 *
 * @param name - in pipelines
 * @param augmentation - as the plugin has it
 * @param shown - the plugin's file, as failures show it
 * @returns the augmentation; it throws `invalid-plugin` where what it makes is no such picture, or it throws itself
 */
export function samePictures(name: string, augmentation: Augmentation, shown: string): Augmentation {
  const refuse = refusing(`augmentations.${name}`, shown, EXPECTED);
  const tell = <T>(make: () => T): T => {
    try {
      return make();
    } catch (error) {
      return refuse(error);
    }
  };
  return {
    ...augmentation,
    create: (input) => {
      const augment = tell(() => augmentation.create(input));
      if (augment === null) return null;
      if (typeof augment !== 'function') return refuse('create gives no function');
      return (image, uniform) => {
        const made: unknown = tell((): unknown => augment(image, uniform));
        return isPicture(made, image) ? (made as RgbImage) : refuse('what it makes is no such picture');
      };
    },
  };
}

/** Another one for another index. */
const somePicture = (index: number): RgbImage => ({
  pixels: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7 + index * 31) % 256),
  height: SIDE,
  width: SIDE,
});

/**
 * Tries an augmentation on a few pictures: what it makes has their size, is the same for the same draws, and leaves them as they are.
 *
 * @param name - of the augmentation
 * @param augmentation - as `loadPlugin` gives it
 * @param shown - the plugin's file, as failures show it
 * @returns how many of how many pictures it changes
 * @throws FailureError `invalid-plugin` with what is wrong
 */
export function checkAugmentation(
  name: string,
  augmentation: Augmentation,
  shown: string,
): { readonly changed: number; readonly pictures: number } {
  const refuse = refusing(`augmentations.${name}`, shown, EXPECTED);
  const augment = augmentation.create({ side: SIDE, mean: [MEAN, MEAN, MEAN] });
  const changes = (index: number): boolean => {
    const image = somePicture(index);
    const before = image.pixels.join();
    const [one, other] = [0, 0].map((epoch) => augment?.(image, uniforms(1, 'augment', epoch, index)).pixels.join());
    if (image.pixels.join() !== before) return refuse('it changes the picture that it gets');
    if (one !== other) return refuse('it makes two pictures of one by the same draws');
    return one !== undefined && one !== before;
  };
  const changed = Array.from({ length: PICTURES }, (_, index) => changes(index)).filter(Boolean).length;
  return { changed, pictures: PICTURES };
}
