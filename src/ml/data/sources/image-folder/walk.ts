import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isLitter } from '../../../../util/litter.ts';
import { byCodeUnits } from '../../../../util/text.ts';

/** What lies below a folder: paths relative to it, with `/`, sorted by code units. */
export interface Tree {
  readonly files: readonly string[];
  /** Folders that hold no file at any depth; of those in each other the topmost. */
  readonly empty: readonly string[];
}

/** What systems put beside pictures: macOS into archives, Synology and Windows into every folder. */
const BESIDE =
  /^(?:__MACOSX|@eaDir|(?:eh)?thumbs\.db|desktop\.ini|icon\r|\$RECYCLE\.BIN|System Volume Information|lost\+found)$/i;

/** Whether a file or folder is there for people: what is hidden is not, nor what programs leave. */
const counts = (name: string): boolean => !name.startsWith('.') && !isLitter(name) && !BESIDE.test(name);

/** A folder under way. */
interface Position {
  /** Relative to the root; empty for the root itself. */
  readonly path: string;
  /** It and the folders that led to it, without links. */
  readonly trail: readonly string[];
}

interface Found {
  readonly files: string[];
  readonly empty: string[];
}

/** What a name stands for, links followed; undefined for a link to nowhere and for what is neither file nor folder. */
async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return 'folder';
  return found?.isFile() ? 'file' : undefined;
}

/** Walks into a folder; returns whether there is a file in it. */
async function walkInto(root: string, { path, trail }: Position, found: Found): Promise<boolean> {
  const folder = join(root, path);
  const here: Found = { files: [], empty: [] };
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!counts(entry.name)) continue;
    const below = path === '' ? entry.name : `${path}/${entry.name}`;
    const kind = entry.isSymbolicLink() ? await kindOf(join(root, below)) : entry.isDirectory() ? 'folder' : 'file';
    if (kind === 'file') here.files.push(below);
    if (kind !== 'folder') continue;
    const real = entry.isSymbolicLink() ? await realpath(join(root, below)) : join(trail.at(-1) ?? '', entry.name);
    // A link up its own path leads to what is there already.
    if (trail.includes(real)) continue;
    if (!(await walkInto(root, { path: below, trail: [...trail, real] }, here))) here.empty.push(below);
  }
  if (here.files.length === 0) return false;
  for (const file of here.files) found.files.push(file);
  for (const empty of here.empty) found.empty.push(empty);
  return true;
}

/**
 * Lists the files below a folder, by one rule at every depth: links are followed, hidden files and folders do not
 * count, nor does what programs leave. All of it is in the key of a dataset.
 *
 * @param root - absolute path of a folder
 * @returns its files, and the folders without any
 */
export async function walkTree(root: string): Promise<Tree> {
  const found: Found = { files: [], empty: [] };
  await walkInto(root, { path: '', trail: [await realpath(root)] }, found);
  return { files: found.files.sort(byCodeUnits), empty: found.empty.sort(byCodeUnits) };
}
