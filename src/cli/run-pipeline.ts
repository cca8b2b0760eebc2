import { join } from 'node:path';
import type { Event } from '../core/event.ts';
import { initialRun, runState } from '../core/run-state.ts';
import { executors, type ExecutorName } from '../executors/registry.ts';
import { judgeReports, plan } from '../project/plan.ts';
import type { CellOptions } from '../project/preview.ts';
import { commandOf } from '../project/report.ts';
import { run } from '../project/run.ts';
import { logFile } from '../record/run-record.ts';
import { forgetSources } from '../store/files/sources.ts';
import { reporterFor, reporters } from '../ui/registry.ts';
import type { ReporterOptions } from '../ui/reporter.ts';
import { runSummary } from '../ui/summary.ts';
import { lastLines } from '../util/last-lines.ts';
import { shellWord } from '../util/shell-word.ts';
import { exitCodes } from './exit.ts';
import { printNotes } from './notes.ts';
import { printPreview } from './preview.ts';
import { interruptions } from './signals.ts';
import { printError } from './terminal.ts';
import { threadsOption } from './threads.ts';
import { fromWorkspace } from './workspace.ts';

/** Flags of `kdpipe run`. */
export interface RunFlags extends CellOptions {
  readonly dryRun?: boolean;
  readonly jobs: number;
  readonly executor: ExecutorName;
  readonly keepGoing?: boolean;
  /** False for `--no-cohorts`. */
  readonly cohorts: boolean;
  readonly set?: readonly string[];
  readonly json?: boolean;
  /** True to read all files outside the store again. */
  readonly rehash?: boolean;
  /** False for `--no-report`. */
  readonly report?: boolean;
}

const exitOf = { done: exitCodes.done, failed: exitCodes.stageFailed, interrupted: exitCodes.interrupted } as const;

/**
 * Plans a pipeline file and runs what is not in the store, or shows what would run.
 *
 * @param file - path as the user typed it
 * @param flags - of the command line
 * @returns the exit code
 * @throws FailureError when the run cannot start
 */
export async function runPipeline(file: string, flags: RunFlags): Promise<number> {
  const { set: overrides = [], dryRun, json = false, jobs: slots, rehash, ...options } = flags;
  const pipeline = await plan(file, { overrides });
  if (rehash) forgetSources(pipeline.project.store.root);
  if (dryRun) {
    await printPreview(pipeline, options, json);
    return exitCodes.done;
  }
  const { notes } = overrides.length > 0 ? await judgeReports(pipeline) : { notes: [] };
  printNotes([...pipeline.notes, ...notes]);
  const terminal = await followRun(json, pipeline.project.runsFolder);
  try {
    const { onEvent, signal, killSignal } = terminal;
    const command = ['kdpipe', ...fromWorkspace(process.argv.slice(2)).map(shellWord)].join(' ');
    const executor = executors[flags.executor].create;
    const running = { ...options, ...threadsOption(), executor, slots, onEvent, signal, killSignal, command };
    const { status, written, held } = await run(pipeline, running);
    const files = { written, held, command: commandOf(pipeline, 'report') };
    for (const line of runSummary(terminal.state(), files)) printError(line);
    return exitOf[status];
  } finally {
    terminal.release();
  }
}

/** Shows a run on the terminal until it ends, and listens to Ctrl-C as long. */
async function followRun(json: boolean, runsFolder: string) {
  const color = process.stderr.isTTY && !process.env['NO_COLOR'];
  const name = json ? 'ndjson' : reporterFor(process.stderr.isTTY, process.env);
  const lastLine: ReporterOptions['lastLine'] = ({ pipeline, run }, cell) =>
    lastLines(logFile(join(runsFolder, pipeline, run), cell), 1)[0];
  const streams = { out: process.stdout, err: process.stderr };
  const reporter = await reporters[name].create({ ...streams, color, now: Date.now, lastLine });
  const signals = interruptions();
  let state = initialRun;
  const release = (): void => {
    reporter.close();
    signals.release();
  };
  const onEvent = (event: Event): void => {
    state = runState(state, event);
    reporter.event(event);
    // What follows writes tables and plots: Ctrl-C ends that at once.
    if (event.type === 'run-finished') release();
  };
  return { signal: signals.interrupt, killSignal: signals.kill, onEvent, release, state: () => state };
}
