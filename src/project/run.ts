import { availableParallelism } from 'node:os';
import type { CellState } from '../core/cell-state.ts';
import { FailureError, type Failure } from '../core/failure.ts';
import type { EventSink } from '../core/event.ts';
import { searchTallies, type SearchTally } from '../core/searches.ts';
import type { Cluster } from '../executors/cluster.ts';
import type { ExecutorFactory } from '../executors/executor.ts';
import { executors } from '../executors/registry.ts';
import { collect } from '../report/files/collect.ts';
import { reportFiles } from '../report/report.ts';
import { runPlan, type RunSummary } from '../scheduler/run-plan.ts';
import type { ReadWatch } from '../store/files/digest-file.ts';
import { commitOf } from './git.ts';
import { saveNothingToDo } from './nothing-to-do.ts';
import { runOnFinish } from './on-finish.ts';
import { asPlanned, requireReports, type PipelineSource, type PlannedPipeline, type SourceOptions } from './plan.ts';
import { schedulerOptions, type CellOptions } from './preview.ts';
import { commandOf } from './report.ts';
import type { Synced } from './sync.ts';
import { writeReports, writesReports, type ReportedFiles } from './write-reports.ts';

/** How a pipeline is run. */
export interface RunOptions extends SourceOptions, CellOptions {
  /** Most stages at once; by default one for each core. */
  readonly slots?: number;
  /** Threads of every stage; by default running stages share the cores. */
  readonly threads?: number;
  /** After a failure, skip only what needs the failed cell; by default nothing new is started. */
  readonly keepGoing?: boolean;
  /** False to run each cell by itself; by default cells that share what they compute run together, with equal results. */
  readonly cohorts?: boolean;
  /** Where stages run; by default in worker processes of this machine. */
  readonly executor?: ExecutorFactory;
  /** Where cells are submitted to instead, all at once; they go on without this process. */
  readonly cluster?: Cluster;
  /** True to leave a run on a cluster once it is submitted. */
  readonly detach?: boolean;
  /** Takes every event, in order. */
  readonly onEvent?: EventSink;
  /** Aborted to start nothing new and let running stages save what they have. */
  readonly signal?: AbortSignal;
  /** Aborted to end running stages at once. */
  readonly killSignal?: AbortSignal;
  /** The command that the run's record and its tables name; by default `kdpipe run FILE` with the overrides. */
  readonly command?: string;
  /**
   * Whether tables and plots go into their files. By default they do unless the pipeline is overridden: files show what the
   * pipeline file says. After a failure one that lacks results may fill an empty place. True writes all; false none.
   */
  readonly report?: boolean;
  /** Told, before anything starts, of sinks that cannot be used; the run goes on without them. */
  readonly onSinkFailure?: (failure: Failure) => void;
  /** Told what is read of the sources before anything starts. */
  readonly watch?: ReadWatch;
}

/** How a run ended, and what it wrote. */
export interface RunResult extends RunSummary, ReportedFiles {
  /** What came of searches that stop trials, stage by stage. */
  readonly searches: readonly SearchTally[];
  /** What went wrong with the pipeline's `on_finish`; the run stands all the same. */
  readonly onFinish?: Failure;
  /** What was told of results to the pipeline's `sinks`; the run stands whatever went wrong with them. */
  readonly synced: readonly Synced[];
}

/** Null for a cell that ended without a result, so that nobody waits for it; undefined for others. */
const endedWithout = (state: CellState | undefined): null | undefined =>
  state === 'failed' || state === 'tainted' || state === 'skipped' ? null : undefined;

/**
 * Runs a pipeline: what has a result is reused, the rest is made, then tables and plots go into their files.
 *
 * @param target - a pipeline or a plan of it
 * @param options - how to run it; for a pipeline also overrides, environment and working folder
 * @returns how it ended: a failed stage is part of that (`status: 'failed'`), an interruption, and tables that cannot be written;
 * `left` for one that goes on, on a cluster
 * @throws FailureError when the run cannot start: nothing has run then
 */
export async function run(target: PipelineSource | PlannedPipeline, options: RunOptions = {}): Promise<RunResult> {
  const pipeline = await asPlanned(target, options);
  const { plan, project, pipelineFolder } = pipeline;
  const { slots = availableParallelism(), threads, keepGoing = false, cohorts = true, onEvent, report } = options;
  const {
    executor = executors.local.create,
    cluster,
    detach = false,
    signal,
    killSignal,
    watch,
    command = commandOf(pipeline),
  } = options;
  const scheduling = schedulerOptions(pipeline, options);
  const writes = writesReports(pipeline, report);
  if (writes) await requireReports(pipeline);
  else if (pipeline.faults.length > 0) throw new FailureError(pipeline.faults);
  // Loaded by those alone who have somebody to tell.
  const sync = plan.sinks && (await (await import('./sync.ts')).RunSync.open(project, plan, plan.sinks));
  for (const failure of sync?.failures ?? []) options.onSinkFailure?.(failure);
  const summary = await runPlan(plan, {
    ...scheduling,
    ...(watch && { watch }),
    executor,
    ...(cluster && { cluster, detach }),
    slots,
    ...(threads === undefined ? {} : { threads }),
    keepGoing,
    cohorts,
    sinks: [...(onEvent ? [onEvent] : []), ...(sync ? [sync.take] : [])],
    ...(signal ? { interrupt: signal } : {}),
    ...(killSignal ? { kill: killSignal } : {}),
    command,
    commit: () => commitOf(project.root),
  });
  const synced = (await sync?.close()) ?? [];
  if (summary.status === 'left') return { ...summary, written: [], held: [], unwritten: [], searches: [], synced };
  const reported = await writeReports(pipeline, summary, { report, command });
  const files = writes ? reportFiles(plan, { pipelineFolder, root: project.root }) : [];
  if (report === undefined && !reported.unwritten.length)
    // It only makes the next run faster.
    await collect([], () => saveNothingToDo(pipeline, { summary, reported, files }));
  const onFinish = await runOnFinish(pipeline, summary);
  const searches = searchTallies(plan, (cell) => {
    const entry = summary.entries.get(cell);
    return entry ? entry.manifest().metrics : endedWithout(summary.states.get(cell));
  });
  return { ...summary, ...reported, searches, synced, ...(onFinish && { onFinish }) };
}
