import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePng } from '../../../src/ml/data/pictures/encode-png.ts';
import { idx } from '../../../src/ml/data/sources/idx.ts';

/** How many images of each class a split gets. */
export type Counts = Readonly<Record<'train' | 'val', number>>;

/**
 * Writes images of an IDX set as PNG files, a folder a class in a folder a split, as torchvision's ImageFolder reads them.
 *
 * @param root - folder of the IDX files
 * @param folder - where the splits' folders go
 * @param counts - the first images of each class are trained on, the next validate
 */
export async function writeImages(root: string, folder: string, counts: Counts): Promise<void> {
  const { images } = await idx.open(root);
  const seen = new Map<number, number>();
  for (const image of images) {
    const { label, split } = image;
    const place = seen.get(label) ?? 0;
    if (split === 'test' || place >= counts.train + counts.val) continue;
    seen.set(label, place + 1);
    const into = join(folder, place < counts.train ? 'train' : 'val', String(label));
    await mkdir(into, { recursive: true });
    await writeFile(join(into, `${String(place).padStart(4, '0')}.png`), await encodePng(await image.read()));
  }
}
