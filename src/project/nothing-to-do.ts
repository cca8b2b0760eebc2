import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary } from '../scheduler/run-plan.ts';
import { saveUpToDate, findUpToDate, type UpToDate } from '../scheduler/up-to-date.ts';
import { openStore } from '../store/local.ts';
import type { ReadWatch } from '../store/files/digest-file.ts';
import { sourceDigester } from '../store/files/sources.ts';
import { assetPath, kdpipeVersion } from '../util/package-root.ts';
import { foldersOf } from './folders.ts';
import type { PlannedPipeline, SourceOptions } from './plan.ts';
import type { ReportedFiles } from './write-reports.ts';

/** Tells one build of kdpipe from another; undefined for one that runs from its sources: they change without a sign. */
function program(): string | undefined {
  if (fileURLToPath(import.meta.url).endsWith('.ts')) return undefined;
  const stamps = ['dist/cli/main.js', 'schemas/catalogue.json'].map((path) => {
    const { size, mtimeMs, ino } = statSync(assetPath(path));
    return `${size} ${mtimeMs} ${ino}`;
  });
  return [kdpipeVersion(), ...stamps].join('\n');
}

/**
 * Finds out without planning that a run would have nothing to do. It loads neither the planner nor the scheduler.
 *
 * @param file - path of the pipeline file
 * @param options - overrides, environment and working folder of the run
 * @param watch - told what is read of its sources
 * @returns the number of its cells, what was said of the plan, the tables and plots that stand in their files, and those that do not as it is
 * overridden; undefined when it has to be planned
 */
export async function findNothingToDo(
  file: string,
  options: SourceOptions = {},
  watch?: ReadWatch,
): Promise<Pick<UpToDate, 'cells' | 'stopped' | 'notes' | 'placed' | 'held'> | undefined> {
  const { overrides = [], environment = process.env, cwd = '.' } = options;
  const kdpipe = program();
  if (kdpipe === undefined) return undefined;
  const workingFolder = resolve(cwd);
  const path = resolve(workingFolder, file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const store = openStore(foldersOf(workingFolder).store);
  return findUpToDate({ file: path, text, overrides, workingFolder, program: kdpipe }, store, environment, watch);
}

/** What a run has left behind. */
export interface RunTraces {
  readonly summary: RunSummary;
  /** What became of its tables and plots. */
  readonly reported: ReportedFiles;
  /** Absolute paths of these files, and of those that the tables were made from. */
  readonly files: Iterable<string>;
}

/**
 * Keeps in mind that a run has left nothing to do, if that is so, for {@link findNothingToDo}.
 *
 * @param pipeline - what was run
 * @param traces - how the run ended
 */
export async function saveNothingToDo(pipeline: PlannedPipeline, traces: RunTraces): Promise<void> {
  const { plan, notes, project, environment, file, text, overrides } = pipeline;
  const { summary, reported, files } = traces;
  const { store, workingFolder } = project;
  const kdpipe = program();
  const cells = plan.cells.length;
  if (kdpipe === undefined || summary.status !== 'done' || summary.entries.size + summary.stopped !== cells) return;
  const seal = store.seal([...summary.entries.values()].map(({ key }) => key));
  if (!seal) return;
  const digest = sourceDigester(store.root);
  const digests = new Map(summary.sources);
  for (const path of files) digests.set(path, await digest(path));
  const placed = reported.written.map(({ what, file: into }) => ({ what, file: into }));
  const held = reported.held.map(({ what, file: into }) => ({ what, file: into }));
  const said = notes.length > 0 && { notes };
  const upToDate = { environment, files: digests, seal, cells, stopped: summary.stopped, ...said, placed, held };
  saveUpToDate({ file, text, overrides, workingFolder, program: kdpipe }, upToDate, store);
}
