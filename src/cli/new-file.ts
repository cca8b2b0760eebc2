import { existsSync } from 'node:fs';
import { fail } from '../core/failure.ts';

/**
 * Refuses to write over a file.
 *
 * @param file - its path
 * @param force - whether that was asked for
 * @throws FailureError `file-exists`
 */
export function requireNew(file: string, force = false): void {
  if (existsSync(file) && !force)
    fail({ code: 'file-exists', message: `${file} already exists`, fix: 'name another file, or add --force' });
}
