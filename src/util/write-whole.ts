import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { temporaryPath } from './temporary-file.ts';

/**
 * Does something that needs the parent folder of a path, and makes that folder only when it is missing.
 *
 * @param path - what `action` creates
 * @param action - fails with ENOENT where the folder is missing
 * @returns what `action` returns
 */
export function withParent<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return action();
  }
}

type Content = string | Uint8Array | readonly Uint8Array[];

/** How a file is replaced. */
export interface WriteOptions {
  /** True to return only when the content is on the disk: for what cannot be made again. */
  readonly flush?: boolean;
  /** Permissions, whatever the process masks; unless given, those of any new file. */
  readonly mode?: number;
  /** Whose it shall be, where this process may decide that. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/**
 * Replaces a file in one rename, its folder made when missing: whoever reads it, and whatever is killed, sees the old
 * content or the new one.
 *
 * @param file - path of the file; a symbolic link is replaced itself
 * @param content - its new content, in one part or several
 * @param options - flushing, permissions and owner
 * @throws the system's error; the old file is then as it was, and nothing else is left
 */
export function writeWhole(file: string, content: Content, options: WriteOptions = {}): void {
  const draft = temporaryPath(file);
  try {
    withParent(draft, () => writeDraft(draft, content, options));
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function writeDraft(draft: string, content: Content, { flush, mode, owner }: WriteOptions): void {
  const descriptor = openSync(draft, 'wx', mode);
  try {
    const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    for (const part of parts) writeFileSync(descriptor, part);
    // The creation mode is cut by the process's mask; the owner differs where root writes a user's file.
    if (mode !== undefined) fchmodSync(descriptor, mode);
    if (owner) giveTo(descriptor, owner);
    if (flush) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function giveTo(descriptor: number, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  try {
    fchownSync(descriptor, uid, gid);
  } catch {
    // Only root may give files away; it then belongs to whoever runs this.
  }
}
