import { basename, dirname } from 'node:path';
import type { EventBody } from '../../core/event.ts';
import { fail } from '../../core/failure.ts';
import type { Cell } from '../../core/plan.ts';
import type { ExecutorFactory } from '../../executors/executor.ts';
import { findGpus } from '../../executors/gpus.ts';
import { callOffFile, readDescription, type ArrayDescription, type NeededCell } from '../../record/arrays.ts';
import { lastResultsFile, readLastResults, type LastResults } from '../../record/last-results.ts';
import type { StageKind } from '../../stages/stage-kind.ts';
import { damageOf } from '../../store/damage.ts';
import { sourceChanges } from '../../store/files/sources.ts';
import type { Store } from '../../store/store.ts';
import { systemClock } from '../../util/clock.ts';
import { cohortOf } from '../cohorts.ts';
import { makeTask } from '../make-task.ts';
import { refuseMissingGpus } from '../missing-gpus.ts';
import type { Resolution } from '../resolution.ts';
import { Resolver } from '../resolve.ts';
import { Schedule } from '../schedule.ts';
import { settleNeeds } from './needed-results.ts';

/** What a task of an array runs with. */
export interface ArrayTaskOptions {
  readonly openStore: (root: string) => Store;
  readonly kinds: Readonly<Record<string, StageKind>>;
  /** Runs the cells on this machine. */
  readonly executor: ExecutorFactory;
  /** Id of the job, as the queue knows it, and how often it was started anew. */
  readonly job: string;
  readonly restarts: number;
  /** Threads that the task may use. */
  readonly threads: number;
  /** Aborted to save what there is and stop. */
  readonly interrupt: AbortSignal;
  /** Aborted, too, where that is because the time of the job is nearly over. */
  readonly timeUp?: AbortSignal;
}

/** What a task is to do. */
export interface TaskDescription {
  readonly description: ArrayDescription;
  /** The run's folder. */
  readonly run: string;
  readonly cells: readonly Cell[];
  readonly needs: readonly NeededCell[];
}

/** A task on a node, with all that it takes. */
export interface NodeTask extends TaskDescription {
  readonly options: ArrayTaskOptions;
  readonly store: Store;
  readonly resolver: Resolver;
  readonly emit: (event: EventBody) => void;
}

/**
 * Reads what a task is to do.
 *
 * @param folder - absolute path of the array's folder
 * @param index - of the task
 * @returns its cells, what they need, and the run's folder
 * @throws FailureError `no-such-task`
 */
export function describeTask(folder: string, index: number): TaskDescription {
  const description = readDescription(folder);
  const named = description?.tasks.find(([at]) => at === index)?.[1];
  if (!description || !named)
    return fail({
      code: 'no-such-task',
      message: description ? `array ${basename(folder)} has no task ${index}` : `${folder} describes no array of tasks`,
      expected: 'the folder of an array in runs/<pipeline>/<run>/arrays, and the index of one of its tasks',
      fix: 'a folder that the submitting machine has and a node lacks has to lie on a disk that they share',
    });
  const ids = new Set(named);
  const cells = description.cells.filter(({ id }) => ids.has(id));
  const wanted = new Set(cells.flatMap((cell) => cell.needs));
  const needs = description.needs.filter(({ cell }) => wanted.has(cell.id));
  return { description, cells, needs, run: dirname(dirname(folder)) };
}

/**
 * Finds keys from what needed cells have made, for they count as cells that need nothing.
 *
 * @param task - what is to be done
 * @param options - with what
 * @param store - where results are
 * @returns the resolver
 */
export function resolverOf(task: TaskDescription, options: Pick<ArrayTaskOptions, 'kinds'>, store: Store): Resolver {
  const { description, cells, needs } = task;
  const { kinds } = options;
  const { runsFolder, pipeline, secrets } = description;
  const sources = new Map(description.sources);
  let read: LastResults | undefined;
  return new Resolver([...needs.map(({ cell }) => cell), ...cells], {
    ...{ store, kinds, secrets, force: new Set(description.force) },
    sources: ({ id }) => sources.get(id) ?? [],
    last: () => (read ??= readLastResults(lastResultsFile(runsFolder, pipeline))),
    sayChanges: (before, after) => sourceChanges(store.root, before, after),
  });
}

/** What is done with a cell. */
async function resolve(cell: Cell, { resolver, store }: NodeTask): Promise<Resolution> {
  const known = resolver.entries.get(cell.id);
  if (known) return { status: 'reuse', key: known.key, entry: known };
  const resolution = resolver.resolve(cell);
  const damage = resolution.status === 'reuse' ? await damageOf(store.root, resolution.key) : undefined;
  if (resolution.status !== 'reuse' || !damage) return resolution;
  return { status: 'run', key: resolution.key, reasons: [`its result was changed in the store: ${damage}`] };
}

/**
 * Runs the cells of a task as a small run of their own, with the scheduler of every run; those whose needs have no result are skipped.
 *
 * @param task - on this node
 * @throws FailureError where none of them can be run here
 */
export async function runCells(task: NodeTask): Promise<void> {
  const { cells, needs, emit, run, resolver } = task;
  const missing = await settleNeeds(run, needs, resolver);
  const going: Cell[] = needs.flatMap(({ cell }) => (missing.has(cell.id) ? [] : [{ ...cell, needs: [] }]));
  const settled = going.length;
  for (const cell of cells) {
    const because = cell.needs.find((need) => missing.has(need));
    if (because === undefined) going.push(cell);
    else emit({ type: 'stage-skipped', cell: cell.id, because });
  }
  if (going.length === settled) return;
  const resolutions: Resolution[] = [];
  for (const cell of going) resolutions.push(await resolve(cell, task));
  await runSchedule(task, going, resolutions);
}

async function runSchedule(task: NodeTask, going: readonly Cell[], resolutions: readonly Resolution[]): Promise<void> {
  const { description, cells, options, emit, run, resolver, store } = task;
  const { kinds, threads, interrupt } = options;
  const { workingFolder, commit, secrets } = description;
  const asking = going.filter(({ resources }, at) => resources.gpu > 0 && resolutions[at]?.status !== 'reuse');
  const gpus = asking.length > 0 ? await findGpus(process.env) : [];
  refuseMissingGpus(asking, gpus.length);
  const slots = Math.max(1, ...cells.map(({ resources }) => resources.cpu));
  const executor = await options.executor({ slots, gpus, cwd: workingFolder, store, kinds, threads });
  const force = new Set(description.force);
  const callOff = callOffFile(run);
  const origin = { resolver, run: description.run, folder: run, store: store.root, commit, force, callOff, secrets };
  const own = new Set(cells.map(({ id }) => id));
  const schedule = new Schedule({
    ...{ cells: going, resolutions, resolver, executor, keepGoing: true, clock: systemClock },
    urgency: new Float64Array(going.length),
    cohortOf: (cell) => cohortOf(cell, kinds[cell.kind], () => resolver.describe(cell)),
    taskOf: (cell, info) => makeTask(origin, cell, info),
    emit: (event) => {
      if ('cell' in event && own.has(event.cell)) emit(event);
    },
  });
  const onInterrupt = () => schedule.interrupt();
  interrupt.addEventListener('abort', onInterrupt);
  try {
    await schedule.run(interrupt.aborted);
  } finally {
    interrupt.removeEventListener('abort', onInterrupt);
    await executor.close();
  }
}
