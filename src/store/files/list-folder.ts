import { readdirSync, readlinkSync, realpathSync, statSync, type Dirent, type Stats } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { fail } from '../../core/failure.ts';
import { isLitter, isProbe } from '../../util/litter.ts';

/** What of a file's state is looked at. */
export type FileState = Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino' | 'nlink' | 'mode'>;

/** A file below a folder; links are followed. */
export interface ListedFile {
  /** Relative to the folder, `/` between the parts. */
  readonly path: string;
  readonly stats: FileState;
}

/** A million files are listed at once: all that the system says of each would take five times as much. */
const stateIn = ({ size, mtimeMs, ctimeMs, ino, nlink, mode }: Stats): FileState => ({
  size,
  mtimeMs,
  ctimeMs,
  ino,
  nlink,
  mode,
});

/** Everything below a folder, in the order in which the disk gives it. */
export interface FolderContent {
  readonly files: readonly ListedFile[];
  /** Relative paths of all folders, each after its parent; the first is the folder itself: an empty text. */
  readonly folders: readonly string[];
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
  readonly files: ListedFile[];
  readonly folders: string[];
}

/** A folder under way: its relative path, and the link-free paths of it and of all folders that led to it. */
interface Position {
  readonly path: string;
  readonly trail: readonly string[];
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

function followLink(walk: Walk, position: Position, path: string): void {
  const full = join(walk.root, path);
  const target = targetOf(full);
  if (walk.rule === 'closed' && (isAbsolute(readlinkSync(full)) || !isInside(target, walk.real)))
    fail({
      code: 'link-outside',
      message: `the result holds the link ${path} → ${readlinkSync(full)}, which leads out of it`,
      expected: 'files, folders, and relative links between them',
      fix: 'copy the file instead of linking it',
    });
  if (position.trail.includes(target))
    fail({
      code: 'link-loop',
      message: `the link ${full} points to ${target}, in which it stands itself`,
      expected: 'folders without loops',
      fix: 'remove the link',
    });
  const stats = statSync(full);
  if (stats.isDirectory()) listInto(walk, { path, trail: [...position.trail, target] });
  else addFile(walk, path, stats);
}

function addFile(walk: Walk, path: string, stats: Stats): void {
  if (!stats.isFile())
    fail({
      code: 'special-file',
      message: `${join(walk.root, path)} is neither a file nor a folder`,
      expected: 'files and folders (no sockets, pipes or devices)',
      fix: 'remove it',
    });
  if (walk.rule === 'closed' || !isProbe(basename(path), stats.size)) walk.files.push({ path, stats: stateIn(stats) });
}

function addFolder(walk: Walk, position: Position, path: string, name: string): void {
  const real = `${position.trail.at(-1) ?? ''}/${name}`;
  if (real !== walk.except) listInto(walk, { path, trail: [...position.trail, real] });
}

function addItem(walk: Walk, position: Position, item: Dirent): void {
  if (walk.rule === 'open' && isLitter(item.name)) return;
  const path = position.path === '' ? item.name : `${position.path}/${item.name}`;
  if (item.isSymbolicLink()) followLink(walk, position, path);
  else if (item.isDirectory()) addFolder(walk, position, path, item.name);
  else addFile(walk, path, statSync(`${walk.root}/${path}`));
}

function listInto(walk: Walk, position: Position): void {
  walk.folders.push(position.path);
  const items = readdirSync(join(walk.root, position.path), { withFileTypes: true });
  for (const item of items) addItem(walk, position, item);
}

/**
 * Lists all files and folders below a folder.
 *
 * @param root - the folder
 * @param rule - whose folder it is
 * @param except - a folder, without links in its path, that is passed over
 * @returns files with their state, and folders
 * @throws FailureError for a link that leads nowhere, in a circle or (where `closed`) outside, and for special files
 */
export function listFolder(root: string, rule: LinkRule, except?: string): FolderContent {
  const real = realpathSync(root);
  const walk: Walk = { root, real, rule, except, files: [], folders: [] };
  listInto(walk, { path: '', trail: [real] });
  return walk;
}

/**
 * The folders of a listing in which nothing is.
 *
 * @param content - what was listed
 * @returns their relative paths; not that of the listed folder itself
 */
export function emptyFoldersOf(content: FolderContent): readonly string[] {
  const { files, folders } = content;
  const parents = new Set<string>();
  for (const { path } of files) parents.add(dirname(path));
  for (const path of folders) parents.add(dirname(path));
  return folders.filter((path) => path !== '' && !parents.has(path));
}
