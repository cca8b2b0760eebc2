import type { Event } from '../core/event.ts';
import type { Failure } from '../core/failure.ts';
import { redactor } from '../core/secrets.ts';
import { placeOf, type ExecutorName } from '../executors/registry.ts';
import { judgeReports, plan, type PlannedPipeline } from '../project/plan.ts';
import type { CellOptions } from '../project/preview.ts';
import { commandOf } from '../project/report.ts';
import { run } from '../project/run.ts';
import { requireTrust } from '../project/trust.ts';
import { forgetSources } from '../store/files/sources.ts';
import { readingView } from '../ui/reading-view.ts';
import { runSummary } from '../ui/summary.ts';
import { shellWord } from '../util/shell-word.ts';
import { runDetached, tellStarter } from './detach.ts';
import { exitCodes, exitOf } from './exit.ts';
import { printFailures, printNotes } from './notes.ts';
import { printPreview } from './preview.ts';
import { viewRun } from './run-view.ts';
import { interruptions } from './signals.ts';
import { printError } from './terminal.ts';
import { threadsOption } from './threads.ts';
import { fromWorkspace } from './workspace.ts';

/** Flags of `kdpipe run`. */
export interface RunFlags extends CellOptions {
  readonly dryRun?: boolean;
  readonly detach?: boolean;
  readonly jobs: number;
  readonly executor?: ExecutorName;
  readonly keepGoing?: boolean;
  /** False for `--no-cohorts`. */
  readonly cohorts: boolean;
  readonly set?: readonly string[];
  readonly json?: boolean;
  /** True to start the programs of a pipeline from elsewhere. */
  readonly trust?: boolean;
  /** True to read all files outside the store again. */
  readonly rehash?: boolean;
  /** False for `--no-report`. */
  readonly report?: boolean;
}

/**
 * Plans a pipeline file and runs what is not in the store, or shows what would run.
 *
 * @param file - path as the user typed it
 * @param flags - of the command line
 * @returns the exit code
 * @throws FailureError when the run cannot start
 */
export async function runPipeline(file: string, flags: RunFlags): Promise<number> {
  const {
    set: overrides = [],
    dryRun,
    json = false,
    jobs: slots,
    trust = false,
    rehash,
    executor: place,
    ...options
  } = flags;
  const pipeline = await plan(file, { overrides, trust });
  if (rehash) forgetSources(pipeline.project.store.root);
  if (dryRun) {
    await printPreview(pipeline, options, json);
    return exitCodes.done;
  }
  requireTrust(pipeline, trust);
  const where = await placeOf(place ?? pipeline.plan.executor ?? 'local');
  // What stands in the queue of a cluster needs no process.
  if (options.detach && !('cluster' in where)) return runDetached(pipeline.project.runsFolder);
  const { notes } = overrides.length > 0 ? await judgeReports(pipeline) : { notes: [] };
  printNotes([...pipeline.notes, ...notes]);
  const terminal = await followRun(json, pipeline);
  try {
    const { onEvent, signal, killSignal, watch } = terminal;
    const command = ['kdpipe', ...fromWorkspace(process.argv.slice(2)).map(shellWord)].join(' ');
    const onSinkFailure = (failure: Failure): void => printNotes([failure]);
    const running = {
      ...options,
      onSinkFailure,
      ...threadsOption(),
      ...where,
      slots,
      onEvent,
      signal,
      killSignal,
      watch,
      command,
    };
    const { status, written, held, unwritten, searches, onFinish, synced, run: name } = await run(pipeline, running);
    for (const { failure } of synced) if (failure) printNotes([failure]);
    if (status === 'left') {
      printError(`run ${name} goes on in the queue: kdpipe attach ${name} shows it, kdpipe cancel ${name} ends it`);
      return exitOf[status];
    }
    const files = { written, held, command: commandOf(pipeline, 'report') };
    for (const line of runSummary(terminal.state(), files, searches)) printError(line);
    if (unwritten.length) printFailures(unwritten);
    if (onFinish) printNotes([onFinish]);
    return status === 'done' && unwritten.length ? exitCodes.stageFailed : exitOf[status];
  } finally {
    terminal.release();
  }
}

/** Shows a run on the terminal until it ends, and listens to Ctrl-C as long. */
async function followRun(json: boolean, { plan: { secrets }, project: { runsFolder } }: PlannedPipeline) {
  const view = await viewRun(json, runsFolder, redactor(secrets).text);
  const signals = interruptions();
  const watch = readingView(process.stderr, () => performance.now());
  const tell = tellStarter();
  const release = (): void => {
    watch.close();
    view.close();
    signals.release();
  };
  const onEvent = (event: Event): void => {
    if (event.type === 'run-started') {
      watch.close();
      signals.listen();
    }
    view.onEvent(event);
    tell(event);
    // What follows writes tables and plots: Ctrl-C ends that at once.
    if (event.type === 'run-finished') release();
  };
  return { signal: signals.interrupt, killSignal: signals.kill, watch, onEvent, release, state: view.state };
}
