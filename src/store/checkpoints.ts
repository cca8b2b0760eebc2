import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Growth, KeptCheckpoint } from '../core/growth.ts';
import { isJsonObject } from '../core/json.ts';
import type { CellId, Key } from '../core/plan.ts';
import { stageKey, type Ingredients } from '../fingerprint/stage.ts';
import { withParent, writeWhole } from '../util/write-whole.ts';
import { draftPath } from './draft.ts';
import { digestFile } from './files/digest-file.ts';
import { statIfPresent } from './files/stat-if-present.ts';
import { parts } from './layout.ts';

/**
 * Checkpoints of finished results, which longer ones go on from: `.checkpoints/<course>/<length>.<key>/`. They are no part
 * of a result. The course is a key without what says how far a result goes.
 */

const noteName = 'checkpoint.json';
const folderForm = /^(\d+)\.([0-9a-f]{64})$/;

/** Everything that a result depends on, and how results of its kind grow. */
export interface Growing {
  readonly ingredients: Ingredients;
  readonly growth: Growth;
}

/**
 * Names a course.
 *
 * @param growing - a result of it
 * @returns the key, but without what says how far a result goes
 */
export function courseKey(growing: Growing): Key {
  const { ingredients, growth } = growing;
  const params = Object.entries(ingredients.params).filter(([name]) => !growth.params.includes(name));
  return stageKey({ ...ingredients, params: Object.fromEntries(params) });
}

/** Folder of all checkpoints of one course. */
const courseFolder = (root: string, growing: Growing): string => join(root, parts.checkpoints, courseKey(growing));

/** Names in a folder; none where it is no folder, or somebody removes it. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The checkpoints of a course, the last one first. */
function lengthsIn(folder: string): readonly { readonly name: string; readonly length: number; readonly key: Key }[] {
  const named = namesIn(folder).flatMap((name) => {
    const [, length, key] = folderForm.exec(name) ?? [];
    return length === undefined || key === undefined ? [] : [{ name, length: Number(length), key }];
  });
  return named.sort((a, b) => b.length - a.length);
}

/** What was written beside a checkpoint; nothing where that is damaged. */
function readNote(folder: string): Pick<KeptCheckpoint, 'cell' | 'digest'> | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(join(folder, noteName), 'utf8'));
    const { cell, digest } = isJsonObject(note) ? note : {};
    return typeof cell === 'string' && typeof digest === 'string' ? { cell, digest } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The key of the result that another one begins as.
 *
 * @param growing - the longer result
 * @param length - of the shorter one
 * @returns its key; undefined where the longer one does not begin like that
 */
export function keyOfBeginning(growing: Growing, length: number): Key | undefined {
  const { ingredients, growth } = growing;
  const beginning = growth.beginning(ingredients.params, length);
  return 'reason' in beginning ? undefined : stageKey({ ...ingredients, params: beginning.params });
}

/**
 * Finds the checkpoints that a result may go on from. None of them is read.
 *
 * @param root - the store's root
 * @param growing - the result
 * @returns those that end no later than the result, the last one first
 */
export function findCheckpoints(root: string, growing: Growing): readonly KeptCheckpoint[] {
  const { ingredients, growth } = growing;
  const folder = courseFolder(root, growing);
  const most = growth.length(ingredients.params);
  return lengthsIn(folder).flatMap(({ name, length, key }) => {
    if (length > most || keyOfBeginning(growing, length) !== key) return [];
    const note = readNote(join(folder, name));
    return note ? [{ ...note, key, length, path: join(folder, name, growth.checkpoint) }] : [];
  });
}

/**
 * Reads a checkpoint, and compares it with what was kept.
 *
 * @param checkpoint - as it was found
 * @returns false where it is damaged, or gone
 */
export async function isIntact(checkpoint: KeptCheckpoint): Promise<boolean> {
  const { path, digest } = checkpoint;
  const stats = statIfPresent(path);
  if (!stats?.isFile()) return false;
  // Whoever cleans the store may remove it meanwhile.
  return (await digestFile(path, stats.size).catch(() => undefined)) === digest;
}

/** A stage whose result has been committed. */
interface FinishedStage {
  readonly key: Key;
  readonly cell: CellId;
  readonly scratch: string;
}

/**
 * Keeps the checkpoint that a finished stage has left in its scratch folder: moved, not copied, by one rename.
 *
 * @param root - the store's root
 * @param growing - the stage's result
 * @param from - its key, the cell, and its scratch folder; where there is no checkpoint, nothing is kept
 */
export async function keepCheckpoint(root: string, growing: Growing, from: FinishedStage): Promise<void> {
  const { checkpoint, length } = growing.growth;
  const file = join(from.scratch, checkpoint);
  const size = statIfPresent(file)?.size;
  if (size === undefined) return;
  const draft = draftPath(root, from.key);
  mkdirSync(draft, { recursive: true });
  renameSync(file, join(draft, checkpoint));
  const digest = await digestFile(join(draft, checkpoint), size);
  writeWhole(join(draft, noteName), `${JSON.stringify({ format: 1, cell: from.cell, digest })}\n`);
  const kept = join(courseFolder(root, growing), `${length(growing.ingredients.params)}.${from.key}`);
  await rm(kept, { recursive: true, force: true });
  withParent(kept, () => renameSync(draft, kept));
}

/**
 * Lists the kept checkpoints of a store.
 *
 * @param root - the store's root
 * @returns the key of the result and the folder of each
 */
export function listCheckpoints(root: string): readonly { readonly key: Key; readonly path: string }[] {
  const all = join(root, parts.checkpoints);
  const courses = namesIn(all).map((course) => join(all, course));
  return courses.flatMap((course) => lengthsIn(course).map(({ name, key }) => ({ key, path: join(course, name) })));
}

/**
 * Removes a kept checkpoint, and the folder of its course with the last one.
 *
 * @param path - its folder
 */
export async function removeCheckpoint(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  try {
    rmdirSync(dirname(path));
  } catch {
    // Others are in it.
  }
}
