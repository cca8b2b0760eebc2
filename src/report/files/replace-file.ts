import { open, realpath, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { FailureError } from '../../core/failure.ts';
import { sweepTemporary } from '../../util/temporary-file.ts';
import { writeWhole } from '../../util/write-whole.ts';

/** A text file, with what a rewrite keeps. */
export interface OpenedFile {
  /** As the user named it. */
  readonly file: string;
  /** Absolute, symbolic links followed. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** What is done with a file: `r` reads it, `r+` also makes sure that it may be written. */
type Access = 'r' | 'r+';

/** Words for what went wrong with a file. */
function refuse(file: string, access: Access, error: unknown): never {
  const reads = access === 'r';
  const message = `cannot ${reads ? 'read' : 'write'} the file: ${(error as Error).message}`;
  const expected = reads
    ? 'a text file in UTF-8'
    : 'a text file in UTF-8 that may be written, in a folder that may be written, on a disk with room';
  const code = reads ? 'unreadable-file' : 'unwritable-file';
  throw new FailureError([{ code, message, place: { file }, expected }]);
}

/**
 * Reads a text file. Asked for `r+`, it makes sure that the file may be written: a rename would replace even a read-only
 * one.
 *
 * @param path - absolute path; a symbolic link is followed to what it names
 * @param file - the path as failures show it
 * @param access - `r` to read, `r+` to rewrite later
 * @returns the text and what a rewrite keeps
 * @throws FailureError when it is missing, no text in UTF-8, or may not be written
 */
export async function openText(path: string, file: string, access: Access): Promise<OpenedFile> {
  let handle: FileHandle | undefined;
  try {
    const target = await realpath(path);
    handle = await open(target, access);
    const { mode, uid, gid } = await handle.stat();
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await handle.readFile());
    return { file, path: target, text, mode: mode & 0o7777, owner: { uid, gid } };
  } catch (error) {
    return refuse(file, access, error);
  } finally {
    await handle?.close();
  }
}

/**
 * Replaces a file's text in one step, as it is kept by {@link writeWhole}; when it returns, the text is on the disk.
 *
 * @param opened - the file as it was opened
 * @param text - the new text
 * @throws FailureError when it cannot be written; the old text is then still there
 */
export function rewrite(opened: OpenedFile, text: string): void {
  const { path, mode, owner } = opened;
  sweepTemporary(dirname(path), basename(path));
  try {
    writeWhole(path, text, { flush: true, mode, owner });
  } catch (error) {
    refuse(opened.file, 'r+', error);
  }
}
