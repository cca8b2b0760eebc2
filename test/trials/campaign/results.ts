import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../../src/store/local.ts';
import { verify } from '../../../src/store/verify.ts';
import type { Project } from '../../support/project.ts';

const storeOf = (project: Project) => openStore(project.path('runs/.store'));

/** All that a project has made, as texts: of each cell its key, the digests of its files and its numbers but for speeds; its tables. */
export type Results = ReadonlyMap<string, string>;

/**
 * Reads what a project has made.
 *
 * @param project - the project; rows of its tables stand in README.md
 * @returns by cell, and by row of a table
 */
export function resultsOf(project: Project): Results {
  const store = storeOf(project);
  const results = new Map<string, string>();
  for (const key of store.keys()) {
    const manifest = store.find(key)?.manifest();
    if (!manifest) continue;
    const { cell, files, metrics } = manifest;
    results.set(cell, JSON.stringify({ key, files, metrics: { ...metrics, images_per_second: null } }));
  }
  // What a run said of itself below a table is no result.
  const rows = project.read('README.md').match(/^\|.*$/gm) ?? [];
  for (const [at, row] of rows.entries()) results.set(`row ${at} of the table`, row);
  return results;
}

/**
 * Compares results with those of an undisturbed project.
 *
 * @param results - what there is
 * @param expected - what there shall be
 * @returns what differs; empty where nothing does
 */
export function differences(results: Results, expected: Results): readonly string[] {
  const names = new Set([...results.keys(), ...expected.keys()]);
  return [...names].filter((name) => results.get(name) !== expected.get(name));
}

/**
 * Digests the whole store.
 *
 * @param project - the project
 * @returns what does not verify; undefined where all does
 */
export async function damage(project: Project): Promise<string | undefined> {
  for await (const { message, place } of verify(storeOf(project))) return `${message} (${place?.file ?? '?'})`;
  return undefined;
}

/**
 * Which results are committed, and when and as what each was: one that is made again has another stamp.
 *
 * @param project - the project
 * @returns stamps by key
 */
export function committed(project: Project): ReadonlyMap<string, string> {
  const stamps = new Map<string, string>();
  for (const key of project.keys()) {
    const stats = statSync(project.path(`runs/.store/${key.slice(0, 2)}/${key}/manifest.json`), {
      throwIfNoEntry: false,
    });
    if (stats) stamps.set(key, `${stats.ino} ${stats.mtimeMs}`);
  }
  return stamps;
}

/**
 * Looks for what the dead have left.
 *
 * @param project - the project
 * @returns paths of drafts and of files that were to be renamed
 */
export function litter(project: Project): readonly string[] {
  const below = (folder: string): readonly string[] =>
    readdirSync(project.path(folder), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? below(join(folder, entry.name)) : [join(folder, entry.name)],
    );
  return below('.').filter((path) => /\/\.drafts\/|\.tmp$/.test(path));
}
