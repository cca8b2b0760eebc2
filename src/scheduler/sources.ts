import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FailureError, type Failure } from '../core/failure.ts';
import type { Cell, Digest } from '../core/plan.ts';
import type { TaskSource } from '../core/task.ts';
import type { DeclaredSource, StageKind } from '../stages/stage-kind.ts';
import type { ReadWatch } from '../store/files/digest-file.ts';
import { sourceRecorder } from '../store/files/sources.ts';
import type { Store } from '../store/store.ts';
import { mapConcurrently } from '../util/async-pool.ts';

/** What finding sources takes. */
export interface SourceDeps {
  readonly kinds: Readonly<Record<string, StageKind>>;
  /** Folder that relative paths start from. */
  readonly workingFolder: string;
  /** Remembers digests of large sources. */
  readonly store: Pick<Store, 'root'>;
  /** Told what is read. */
  readonly watch?: ReadWatch;
}

/** What stands outside the store. */
export interface DigestedSources {
  /** The sources of a cell. */
  readonly of: (cell: Cell) => readonly TaskSource[];
  /** By absolute path. */
  readonly digests: ReadonlyMap<string, Digest>;
}

/** Most paths that are digested at once. */
const atOnce = 4;
const none: readonly TaskSource[] = [];

/**
 * Digests the files and folders outside the store that cells read, each path once: what stood there when the run
 * started is what keys are made of.
 *
 * @param cells - the cells of the run
 * @param deps - where cells are read
 * @returns the digests, by cell and by path
 * @throws FailureError that names every path that cannot be read
 */
export async function digestSources(cells: readonly Cell[], deps: SourceDeps): Promise<DigestedSources> {
  const { kinds, workingFolder, store, watch } = deps;
  const reads = new Map<Cell, readonly { readonly name: string; readonly path: string }[]>();
  const readers = new Map<string, Cell>();
  for (const cell of cells) {
    const plugins = Object.entries(cell.plugins ?? {}).map(([name, path]): DeclaredSource => ({ name, path }));
    const declared = [...(kinds[cell.kind]?.sources?.(cell.params) ?? []), ...plugins];
    if (!declared.length) continue;
    const absolute = declared.map((source) => ({ name: source.name, path: choosePath(source, workingFolder) }));
    reads.set(cell, absolute);
    for (const { path } of absolute) if (!readers.has(path)) readers.set(path, cell);
  }
  const digest = sourceRecorder(store.root, watch);
  const digests = new Map<string, Digest>();
  const failures: Failure[] = [];
  await mapConcurrently([...readers], atOnce, async ([path, cell]) => {
    try {
      digests.set(path, await digest(path));
    } catch (error) {
      const choice = kinds[cell.kind]?.sources?.(cell.params).find((source) => source.choice)?.choice;
      failures.push({ ...describeUnreadable(path, cell, error, workingFolder), ...choice?.absent });
    }
  });
  if (failures.length) throw new FailureError(failures);
  return {
    of: (cell) => reads.get(cell)?.map((source) => ({ ...source, digest: digests.get(source.path) ?? '' })) ?? none,
    digests,
  };
}

function describeUnreadable(path: string, cell: Cell, error: unknown, workingFolder: string): Failure {
  const reader = `${cell.id} reads ${path}`;
  const from = `a file or folder to read; paths in a pipeline count from the folder where kdpipe is called, or its workspace: ${workingFolder}`;
  if (error instanceof FailureError && error.failures[0]) {
    const [first] = error.failures;
    const expected = existsSync(path) ? {} : { expected: from };
    return { ...first, message: `${reader}: ${first.message}`, ...expected };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return { code: 'unreadable-source', message: `${reader}, which cannot be read: ${message}`, expected: from };
}

/** What is read of a source: all of it, or the one of its parts that is there. */
function choosePath({ path, choice }: DeclaredSource, workingFolder: string): string {
  const whole = resolve(workingFolder, path);
  if (!choice || !statSync(whole, { throwIfNoEntry: false })?.isDirectory()) return whole;
  const [first = ''] = choice.oneOf;
  const found = choice.oneOf.find((name) => existsSync(join(whole, name)));
  // Where there is none, the first is missing: nothing else of the folder is looked at.
  return found === undefined && existsSync(join(whole, choice.marker)) ? whole : join(whole, found ?? first);
}
