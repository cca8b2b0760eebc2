import { chmodSync, constants, copyFileSync, lstatSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { fail, type Failure } from '../core/failure.ts';
import type { Key } from '../core/plan.ts';
import { mapConcurrently } from '../util/async-pool.ts';
import { digestFile, syncToDisk } from './files/digest-file.ts';
import { diskFailure } from './disk-failure.ts';
import { makeEntry } from './entry.ts';
import { entryPath, manifestName, parts } from './layout.ts';
import { withParent } from '../util/write-whole.ts';
import { namesIn } from './files/names-in.ts';
import { listFolder, type FileState, type FolderContent } from './files/list-folder.ts';
import { manifestText, outputDigest, storedOutput, type ManifestFiles } from './manifest.ts';
import type { Draft, DraftManifest, Entry, Manifest, StoredOutput } from './store.ts';

/** Files that are digested or flushed at once. */
const atOnce = 16;

/** Files that the message about a missing output names. */
const mostShown = 12;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** `data/` and `./data` are `data`. */
const normalisePath = (path: string): string => posix.join(path).replace(/(?<=.)\/$/, '');

const isOutside = (path: string): boolean => posix.isAbsolute(path) || path === '..' || path.startsWith('../');

function problemOf(name: string, path: string, { files, folders }: FolderContent): Failure | undefined {
  if (isOutside(path))
    return { code: 'path-outside', message: `output ${name} is ${path}`, expected: 'a path inside the result' };
  const there = path === '.' || folders.includes(path) || files.some((file) => file.path === path);
  if (there) return undefined;
  const made = files.map((file) => file.path).sort();
  const shown = made.length > mostShown ? [...made.slice(0, mostShown), '…'] : made;
  return {
    code: 'missing-output',
    message: `output ${name} was not made: ${path} is missing; what was made: ${shown.join(', ') || 'nothing'}`,
    expected: `a file or folder ${path}`,
    fix: 'let the stage write it there, or correct the path of the output',
  };
}

function checkOutputs(outputs: DraftManifest['outputs'], content: FolderContent): Readonly<Record<string, string>> {
  if (content.files.some((file) => file.path === manifestName))
    fail({
      code: 'reserved-name',
      message: `the stage wrote a file ${manifestName} at the top of its result, where the store's own belongs`,
      expected: 'another name, or a subfolder',
      fix: 'rename the file',
    });
  const paths = Object.entries(outputs).map(([name, path]) => [name, normalisePath(path)] as const);
  for (const [name, path] of paths) {
    const problem = problemOf(name, path, content);
    if (problem) fail(problem);
  }
  return Object.fromEntries(paths);
}

/**
 * Makes a file the result's own: one that has other names, outside it maybe, would change with them. And takes the right to
 * write from it, where that is ours to do: programs read it where it lies.
 */
function own(path: string, { mode, nlink }: FileState): void {
  if (nlink > 1) {
    // What it leads to is in the result too, and has its turn.
    if (lstatSync(path).isSymbolicLink()) return;
    const copy = `${path}.${process.pid}.copy`;
    copyFileSync(path, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    renameSync(copy, path);
  }
  try {
    chmodSync(path, mode & 0o555);
  } catch {
    // Of another user, or on a disk without modes: whoever reads it looks whether it has changed.
  }
}

/** Renames a folder; false where it is not there any more. */
function moves(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** A draft on the disk of its store. */
export class LocalDraft implements Draft {
  readonly path: string;
  readonly #root: string;
  readonly #key: Key;
  readonly #found: (key: Key) => Entry | undefined;
  /** True where the store had a result before this draft was begun: then whoever makes it wants another one. */
  readonly #replaces: boolean;

  /**
   * @param path - the draft's folder, which exists
   * @param root - the store's root
   * @param key - what is made
   * @param found - looks for valid entries
   */
  constructor(path: string, root: string, key: Key, found: (key: Key) => Entry | undefined) {
    this.path = path;
    this.#root = root;
    this.#key = key;
    this.#found = found;
    this.#replaces = found(key) !== undefined;
  }

  async fence(): Promise<void> {
    const folder = dirname(this.path);
    const own = basename(this.path);
    for (const name of namesIn(folder)) {
      if (!name.startsWith(`${this.#key}.`) || name === own) continue;
      // A rename first: half of a draft must not be committed either.
      const grave = draftPath(this.#root, this.#key);
      if (moves(join(folder, name), grave)) await rm(grave, { recursive: true, force: true });
    }
  }

  async commit(manifest: DraftManifest): Promise<Entry> {
    try {
      const outputs = await this.#seal(manifest);
      return await this.#publish(outputs);
    } catch (error) {
      await this.discard().catch(() => undefined);
      throw diskFailure(error, `storing the result of ${manifest.cell}`, this.#root);
    }
  }

  async taint(manifest: DraftManifest, changed: readonly string[]): Promise<string> {
    try {
      writeFileSync(join(this.path, manifestName), manifestText({ ...manifest, changed }));
      return await keepForALook(this.#root, this.#key, this.path);
    } catch (error) {
      await this.discard().catch(() => undefined);
      throw diskFailure(error, `keeping the tainted result of ${manifest.cell}`, this.#root);
    }
  }

  async discard(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  /** Writes the manifest; when this returns, all content of the draft is on the disk. */
  async #seal({ standsFor, ...manifest }: DraftManifest): Promise<Manifest['outputs']> {
    const content = listFolder(this.path, 'closed');
    const paths = checkOutputs(manifest.outputs, content);
    for (const file of content.files) own(join(this.path, file.path), file.stats);
    const files = await this.#digest(content);
    const outputs: Record<string, StoredOutput> = {};
    const { emptyFolders } = content;
    for (const [name, path] of Object.entries(paths))
      outputs[name] = storedOutput(path, outputDigest(path, files, emptyFolders), standsFor?.[name]);
    const empty = emptyFolders.length > 0 && { emptyFolders };
    const sealed: Manifest = { format: 1, ...manifest, key: this.#key, outputs, files, ...empty };
    writeFileSync(join(this.path, manifestName), manifestText(sealed));
    const written = [manifestName, ...files.map((file) => file.path), ...content.folders];
    await mapConcurrently(written, atOnce, (path) => syncToDisk(join(this.path, path)));
    return outputs;
  }

  #digest({ files }: FolderContent): Promise<ManifestFiles> {
    return mapConcurrently(files, atOnce, async ({ path, stats: { size } }) => ({
      path,
      size,
      digest: await digestFile(join(this.path, path), size),
    }));
  }

  async #publish(outputs: Manifest['outputs']): Promise<Entry> {
    const path = entryPath(this.#root, this.#key);
    const winner = await this.#moveTo(path);
    if (winner) {
      await this.discard();
      return winner;
    }
    await syncToDisk(dirname(path));
    return makeEntry(this.#key, path, outputs);
  }

  /** Moves the draft into place, unless somebody else's valid entry came there meanwhile: then returns that one. */
  async #moveTo(path: string): Promise<Entry | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        renameSync(this.path, path);
        return undefined;
      } catch (error) {
        if (codeOf(error) === 'ENOENT' && attempt === 1) await this.#makeShard(path);
        else if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '') && attempt < 10) {
          const winner = this.#replaces ? undefined : this.#found(this.#key);
          if (winner) return winner;
          if (this.#replaces) await removeEntry(this.#root, this.#key);
          else await keepForALook(this.#root, this.#key, path);
        } else throw error;
      }
    }
  }

  async #makeShard(path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    await syncToDisk(this.#root);
  }
}

/** Moves a folder to where results lie that are never reused. Only the last one of a key is kept: it must not fill the disk. */
async function keepForALook(root: string, key: Key, from: string): Promise<string> {
  const folder = join(root, parts.tainted, key);
  await rm(folder, { recursive: true, force: true });
  withParent(folder, () => renameSync(from, folder));
  return folder;
}

let drafts = 0;

/**
 * Names a new folder among the drafts: unique among all processes of a machine, and it tells the key.
 *
 * @param root - the store's root
 * @param key - what the folder is about
 * @returns its path; nothing is there yet
 */
export function draftPath(root: string, key: Key): string {
  return join(root, parts.drafts, `${key}.${process.pid}.${Date.now().toString(36)}.${++drafts}`);
}

/**
 * Removes an entry: one rename, after which nobody finds it, then its files.
 *
 * @param root - the store's root
 * @param key - the entry's key; nothing happens when there is none
 */
export async function removeEntry(root: string, key: Key): Promise<void> {
  const grave = draftPath(root, key);
  try {
    withParent(grave, () => renameSync(entryPath(root, key), grave));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw diskFailure(error, `removing the result ${key.slice(0, 12)}`, root);
  }
  await rm(grave, { recursive: true, force: true });
}
