import { join } from 'node:path';
import type { Event } from '../core/event.ts';
import { initialRun, runState } from '../core/run-state.ts';
import { redactor } from '../core/secrets.ts';
import { executors, type ExecutorName } from '../executors/registry.ts';
import { judgeReports, plan, type PlannedPipeline } from '../project/plan.ts';
import type { CellOptions } from '../project/preview.ts';
import { commandOf } from '../project/report.ts';
import { ReportError, run } from '../project/run.ts';
import { requireTrust } from '../project/trust.ts';
import { logFile } from '../record/run-record.ts';
import { reporterFor, reporters } from '../ui/registry.ts';
import type { ReporterOptions } from '../ui/reporter.ts';
import { runSummary } from '../ui/summary.ts';
import { lastLines } from '../util/last-lines.ts';
import { shellWord } from '../util/shell-word.ts';
import { exitCodes } from './exit.ts';
import { printFailures, printNotes } from './notes.ts';
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
  /** True to start the programs of a pipeline from elsewhere. */
  readonly trust?: boolean;
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
  const { set: overrides = [], dryRun, json = false, jobs: slots, trust = false, ...options } = flags;
  const pipeline = await plan(file, { overrides });
  if (dryRun) {
    await printPreview(pipeline, options, json);
    return exitCodes.done;
  }
  requireTrust(pipeline, trust);
  const { notes } = overrides.length > 0 ? await judgeReports(pipeline) : { notes: [] };
  printNotes([...pipeline.notes, ...notes]);
  const terminal = await followRun(json, pipeline);
  try {
    const { onEvent, signal, killSignal } = terminal;
    const command = ['kdpipe', ...fromWorkspace(process.argv.slice(2)).map(shellWord)].join(' ');
    const executor = executors[flags.executor].create;
    const running = { ...options, ...threadsOption(), executor, slots, onEvent, signal, killSignal, command };
    const { status, written, held, failures } = await ended(run(pipeline, running));
    const files = { written, held, command: commandOf(pipeline, 'report') };
    for (const line of runSummary(terminal.state(), files)) printError(line);
    if (failures.length === 0) return exitOf[status];
    printFailures(failures);
    return status === 'done' ? exitCodes.couldNotStart : exitOf[status];
  } finally {
    terminal.release();
  }
}

/** How a run ended, whether or not its tables and plots could be written. */
async function ended(running: ReturnType<typeof run>) {
  try {
    return { ...(await running), failures: [] };
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    return { status: error.summary.status, written: [], held: [], failures: error.failures };
  }
}

/** Shows a run on the terminal until it ends, and listens to Ctrl-C as long. */
async function followRun(json: boolean, { plan: { secrets }, project: { runsFolder } }: PlannedPipeline) {
  const color = process.stderr.isTTY && !process.env['NO_COLOR'];
  const name = json ? 'ndjson' : reporterFor(process.stderr.isTTY, process.env);
  const redact = redactor(secrets);
  const lastLine: ReporterOptions['lastLine'] = ({ pipeline, run }, cell) =>
    lastLines(logFile(join(runsFolder, pipeline, run), cell), 1).map(redact.text)[0];
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
