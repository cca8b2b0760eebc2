import { recordFormat, type RunStatus } from '../core/event.ts';
import { fail } from '../core/failure.ts';
import type { Search } from '../core/plan.ts';
import type { CellState } from '../core/cell-state.ts';
import type { CellId, Digest, Plan } from '../core/plan.ts';
import { redactor } from '../core/secrets.ts';
import { lastResultsFile, writeLastResults, type LastResult } from '../record/last-results.ts';
import type { Entry } from '../store/store.ts';
import { systemClock } from '../util/clock.ts';
import { identifyProcess } from '../util/process-identity.ts';
import { clusterCourse } from './cluster/cluster-course.ts';
import type { Course, Emit, Outset, RunOptions } from './course.ts';
import { localCourse } from './local-course.ts';
import { outlookOf } from './outlook.ts';
import { prepare, type PlanOptions, type Prepared, type Preview } from './prepare.ts';
import { isIdle } from './resolution.ts';
import type { ScheduleOutcome } from './schedule-options.ts';

export type { RunOptions } from './course.ts';

/** How a run ended. */
export interface RunSummary {
  /** `left`: it goes on, on a cluster. */
  readonly status: RunStatus | 'left';
  /** Name and absolute path of the run's folder; null when nothing had to run. */
  readonly run: string | null;
  readonly folder: string | null;
  readonly seconds: number;
  readonly ran: number;
  readonly reused: number;
  readonly failed: number;
  readonly skipped: number;
  /** Cells that searches went on without. */
  readonly stopped: number;
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
 * Runs a plan: what the store has is reused, the rest is made. Everything that happens is told to the sinks. Before cells are
 * submitted to a cluster, those that need the network run on this machine, as a run of their own.
 *
 * @param plan - the plan
 * @param options - how to run it
 * @returns how it ended; a failed stage is part of that, not thrown
 * @throws FailureError when the run cannot start: nothing was run then
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunSummary> {
  const { cluster, ...here } = options;
  if (cluster && plan.searches) refuseSearch(plan.searches);
  const selection = cluster ? await networkCells(plan, options) : new Set<CellId>();
  if (selection.size === 0) return runPrepared(plan, options);
  const fetched = await runPlan(plan, { ...here, selection });
  if (fetched.status !== 'done') return fetched;
  return runPrepared(plan, {
    ...options,
    force: new Set([...(options.force ?? [])].filter((cell) => !selection.has(cell))),
  });
}

/** All cells are submitted to a cluster at once: which of them a search wants is known only as results come in. */
function refuseSearch([search]: readonly Search[]): void {
  if (!search) return;
  const { stage, method } = search;
  fail({
    code: 'search-on-cluster',
    message: `stage ${stage} stops trials by ${method}, and all cells are submitted to a cluster before there are results`,
    expected: 'a run on this machine, or through a queue that kdpipe follows (executor: command)',
    fix: 'run with --executor local or command, or search by random or sobol, whose trials all train to the end',
  });
}

/** What needs the network and can run: nodes of a cluster often have none. */
async function networkCells(plan: Plan, options: RunOptions): Promise<ReadonlySet<CellId>> {
  if (!plan.cells.some(({ kind }) => options.kinds[kind]?.network)) return new Set();
  const { cells, resolutions } = await prepare(plan, options);
  const running = cells.filter(({ kind }, at) => options.kinds[kind]?.network && resolutions[at]?.status === 'run');
  return new Set(running.map(({ id }) => id));
}

async function runPrepared(plan: Plan, options: RunOptions): Promise<RunSummary> {
  const clock = options.clock ?? systemClock;
  const start = clock.now();
  const prepared = await prepare(plan, options);
  const { record, ...course } = await courseOf({ plan, prepared, options, clock, start });
  const times = new Map<CellId, MakingTime>();
  const redact = redactor(plan.secrets);
  const emit: Emit = (body, at = clock.now()) => {
    const event = redact.json({ ...body, at });
    if (body.type === 'stage-started') times.set(body.cell, body.beside === undefined ? {} : { beside: body.beside });
    if (body.type === 'stage-finished') times.set(body.cell, { ...times.get(body.cell), seconds: body.seconds });
    record?.sink(event);
    for (const sink of options.sinks) sink(event);
  };
  try {
    begin({ plan, prepared, options }, { ...course, ...(record && { record }) }, emit);
    const { states, ...counts } = await course.run(emit);
    const elapsed = (clock.now() - start) / 1000;
    const { status } = counts;
    if (status !== 'left') emit({ type: 'run-finished', ...counts, status, seconds: elapsed });
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
    await course.close?.();
    keepLastResults(plan, options, prepared.resolver.entries, times);
  }
}

/** On a cluster, on this machine, or nowhere. */
async function courseOf(outset: Outset): Promise<Course> {
  const { prepared, options } = outset;
  const elsewhere = options.cluster && (await clusterCourse(outset, options.cluster));
  if (elsewhere) return elsewhere;
  if (prepared.resolutions.every(isIdle))
    return { commit: null, run: (emit) => Promise.resolve(reuseAll(prepared, emit)) };
  return localCourse(outset);
}

/** Says that the run begins, or repeats what another process has told of it, and says that this one goes on. */
function begin({ plan, prepared, options }: Pick<Outset, 'plan' | 'prepared' | 'options'>, course: Course, emit: Emit) {
  const { name: pipeline, file } = plan;
  const { slots, command, sinks } = options;
  const { record, commit, past } = course;
  const process = identifyProcess();
  for (const event of past ?? []) for (const sink of sinks) sink(event);
  // Whoever submitted it may have died before its first word was on the disk.
  if (!past?.some(({ type }) => type === 'run-started')) {
    const about = { run: record?.run ?? '', cells: prepared.cells.length, commit };
    const stages = record ? { stages: outlookOf(prepared) } : {};
    emit({ type: 'run-started', format: recordFormat, process, ...about, ...stages, pipeline, file, slots, command });
  }
  if (past) emit({ type: 'run-resumed', process, command });
}

/** What a run learns of how long a cell takes. */
type MakingTime = Pick<LastResult, 'seconds' | 'beside'>;

/** The whole of a run that has nothing to do. */
function reuseAll({ cells, resolutions }: Prepared, emit: Emit): ScheduleOutcome {
  const states = resolutions.map((resolution, index): CellState => {
    const cell = cells[index]?.id ?? '';
    if (resolution.status === 'reuse') emit({ type: 'stage-reused', cell, key: resolution.key });
    if (resolution.status === 'stop') emit({ type: 'stage-stopped', cell, reason: resolution.reasons.join('; ') });
    return resolution.status === 'stop' ? 'stopped' : 'reused';
  });
  const stopped = states.filter((state) => state === 'stopped').length;
  const counts = { ran: 0, reused: cells.length - stopped, failed: 0, skipped: 0, stopped };
  return { status: 'done', ...counts, states };
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
