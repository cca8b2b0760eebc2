import { join } from 'node:path';
import { recordFormat, type EventBody, type EventSink, type RunStatus } from '../core/event.ts';
import { FailureError } from '../core/failure.ts';
import type { Cell, CellId, Digest, Key, Plan } from '../core/plan.ts';
import { redactor } from '../core/secrets.ts';
import type { StageTask } from '../core/task.ts';
import type { Executor, ExecutorFactory } from '../executors/executor.ts';
import { findGpus } from '../executors/gpus.ts';
import { longestRemaining } from '../graph/priority.ts';
import type { Entry } from '../store/store.ts';
import { sweepStore } from '../store/sweep.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { identifyProcess } from '../util/process-identity.ts';
import { sweepTemporary } from '../util/temporary-file.ts';
import { pluralize } from '../util/text.ts';
import { cohortOf } from './cohorts.ts';
import { outlookOf } from './outlook.ts';
import { lastResultsFile, writeLastResults, type LastResult } from '../record/last-results.ts';
import { prepare, type PlanOptions, type Prepared, type Preview } from './prepare.ts';
import { latestRun, queuedTasks } from '../record/past-runs.ts';
import { cellFolder, startRecord, type RunRecord } from '../record/run-record.ts';
import { Schedule } from './schedule.ts';
import type { AttemptInfo, ScheduleOutcome } from './schedule-options.ts';
import type { CellState } from '../core/cell-state.ts';

/** How a plan is run. */
export interface RunOptions extends PlanOptions {
  /** Makes the executor of this run; it is closed at the end. */
  readonly executor: ExecutorFactory;
  /** Most tasks at once (`-j`), at least 1. */
  readonly slots: number;
  /** Finds the machine's GPUs, by itself by default; asked only when a cell that may run asks for one. */
  readonly gpus?: () => Promise<readonly string[]>;
  /** Threads of every task; by default, the machine's cores are shared by the tasks that run at once. */
  readonly threads?: number;
  /** On a failure, skip only what needs the failed cell. */
  readonly keepGoing: boolean;
  /** Whether cells that share what they compute run together, as they do by default; their results are the same either way. */
  readonly cohorts?: boolean;
  /** Take every event; the run's record is a further sink. */
  readonly sinks: readonly EventSink[];
  /** Aborted to start nothing new and let running stages save what they have (first Ctrl-C). */
  readonly interrupt?: AbortSignal;
  /** Aborted to end running stages at once (second Ctrl-C). */
  readonly kill?: AbortSignal;
  /** The command line, for the record. */
  readonly command: string;
  /** The git commit, with a mark when the work tree differs; asked only when something runs. */
  readonly commit: () => Promise<string | null>;
  readonly clock?: Clock;
}

/** How a run ended. */
export interface RunSummary {
  readonly status: RunStatus;
  /** Name and absolute path of the run's folder; null when nothing had to run. */
  readonly run: string | null;
  readonly folder: string | null;
  readonly seconds: number;
  readonly ran: number;
  readonly reused: number;
  readonly failed: number;
  readonly skipped: number;
  /** State of every cell of the run. */
  readonly states: ReadonlyMap<CellId, CellState>;
  /** Results of the cells that have one, made or reused. */
  readonly entries: ReadonlyMap<CellId, Entry>;
  /** What the cells read outside the store, as the keys hold it: digests by absolute path. */
  readonly sources: ReadonlyMap<string, Digest>;
}

/**
 * Says what a run would do, and why; writes nothing (`kdpipe run -n`).
 *
 * @param plan - the plan
 * @param options - store, kinds, what is selected and forced
 * @returns the cells of the run and what is to be done with each
 * @throws FailureError when a source cannot be read, or a cell that is not selected would have to run
 */
export async function previewPlan(plan: Plan, options: PlanOptions): Promise<Preview> {
  const { cells, resolutions } = await prepare(plan, options);
  return { cells, resolutions };
}

/**
 * Runs a plan: what the store has is reused, the rest is made. Everything that happens is told to the sinks.
 *
 * @param plan - the plan
 * @param options - how to run it
 * @returns how it ended; a failed stage is part of that, not thrown
 * @throws FailureError when the run cannot start: nothing was run then
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunSummary> {
  const clock = options.clock ?? systemClock;
  const start = clock.now();
  const prepared = await prepare(plan, options);
  const idle = prepared.resolutions.every((resolution) => resolution.status === 'reuse');
  const executor = idle ? undefined : await createExecutor(prepared, options);
  const commit = idle ? null : await options.commit();
  const handles = executor?.attach ? queuedTasks(latestRun(options.runsFolder, plan.name)) : undefined;
  if (!idle) await clearAway(plan, options);
  const record = idle ? undefined : startRecord(options.runsFolder, plan, start);
  const times = new Map<CellId, MakingTime>();
  const redact = redactor(plan.secrets);
  const emit = (body: EventBody) => {
    const event = redact.json({ ...body, at: clock.now() });
    if (body.type === 'stage-started') times.set(body.cell, body.beside === undefined ? {} : { beside: body.beside });
    if (body.type === 'stage-finished') times.set(body.cell, { ...times.get(body.cell), seconds: body.seconds });
    record?.sink(event);
    for (const sink of options.sinks) sink(event);
  };
  try {
    const stages = idle ? {} : { stages: outlookOf(prepared) };
    emit(runStarted(plan, options, { run: record?.run ?? '', cells: prepared.cells.length, commit, ...stages }));
    const { states, ...counts } =
      record && executor
        ? await runSchedule({
            prepared,
            options,
            executor,
            handles,
            clock,
            emit,
            record,
            commit,
            secrets: plan.secrets,
          })
        : reuseAll(prepared, emit);
    const elapsed = (clock.now() - start) / 1000;
    emit({ type: 'run-finished', ...counts, seconds: elapsed });
    return {
      ...counts,
      seconds: elapsed,
      run: record?.run ?? null,
      folder: record?.folder ?? null,
      states: new Map(prepared.cells.map((cell, index) => [cell.id, states[index] ?? 'waiting'])),
      entries: prepared.resolver.entries,
      sources: prepared.sources,
    };
  } finally {
    record?.close();
    keepLastResults(plan, options, prepared.resolver.entries, times);
  }
}

/** Removes what killed runs have left: on a full disk that is the room which this one needs. */
async function clearAway({ name }: Plan, { runsFolder, store }: RunOptions): Promise<void> {
  sweepTemporary(join(runsFolder, name));
  // Every run clears the record before its own: so all are cleared, however many there are.
  const before = latestRun(runsFolder, name);
  if (before !== undefined) sweepTemporary(before);
  await sweepStore(store);
}

type RunStarted = Extract<EventBody, { type: 'run-started' }>;
/** What a run learns of how long a cell takes. */
type MakingTime = Pick<LastResult, 'seconds' | 'beside'>;

function runStarted(
  { name: pipeline, file }: Plan,
  { slots, command }: RunOptions,
  about: Pick<RunStarted, 'run' | 'cells' | 'commit' | 'stages'>,
): EventBody {
  const origin = { format: recordFormat, process: identifyProcess() };
  return { type: 'run-started', ...origin, ...about, pipeline, file, slots, command };
}

/** The whole of a run that has nothing to do. */
function reuseAll({ cells, resolutions }: Prepared, emit: ScheduledRun['emit']): ScheduleOutcome {
  resolutions.forEach((resolution, index) => {
    const cell = cells[index]?.id;
    if (resolution.status === 'reuse' && cell !== undefined) emit({ type: 'stage-reused', cell, key: resolution.key });
  });
  const counts = { ran: 0, reused: cells.length, failed: 0, skipped: 0 };
  return { status: 'done', ...counts, states: cells.map(() => 'reused') };
}

/** What a started run consists of. */
interface ScheduledRun {
  readonly prepared: Prepared;
  readonly options: RunOptions;
  readonly executor: Executor;
  /** Handles of the tasks that the last run left queued, by key. */
  readonly handles: ReadonlyMap<Key, string> | undefined;
  readonly clock: Clock;
  readonly emit: (body: EventBody) => void;
  readonly record: RunRecord;
  readonly commit: string | null;
  readonly secrets: Plan['secrets'];
}

/** Makes the executor, with the machine's GPUs where cells ask for one; refuses what can never run on it. */
async function createExecutor({ cells, resolutions }: Prepared, options: RunOptions): Promise<Executor> {
  const { slots, threads, store, kinds, workingFolder: cwd } = options;
  const asking = cells.filter(({ resources }, index) => resources.gpu > 0 && resolutions[index]?.status !== 'reuse');
  const gpus = asking.length ? await (options.gpus ?? (() => findGpus(process.env)))() : [];
  const share = threads === undefined ? {} : { threads };
  const executor = await options.executor({ slots, gpus, cwd, store, kinds, ...share });
  refuseMissingGpus(asking, executor.capacity.gpus);
  return executor;
}

function refuseMissingGpus(asking: readonly Cell[], gpus: number): void {
  const most = new Map<string, number>();
  for (const { stage, resources } of asking)
    if (resources.gpu > gpus) most.set(stage, Math.max(resources.gpu, most.get(stage) ?? 0));
  if (!most.size) return;
  throw new FailureError(
    [...most].map(([stage, gpu]) => ({
      code: 'not-enough-gpus',
      message: `${stage} asks for ${pluralize(gpu, 'GPU')}, but this machine has ${gpus || 'none'}`,
      expected: 'resources that the machine has',
      fix: 'name its GPUs where they are not found, KDPIPE_GPUS=0,1, or lower resources.gpu: 0 asks for none',
    })),
  );
}

/** Runs the schedule to its end, listening for interruptions. */
async function runSchedule(run: ScheduledRun): Promise<ScheduleOutcome> {
  const { prepared, options, executor, handles, clock, emit } = run;
  const { keepGoing, interrupt, kill } = options;
  const schedule = new Schedule({
    ...prepared,
    executor,
    keepGoing,
    clock,
    emit,
    urgency: urgency(prepared),
    cohortOf: (cell) =>
      options.cohorts === false
        ? null
        : cohortOf(cell, options.kinds[cell.kind], () => prepared.resolver.describe(cell)),
    taskOf: (cell, info) => taskOf(run, cell, info),
    handleOf: (key) => handles?.get(key),
  });
  const onInterrupt = () => schedule.interrupt();
  const onKill = () => schedule.kill();
  interrupt?.addEventListener('abort', onInterrupt);
  kill?.addEventListener('abort', onKill);
  try {
    return await schedule.run(interrupt?.aborted);
  } finally {
    interrupt?.removeEventListener('abort', onInterrupt);
    kill?.removeEventListener('abort', onKill);
    await executor.close();
  }
}

/** Longest remaining path of every cell in seconds, by index; a cell that never ran counts as one second. */
function urgency({ cells, resolutions, last }: Prepared): Float64Array {
  const toRun = new Set(cells.filter((_, index) => resolutions[index]?.status !== 'reuse'));
  if (!toRun.size) return new Float64Array(cells.length);
  const priority = longestRemaining(cells, (cell) => (toRun.has(cell) ? (last().get(cell.id)?.seconds ?? 1) : 0));
  return Float64Array.from(cells, (cell) => priority.get(cell.id) ?? 0);
}

function taskOf(
  { prepared, options, record, commit, secrets }: ScheduledRun,
  cell: Cell,
  info: AttemptInfo,
): StageTask {
  const { attempt, cohort } = info;
  const { unkeyed: _, ...resolved } = prepared.resolver.describe(cell);
  return {
    ...resolved,
    cell: cell.id,
    store: options.store.root,
    folder: cellFolder(record.folder, cell.id),
    run: record.run,
    attempt,
    // Cells of a cohort share their time.
    timeout: cell.timeout * Math.max(1, cohort.length),
    resources: cell.resources,
    commit,
    force: options.force?.has(cell.id) ?? false,
    cohort,
    ...(secrets && { secrets }),
  };
}

/** Remembers what each cell's result was, for the next run's reasons and estimates. */
function keepLastResults(
  plan: Plan,
  { runsFolder }: RunOptions,
  entries: ReadonlyMap<CellId, Entry>,
  times: ReadonlyMap<CellId, MakingTime>,
): void {
  const results = new Map<CellId, LastResult>();
  for (const [cell, { key }] of entries) {
    const took = times.get(cell);
    results.set(cell, took?.seconds === undefined ? { key } : { key, ...took });
  }
  try {
    writeLastResults(lastResultsFile(runsFolder, plan.name), results);
  } catch (error) {
    // They only explain and estimate: a disk that is full or read-only does not undo a run that has ended.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
