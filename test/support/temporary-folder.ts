import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Gives all tests of a run a temporary folder and a cache of their own, and removes it with everything that they left
 * there. What is dear and the same for every run may be left in the folder `KDPIPE_TEST_KEPT`. Each project of Vitest asks, and one
 * folder serves all: the path of a socket has some 100 characters.
 */
export default function setup(): () => void {
  if (process.env['KDPIPE_TEST_KEPT'] !== undefined) return () => undefined;
  process.env['KDPIPE_TEST_KEPT'] = join(tmpdir(), `kdpipe-test-kept-${process.getuid?.() ?? 'user'}`);
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-test-'));
  // Some tests go on as another user.
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  return () => rmSync(folder, { recursive: true, force: true });
}
