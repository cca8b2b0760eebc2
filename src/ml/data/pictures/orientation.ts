import type { RgbImage } from '../../augment/image.ts';

/** As Pillow looks for it: an attribute or an element. */
const PATTERN = /tiff:Orientation(?:="|>)([1-8])/;

/**
 * Finds the orientation in XMP metadata, which counts where EXIF has none.
 *
 * @param xmp - the packet, if there is one
 * @returns 1 … 8 as in EXIF; 1 where it says nothing
 */
export function orientationIn(xmp: Buffer | undefined): number {
  return Number(PATTERN.exec(xmp?.toString('latin1') ?? '')?.[1] ?? 1);
}

/**
 * Turns a picture upright, as Pillow's `exif_transpose` does.
 *
 * @param image - as it is stored
 * @param orientation - 1 … 8 as in EXIF: from 5 on rows are columns; 2, 3, 7, 8 are mirrored left to right, 3, 4, 6, 7
 *   top to bottom
 * @returns the picture; the same object where it is upright
 */
export function turnUpright(image: RgbImage, orientation: number): RgbImage {
  if (orientation === 1) return image;
  const isTurned = orientation >= 5;
  const [width, height] = isTurned ? [image.height, image.width] : [image.width, image.height];
  const mirrorsX = [2, 3, 7, 8].includes(orientation);
  const mirrorsY = [3, 4, 6, 7].includes(orientation);
  const pixels = new Uint8Array(image.pixels.length);
  let write = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = isTurned ? [y, x] : [x, y];
      const left = mirrorsX ? image.width - 1 - column : column;
      const top = mirrorsY ? image.height - 1 - row : row;
      const read = (top * image.width + left) * 3;
      pixels.set(image.pixels.subarray(read, read + 3), write);
      write += 3;
    }
  }
  return { pixels, height, width };
}
