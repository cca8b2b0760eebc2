import type { Store } from '../../store/store.ts';
import { dataOf } from '../../project/trained.ts';
import type { CellData } from '../data/run-data.ts';
import { entryOf } from './cell-files.ts';

/**
 * Reads an image of a packed dataset: given by who serves a page, as nothing here knows datasets.
 *
 * @param folder - absolute path of the dataset
 * @param split - its name
 * @param index - of the image in the split
 * @returns a small PNG file; undefined where there is no such image
 */
export type ReadPicture = (folder: string, split: string, index: number) => Promise<Uint8Array | undefined>;

/** An image that an evaluation saw. */
export interface SeenPicture {
  readonly cell: CellData;
  readonly split: string;
  readonly index: number;
}

/**
 * Finds an image that an evaluation saw.
 *
 * @param seen - which
 * @param store - where its dataset is
 * @param read - reads images
 * @returns a small PNG file; undefined where evaluation, dataset or image are not there, or no longer
 */
export async function pictureOf(seen: SeenPicture, store: Store, read: ReadPicture): Promise<Uint8Array | undefined> {
  try {
    const manifest = entryOf(store, seen.cell)?.manifest();
    const folder = manifest && dataOf(store, manifest);
    return folder === undefined ? undefined : await read(folder, seen.split, seen.index);
  } catch {
    return undefined;
  }
}
