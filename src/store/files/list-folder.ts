import { readdirSync, readlinkSync, realpathSync, statSync, type Dirent, type Stats } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fail } from '../../core/failure.ts';
import { isLitter, isProbe } from '../../util/litter.ts';
import { byCodeUnits } from '../../util/text.ts';

/** What of a file's state is looked at. */
export type FileState = Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino' | 'nlink' | 'mode'>;

/** A file below a folder; links are followed. */
export interface ListedFile {
  /** Relative to the folder, `/` between the parts. */
  readonly path: string;
  readonly stats: FileState;
}

/** A folder; links are followed. */
export interface ListedFolder {
  /** Relative to the listed folder, which is an empty text itself. */
  readonly path: string;
  readonly isEmpty: boolean;
}

/** All that the system says of a file would take five times as much memory. */
const stateIn = ({ size, mtimeMs, ctimeMs, ino, nlink, mode }: Stats): FileState => ({
  size,
  mtimeMs,
  ctimeMs,
  ino,
  nlink,
  mode,
});

/** Everything below a folder, in the order of {@link walkFolder}. */
export interface FolderContent {
  readonly files: readonly ListedFile[];
  /** Relative paths of all folders; the first is the folder itself: an empty text. */
  readonly folders: readonly string[];
  /** Relative paths of the folders in which nothing is; not that of the folder itself. */
  readonly emptyFolders: readonly string[];
}

/**
 * `closed`: a result, all of it; links may not leave the folder, because it will be moved. `open`: a folder of the user, whose
 * links may point anywhere, without the litter in it.
 */
export type LinkRule = 'closed' | 'open';

interface Walk {
  readonly root: string;
  /** The root without links. */
  readonly real: string;
  readonly rule: LinkRule;
  /** A folder, without links, that is passed over. */
  readonly except: string | undefined;
}

/** A folder under way: its relative path, and the link-free paths of it and of all folders that led to it. */
interface Position {
  readonly path: string;
  readonly trail: readonly string[];
}

/** A name in a folder. */
interface Entry {
  readonly name: string;
  /** Of a folder: where it is, without links. */
  readonly real?: string;
}

const isInside = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Where a link leads, without links. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!['ENOENT', 'ELOOP', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return fail({
      code: 'broken-link',
      message: `the link ${path} points to ${readlinkSync(path)}, which is not there`,
      expected: 'a link to a file or folder',
      fix: 'remove the link, or put its target there',
    });
  }
}

/** What a link stands for. */
function followLink({ root, real, rule }: Walk, { trail }: Position, [name, path]: readonly [string, string]): Entry {
  const full = join(root, path);
  const target = targetOf(full);
  if (rule === 'closed' && (isAbsolute(readlinkSync(full)) || !isInside(target, real)))
    fail({
      code: 'link-outside',
      message: `the result holds the link ${path} → ${readlinkSync(full)}, which leads out of it`,
      expected: 'files, folders, and relative links between them',
      fix: 'copy the file instead of linking it',
    });
  if (trail.includes(target))
    fail({
      code: 'link-loop',
      message: `the link ${full} points to ${target}, in which it stands itself`,
      expected: 'folders without loops',
      fix: 'remove the link',
    });
  return statSync(full).isDirectory() ? { name, real: target } : { name };
}

function fileAt({ root }: Walk, path: string): ListedFile {
  const full = `${root}/${path}`;
  const stats = statSync(full);
  if (!stats.isFile())
    fail({
      code: 'special-file',
      message: `${full} is neither a file nor a folder`,
      expected: 'files and folders (no sockets, pipes or devices)',
      fix: 'remove it',
    });
  return { path, stats: stateIn(stats) };
}

const pathOf = (position: Position, name: string): string => (position.path === '' ? name : `${position.path}/${name}`);

/** What a name stands for; undefined for what does not count. */
function entryOf(walk: Walk, position: Position, item: Dirent): Entry | undefined {
  const { name } = item;
  const path = pathOf(position, name);
  if (walk.rule === 'open' && isLitter(name)) return undefined;
  if (item.isSymbolicLink()) return followLink(walk, position, [name, path]);
  if (item.isDirectory()) {
    const real = `${position.trail.at(-1) ?? ''}/${name}`;
    return real === walk.except ? undefined : { name, real };
  }
  const isNothing = walk.rule === 'open' && isProbe(name, () => statSync(`${walk.root}/${path}`).size);
  return isNothing ? undefined : { name };
}

/** Where an entry stands among others: all paths in a folder begin with its name and a `/`. */
const placeOf = ({ name, real }: Entry): string => (real === undefined ? name : `${name}/`);

function* walkInto(walk: Walk, position: Position): Generator<ListedFile | ListedFolder, void, undefined> {
  const entries: Entry[] = [];
  for (const item of readdirSync(join(walk.root, position.path), { withFileTypes: true })) {
    const entry = entryOf(walk, position, item);
    if (entry) entries.push(entry);
  }
  yield { path: position.path, isEmpty: entries.length === 0 };
  for (const { name, real } of entries.sort((a, b) => byCodeUnits(placeOf(a), placeOf(b)))) {
    const path = pathOf(position, name);
    if (real === undefined) yield fileAt(walk, path);
    else yield* walkInto(walk, { path, trail: [...position.trail, real] });
  }
}

/**
 * Walks through a folder. Nothing is held of a million files but the names in the folder that is walked through.
 *
 * @param root - the folder
 * @param rule - whose folder it is
 * @param except - a folder, without links in its path, that is passed over
 * @returns files with their state, and folders before what is in them: sorted by the code units of paths, those of folders
 *   with a `/` after them
 * @throws FailureError for a link that leads nowhere, in a circle or (where `closed`) outside, and for special files
 */
export function* walkFolder(
  root: string,
  rule: LinkRule,
  except?: string,
): Generator<ListedFile | ListedFolder, void, undefined> {
  const real = realpathSync(root);
  yield* walkInto({ root, real, rule, except }, { path: '', trail: [real] });
}

/**
 * Tells folders from files.
 *
 * @param item - of {@link walkFolder}
 * @returns true for a folder
 */
export const isListedFolder = (item: ListedFile | ListedFolder): item is ListedFolder => 'isEmpty' in item;

/**
 * Lists what is in a folder of not too many files.
 *
 * @param root - the folder
 * @param rule - whose folder it is
 * @returns files with their state, and folders
 * @throws FailureError as {@link walkFolder}
 */
export function listFolder(root: string, rule: LinkRule): FolderContent {
  const files: ListedFile[] = [];
  const folders: ListedFolder[] = [];
  for (const item of walkFolder(root, rule))
    if (isListedFolder(item)) folders.push(item);
    else files.push(item);
  const empty = folders.filter(({ path, isEmpty }) => isEmpty && path !== '');
  return { files, folders: folders.map(({ path }) => path), emptyFolders: empty.map(({ path }) => path) };
}
