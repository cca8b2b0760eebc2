import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '../core/json.ts';
import type { CellId, Key } from '../core/plan.ts';
import { writeWhole } from '../util/write-whole.ts';

/** What a cell's last result was: with this, `why` compares and the scheduler estimates. */
export interface LastResult {
  readonly key: Key;
  /** How long it took to make, where this machine made it. */
  readonly seconds?: number;
  /** How many others were made with it as a cohort, in the same time; none by default. */
  readonly beside?: number;
}

/** The last result of every cell of a pipeline, by cell. */
export type LastResults = ReadonlyMap<CellId, LastResult>;

const format = 1;

/**
 * The file that keeps the last results of a pipeline.
 *
 * @param runsFolder - path of `runs/`
 * @param pipeline - the pipeline's name
 * @returns its path
 */
export function lastResultsFile(runsFolder: string, pipeline: string): string {
  return join(runsFolder, pipeline, 'last.json');
}

/**
 * Reads the last results of a pipeline. They only explain and estimate: a file that is missing or broken is empty.
 *
 * @param file - from {@link lastResultsFile}
 * @returns the last results
 */
export function readLastResults(file: string): LastResults {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return new Map();
  }
  if (!isJsonObject(content) || content['format'] !== format || !isJsonObject(content['cells'])) return new Map();
  const results = new Map<CellId, LastResult>();
  for (const [cell, value] of Object.entries(content['cells'])) if (isLastResult(value)) results.set(cell, value);
  return results;
}

function isLastResult(value: unknown): value is LastResult {
  if (!isJsonObject(value) || typeof value['key'] !== 'string') return false;
  return [value['seconds'], value['beside']].every((number) => number === undefined || typeof number === 'number');
}

/**
 * Updates the file with the results of a run, in one rename; cells that the run left out keep theirs. Nothing is
 * written when nothing changed.
 *
 * @param file - from {@link lastResultsFile}
 * @param results - the run's results
 */
export function writeLastResults(file: string, results: LastResults): void {
  const merged = new Map(readLastResults(file));
  let changed = false;
  for (const [cell, result] of results) {
    const before = merged.get(cell);
    if (before?.key === result.key && (result.seconds === undefined || before.seconds === result.seconds)) continue;
    merged.set(cell, result);
    changed = true;
  }
  if (!changed) return;
  writeWhole(file, `${JSON.stringify({ format, cells: Object.fromEntries(merged) })}\n`, { flush: true });
}
