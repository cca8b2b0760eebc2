import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WrittenFile } from '../report/tables/table-files.ts';
import type { RunSummary } from '../scheduler/run-plan.ts';
import { saveUpToDate, findUpToDate } from '../scheduler/up-to-date.ts';
import { openStore } from '../store/local.ts';
import { sourceDigester } from '../store/files/sources.ts';
import type { Store } from '../store/store.ts';
import { initialRun } from '../core/run-state.ts';
import { runSummary } from '../ui/summary.ts';
import { assetPath, kdpipeVersion } from '../util/package-root.ts';
import { foldersOf } from './folders.ts';
import type { PlannedFile } from './project.ts';

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
 * Finds out without planning that a run would have nothing to do.
 *
 * @param file - absolute path of the pipeline file
 * @param overrides - `-S` arguments
 * @returns what the run says at its end; undefined when it has to be planned
 */
export async function recallNothingToDo(
  file: string,
  overrides: readonly string[] = [],
): Promise<readonly string[] | undefined> {
  const start = performance.now();
  const kdpipe = program();
  if (kdpipe === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const workingFolder = process.cwd();
  const store = openStore(foldersOf(workingFolder).store);
  const request = { file, text, overrides, workingFolder, program: kdpipe };
  const settled = await findUpToDate(request, store, process.env);
  if (!settled) return undefined;
  const { cells, placed } = settled;
  const counts = { ...initialRun.counts, reused: cells };
  const ended = { status: 'done', seconds: (performance.now() - start) / 1000 } as const;
  return runSummary(
    { ...initialRun, total: cells, counts, ended },
    placed.map((one) => ({ ...one, changed: false })),
  );
}

/** What a run has left behind. */
export interface Aftermath {
  readonly planned: PlannedFile;
  readonly summary: RunSummary;
  /** The tables and plots that stand in their files now. */
  readonly placed: readonly WrittenFile[];
  /** Absolute paths of these files, and of those that the tables were made from. */
  readonly files: Iterable<string>;
}

/**
 * Keeps in mind that a run has left nothing to do, if that is so.
 *
 * @param aftermath - how the run ended
 * @param store - where its results are
 */
export async function keepNothingToDo(aftermath: Aftermath, store: Store): Promise<void> {
  const { planned, summary, placed, files } = aftermath;
  const { plan, environment, ...asked } = planned;
  const kdpipe = program();
  const cells = plan.cells.length;
  if (kdpipe === undefined || summary.status !== 'done' || summary.entries.size !== cells) return;
  const seal = store.seal([...summary.entries.values()].map(({ key }) => key));
  if (!seal) return;
  const digest = sourceDigester(store.root);
  const digests = new Map(summary.sources);
  for (const path of files) digests.set(path, await digest(path));
  const settled = {
    environment,
    files: digests,
    seal,
    cells,
    placed: placed.map(({ what, file }) => ({ what, file })),
  };
  saveUpToDate({ ...asked, workingFolder: process.cwd(), program: kdpipe }, settled, store);
}
