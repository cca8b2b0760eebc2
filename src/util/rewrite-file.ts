import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { temporaryPath } from './temporary-file.ts';

/** Bytes that are read at once. */
const chunkBytes = 1 << 20;

/**
 * Replaces texts in a file of any size, byte for byte otherwise. A file that holds none of them is not touched.
 *
 * @param file - path of the file
 * @param texts - what is replaced
 * @param by - what stands there instead
 */
export function replaceInFile(file: string, texts: readonly string[], by: string): void {
  // One character a byte: nothing is lost where the file is no UTF-8.
  const forms = texts.map((text) => Buffer.from(text).toString('latin1'));
  const overlap = Math.max(0, ...forms.map(({ length }) => length - 1));
  const draft = temporaryPath(file);
  const [from, to] = [openSync(file, 'r'), openSync(draft, 'w', 0o600)];
  let changed = false;
  try {
    const buffer = Buffer.alloc(chunkBytes);
    let rest = '';
    for (let read = 1; read > 0;) {
      read = readSync(from, buffer);
      const text = rest + buffer.toString('latin1', 0, read);
      const replaced = forms.reduce((all, form) => all.replaceAll(form, by), text);
      changed ||= replaced !== text;
      const end = read > 0 ? Math.max(0, replaced.length - overlap) : replaced.length;
      writeSync(to, replaced.slice(0, end), undefined, 'latin1');
      rest = replaced.slice(end);
    }
    if (changed) renameSync(draft, file);
  } finally {
    closeSync(from);
    closeSync(to);
    rmSync(draft, { force: true });
  }
}
