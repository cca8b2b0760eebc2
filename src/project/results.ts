import { join } from 'node:path';
import { findCells } from '../cells/select.ts';
import { cellStatuses } from '../core/run-state.ts';
import type { CellId } from '../core/plan.ts';
import { fail } from '../core/failure.ts';
import { ownValue } from '../core/own.ts';
import { lastResultsFile, readLastResults } from '../record/last-results.ts';
import { latestReadable, listRuns, replayRun, type PastRun } from '../record/past-runs.ts';
import type { Entry } from '../store/store.ts';
import { nameAdvice } from '../util/text.ts';
import type { Project } from './project.ts';
import { pipelinesIn, recentRun } from './recent.ts';

/** A cell of a past run, and its result. */
export interface CellResult {
  readonly cell: CellId;
  /** Undefined where it has none, or no longer. */
  readonly entry: Entry | undefined;
  /** How far it came in that run. */
  readonly state: string;
}

/**
 * Finds the results of cells, as the run had them or, where it did not come to them, the last time that they were made.
 *
 * @param project - the workspace
 * @param past - a run
 * @param cells - cells of its plan
 * @returns a result for each
 */
export function resultsOf(project: Project, past: PastRun, cells: Iterable<CellId>): readonly CellResult[] {
  const statuses = cellStatuses(replayRun(past));
  const last = readLastResults(lastResultsFile(project.runsFolder, past.plan.name));
  return Array.from(cells, (cell) => {
    const status = statuses.get(cell);
    const own = status && 'key' in status.event ? status.event.key : null;
    const key = own ?? last.get(cell)?.key;
    const entry = key === undefined ? undefined : project.store.find(key);
    return { cell, entry, state: status?.state ?? 'not reached in the latest run' };
  });
}

/**
 * The latest run of each pipeline whose record is whole.
 *
 * @param project - the workspace
 * @returns the runs, the latest of all first
 */
export function latestRuns(project: Project): readonly PastRun[] {
  const { runsFolder } = project;
  return pipelinesIn(runsFolder)
    .flatMap((pipeline) => {
      const folders = listRuns(runsFolder, pipeline).map((run) => join(runsFolder, pipeline, run));
      return latestReadable(folders) ?? [];
    })
    .sort((a, b) => (a.run < b.run ? 1 : -1));
}

/** A cell and what of it is meant: `student[kd_ratio=0.5].weights`. */
function splitOutput(name: string): { readonly cell: string; readonly output?: string } {
  const [, cell, output] = /^([\w-]+(?:\[.*\])?)\.([\w-]+)$/s.exec(name) ?? [];
  return cell === undefined || output === undefined ? { cell: name } : { cell, output };
}

/** Results of the cells that a name means. */
interface NamedResults {
  readonly results: readonly CellResult[];
  /** What of them is meant; all of it where it is not said. */
  readonly output?: string | undefined;
}

/**
 * Finds the results of the cells that a name means, in the latest run that has such cells.
 *
 * @param project - the workspace
 * @param name - a stage, cell or `stage[axis=value]`, with `.output` where one is wanted
 * @returns their results, in the order of the plan
 * @throws FailureError when nothing is called that
 */
export function findResults(project: Project, name: string): NamedResults {
  const { cell: selector, output } = splitOutput(name);
  for (const past of latestRuns(project)) {
    const named = findCells(past.plan.cells, [selector]);
    if (named.ok) return { results: resultsOf(project, past, named.value), output };
  }
  const latest = recentRun(project.runsFolder);
  const advice = nameAdvice(selector, namesIn(latest));
  return fail({
    code: 'no-such-cell',
    message: `no run of the latest ones has a stage or cell called ${selector}`,
    expected: 'a stage, a cell, or stage[axis=value], with .output where one is wanted',
    ...(advice !== undefined && { fix: advice }),
  });
}

/**
 * Finds where results lie: of each cell that a name means its folder, or one output of it.
 *
 * @param project - the workspace
 * @param name - as for {@link findResults}
 * @returns absolute paths, in the order of the plan
 * @throws FailureError when nothing is called that, or has no result or no such output
 */
export function findPaths(project: Project, name: string): readonly string[] {
  const { results, output } = findResults(project, name);
  return results.map((result) => pathOf(result, output));
}

/** Stages and cells of a run. */
function namesIn({ plan }: PastRun): readonly string[] {
  return [...new Set(plan.cells.map(({ stage }) => stage)), ...plan.cells.map(({ id }) => id)];
}

/**
 * The result of a cell that has one.
 *
 * @param result - as it was found
 * @returns its entry
 * @throws FailureError `no-result`
 */
export function entryOf(result: CellResult): Entry {
  const { cell, entry, state } = result;
  return entry ?? fail({ code: 'no-result', message: `${cell} has no result: ${state}`, fix: 'kdpipe run makes it' });
}

function pathOf(result: CellResult, output: string | undefined): string {
  const entry = entryOf(result);
  const { cell } = result;
  if (output === undefined) return entry.path;
  const found = ownValue(entry.outputs, output);
  if (found) return join(entry.path, found.path);
  const names = Object.keys(entry.outputs);
  const advice = nameAdvice(output, names);
  return fail({
    code: 'no-such-output',
    message: `${cell} has no output called ${output}`,
    expected: names.length > 0 ? names.join(', ') : 'a cell with outputs',
    ...(advice !== undefined && { fix: advice }),
  });
}
