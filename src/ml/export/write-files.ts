import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from './export-format.ts';

/**
 * Writes files into a folder, which is made if need be.
 *
 * @param folder - absolute path
 * @param files - by name
 */
export function writeFiles(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
}
