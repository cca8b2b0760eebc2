import { datasets } from '../data/registry.ts';

/** What is known of images before anything is made of them. */
export interface Survey {
  readonly images: number;
  readonly classes: number;
  /** The shorter sides of a sample of the images, in pixels. */
  readonly side: { readonly smallest: number; readonly median: number; readonly largest: number };
}

/** Images that are decoded: enough to see their sizes, few enough to take no second. */
const sampled = 32;

/**
 * Looks at a folder of images: how many there are, of how many classes, and how large a sample of them is.
 *
 * @param root - a folder with one folder a class
 * @returns what was seen
 * @throws FailureError for a folder that is none of these, or an image that cannot be decoded
 */
export async function surveyImages(root: string): Promise<Survey> {
  const { images, classes, close } = await datasets['image-folder'].open(root);
  try {
    const step = Math.max(1, Math.ceil(images.length / sampled));
    const sides: number[] = [];
    for (const image of images.filter((_, at) => at % step === 0)) {
      const { width, height } = await image.read();
      sides.push(Math.min(width, height));
    }
    sides.sort((a, b) => a - b);
    const [smallest = 0] = sides;
    const side = { smallest, median: sides[sides.length >> 1] ?? smallest, largest: sides.at(-1) ?? smallest };
    return { images: images.length, classes: classes.length, side };
  } finally {
    await close?.();
  }
}
