import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { writeWhole } from './write-whole.ts';

/** What a file holds; nothing where there is none. */
function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a file hold some bytes. One that holds their beginning gets the rest where it ends, so that whoever has it open reads on,
 * and two who write the same write it once; any other is replaced in one rename.
 *
 * @param file - path of the file; its folder is made when missing
 * @param content - what it shall hold
 * @returns whether anything was written
 * @throws the system's error
 */
export function growFile(file: string, content: Uint8Array): boolean {
  const old = contentOf(file);
  if (!old || old.length > content.length || !old.equals(content.subarray(0, old.length))) {
    writeWhole(file, content);
    return true;
  }
  if (old.length === content.length) return false;
  const descriptor = openSync(file, 'r+');
  try {
    for (let at = old.length; at < content.length;) at += writeSync(descriptor, content, at, content.length - at, at);
  } finally {
    closeSync(descriptor);
  }
  return true;
}
