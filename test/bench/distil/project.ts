/** Projects on disk whose pipelines are run by the clock, in processes of their own. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Of every process. */
export const THREADS = 2;
const KDPIPE = resolve('dist/cli/main.js');

/**
 * Runs a process to its end; certificates that a machine adds to Node cost 60 ms a start and are not ours.
 *
 * @throws Error where it fails
 */
export function call(argv: readonly [string, ...string[]], folder: string): string {
  const [command, ...args] = argv;
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const ended = spawnSync(command, args, {
    cwd: folder,
    env: { ...env, KDPIPE_THREADS: String(THREADS), OMP_NUM_THREADS: String(THREADS) },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (ended.status !== 0) throw new Error(`${argv.join(' ')}: ${ended.stderr.slice(-2000)}`);
  return ended.stdout;
}

/** Seconds that something takes. */
export function secondsOf(work: () => unknown): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1e3;
}

/** Runs a project's pipeline, one stage at a time. */
export const run = (folder: string, ...flags: readonly string[]): string =>
  call(['node', KDPIPE, 'run', '-j', '1', ...flags, 'pipeline.yaml'], folder);

/** Makes a project, and runs its pipeline as far as a stage. */
export function prepared(pipeline: string, to: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'distil-prepared-'));
  writeFileSync(join(folder, 'pipeline.yaml'), pipeline);
  run(folder, '--to', to);
  return folder;
}

/** Works in a copy of a project that is removed afterwards. */
export function inCopy<T>(project: string, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'distil-copy-'));
  try {
    cpSync(project, folder, { recursive: true, preserveTimestamps: true });
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Digests of the weights that a stage's cells made, or found, in the latest run, by cell. */
export function weightsOf(folder: string, stage: string): ReadonlyMap<string, string> {
  const shown = call(['node', KDPIPE, 'show', stage, '--json'], folder);
  const found = JSON.parse(shown) as Record<string, { readonly outputs: { readonly weights: { digest: string } } }>;
  return new Map(Object.entries(found).map(([cell, { outputs }]) => [cell, outputs.weights.digest]));
}
