import type { Key } from '../core/plan.ts';
import type { Executor } from '../executors/executor.ts';
import { findGpus } from '../executors/gpus.ts';
import { longestRemaining } from '../graph/priority.ts';
import { latestRun, queuedTasks } from '../record/past-runs.ts';
import { startRecord, type RunRecord } from '../record/run-record.ts';
import { clearAway } from './clear-away.ts';
import { cohortOf } from './cohorts.ts';
import type { Course, Emit, Outset } from './course.ts';
import { makeTask } from './make-task.ts';
import { refuseMissingGpus } from './missing-gpus.ts';
import { isIdle } from './resolution.ts';
import { refuseObstacles } from './obstacles.ts';
import type { Prepared } from './prepare.ts';
import type { ScheduleOutcome } from './schedule-options.ts';
import { Schedule } from './schedule.ts';

/** A run that has begun. */
interface ScheduledRun extends Outset {
  readonly executor: Executor;
  /** Handles of the tasks that the last run left queued, by key. */
  readonly handles: ReadonlyMap<Key, string> | undefined;
  readonly record: RunRecord;
  readonly commit: string | null;
}

/**
 * A run whose cells are handed to an executor, one after the other as they are ready.
 *
 * @param outset - what it starts from
 * @returns its course; nothing has run yet
 * @throws FailureError when it cannot start
 */
export async function localCourse(outset: Outset): Promise<Course> {
  const { plan, options, start } = outset;
  const executor = await createExecutor(outset);
  const commit = await options.commit();
  const handles = executor.attach ? queuedTasks(latestRun(options.runsFolder, plan.name)) : undefined;
  await clearAway(plan.name, options);
  const record = startRecord(options.runsFolder, plan, start);
  return { record, commit, run: (emit) => runSchedule({ ...outset, executor, commit, handles, record }, emit) };
}

/** Makes the executor, with the machine's GPUs where cells ask for one; refuses what can never run on it. */
async function createExecutor({ plan, prepared: { cells, resolutions }, options }: Outset): Promise<Executor> {
  const { slots, threads, store, kinds, workingFolder: cwd } = options;
  const running = cells.filter((_, index) => !isIdle(resolutions[index]));
  const asking = running.filter(({ resources }) => resources.gpu > 0);
  const gpus = asking.length ? await (options.gpus ?? (() => findGpus(process.env)))() : [];
  const given = { ...(threads !== undefined && { threads }), ...(plan.command && { commands: plan.command }) };
  const executor = await options.executor({ slots, gpus, cwd, store, kinds, ...given });
  // One that finds its tasks again runs them on other machines, which have what they have.
  if (!executor.attach) await refuseObstacles(running, kinds);
  refuseMissingGpus(asking, executor.capacity.gpus);
  return executor;
}

/** Runs the schedule to its end, listening for interruptions. */
async function runSchedule(run: ScheduledRun, emit: Emit): Promise<ScheduleOutcome> {
  const { plan, prepared, options, executor, handles, clock, record, commit } = run;
  const { secrets } = plan;
  const { keepGoing, interrupt, kill, store, force } = options;
  const { resolver } = prepared;
  const origin = { resolver, run: record.run, folder: record.folder, store: store.root, commit, force, secrets };
  const schedule = new Schedule({
    ...prepared,
    executor,
    keepGoing,
    clock,
    emit,
    urgency: urgency(prepared),
    cohortOf: (cell) =>
      options.cohorts === false ? null : cohortOf(cell, options.kinds[cell.kind], () => resolver.describe(cell)),
    taskOf: (cell, info) => makeTask(origin, cell, info),
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
  const toRun = new Set(cells.filter((_, index) => !isIdle(resolutions[index])));
  if (!toRun.size) return new Float64Array(cells.length);
  const priority = longestRemaining(cells, (cell) => (toRun.has(cell) ? (last().get(cell.id)?.seconds ?? 1) : 0));
  return Float64Array.from(cells, (cell) => priority.get(cell.id) ?? 0);
}
