import { resize } from '../augment/resize.ts';
import type { RgbImage } from '../augment/image.ts';
import { openPacked } from './open.ts';
import type { PackedDataset } from './packed.ts';
import { encodePng } from './pictures/encode-png.ts';
import { SPLITS } from './split.ts';

/** Longer side of a thumbnail, in pixels, at most. */
const SIDE = 96;

function shrunk(image: RgbImage): RgbImage {
  const { height, width } = image;
  const scale = Math.min(1, SIDE / Math.max(height, width));
  return resize(image, Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale)));
}

/** Images of packed datasets, small enough for a page. Datasets stay open until they are closed. */
export class Thumbnails {
  readonly #opened = new Map<string, PackedDataset>();

  /**
   * Reads an image as evaluation sees it.
   *
   * @param folder - absolute path of a packed dataset
   * @param name - of a split
   * @param index - of the image in the split
   * @returns a PNG file of at most 96×96 pixels; undefined where there is no such image
   * @throws FailureError `damaged-dataset`
   */
  async read(folder: string, name: string, index: number): Promise<Uint8Array | undefined> {
    const data = this.#opened.get(folder) ?? openPacked(folder, 0);
    this.#opened.set(folder, data);
    const split = SPLITS.find((one) => one === name);
    if (!split || !Number.isSafeInteger(index) || index < 0 || index >= data.manifest.splits[split].count)
      return undefined;
    return encodePng(shrunk(await data.split(split).image('eval', index)));
  }

  /** Closes all datasets. */
  close(): void {
    for (const data of this.#opened.values()) data.close();
    this.#opened.clear();
  }
}
