import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { mapConcurrently } from '../../../util/async-pool.ts';
import { byCodeUnits } from '../../../util/text.ts';
import { extensionOf, formatOf, HEAD_BYTES, isReadByName } from './formats.ts';

/** Files that are looked into at once. */
const AT_ONCE = 16;

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/**
 * Finds the pictures of formats that are not read. A name is only a hint: a file that is called `.bmp` and holds a PNG
 * is read.
 *
 * @param root - absolute path of the folder that they lie in
 * @param pictures - paths relative to it
 * @returns those that are not read
 */
export async function unreadPictures(root: string, pictures: readonly string[]): Promise<ReadonlySet<string>> {
  const doubtful = pictures.filter((picture) => !isReadByName(picture));
  const formats = await mapConcurrently(doubtful, AT_ONCE, async (picture) =>
    formatOf(await headOf(join(root, picture))),
  );
  return new Set(doubtful.filter((_, index) => formats[index] === undefined));
}

/** Numbers of files, by extension and sorted by it. */
export type ExtensionCounts = Readonly<Record<string, number>>;

/**
 * Sorts counts by extension.
 *
 * @param counts - in any order
 * @returns the same, sorted by code units
 */
export function sortedCounts(counts: ExtensionCounts): ExtensionCounts {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => byCodeUnits(a, b)));
}

/**
 * Counts files by their extensions.
 *
 * @param files - names or paths
 * @returns how many there are of each extension
 */
export function countExtensions(files: Iterable<string>): ExtensionCounts {
  const counts: Record<string, number> = {};
  for (const file of files) {
    const extension = extensionOf(file);
    counts[extension] = (counts[extension] ?? 0) + 1;
  }
  return sortedCounts(counts);
}

/**
 * Writes counts of extensions: `9 .bmp and 3 .tif files`.
 *
 * @param counts - of which there is at least one
 * @returns the text
 */
export function extensionsText(counts: ExtensionCounts): string {
  const texts = Object.entries(counts).map(([extension, count]) => `${count} ${extension}`);
  const last = texts.pop() ?? '';
  const isOne = texts.length === 0 && last.startsWith('1 ');
  return `${texts.length > 0 ? `${texts.join(', ')} and ` : ''}${last} file${isOne ? '' : 's'}`;
}
