import { resolve } from 'node:path';
import type { PlanOptions } from '../scheduler/prepare.ts';
import { kinds } from '../stages/registry.ts';
import { openStore } from '../store/local.ts';
import { foldersOf } from './folders.ts';

/** A working folder: paths in pipelines start from it, results go to its `runs/`. */
export interface Project extends PlanOptions {
  /** Absolute path of the folder. */
  readonly root: string;
}

/**
 * Opens a working folder. Nothing is created.
 *
 * @param cwd - the folder; by default the current one
 * @returns store, kinds and folders
 */
export function openProject(cwd = process.cwd()): Project {
  const root = resolve(cwd);
  const { runs, store } = foldersOf(root);
  return { root, runsFolder: runs, workingFolder: root, store: openStore(store), kinds };
}
