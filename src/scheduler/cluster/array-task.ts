import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { hasResult, type CellState } from '../../core/cell-state.ts';
import type { EventBody } from '../../core/event.ts';
import { fail } from '../../core/failure.ts';
import type { Cell, CellId } from '../../core/plan.ts';
import { endsCell, stateAfter } from '../../core/run-state.ts';
import { redactor } from '../../core/secrets.ts';
import { expectedFailures } from '../../core/system-failure.ts';
import type { ExecutorFactory } from '../../executors/executor.ts';
import { findGpus } from '../../executors/gpus.ts';
import {
  callOffFile,
  readDescription,
  taskFiles,
  writeTaskEnd,
  type CellEnd,
  type NeededCell,
} from '../../record/arrays.ts';
import { openEventLog } from '../../record/event-log.ts';
import { lastResultsFile, readLastResults, type LastResults } from '../../record/last-results.ts';
import type { StageKind } from '../../stages/stage-kind.ts';
import { damageOf } from '../../store/damage.ts';
import { sourceChanges } from '../../store/files/sources.ts';
import type { Store } from '../../store/store.ts';
import { systemClock } from '../../util/clock.ts';
import { memoryKills } from '../../util/memory-kills.ts';
import { cohortOf } from '../cohorts.ts';
import { makeTask } from '../make-task.ts';
import { refuseMissingGpus } from '../missing-gpus.ts';
import type { Resolution } from '../resolution.ts';
import { Resolver } from '../resolve.ts';
import { Schedule } from '../schedule.ts';
import { settleNeeds } from './needed-results.ts';

const isResult = (state: CellState | undefined): boolean => state !== undefined && hasResult(state);

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
}

type Description = NonNullable<ReturnType<typeof readDescription>>;

/** A task with all that it takes. */
interface OpenTask {
  readonly description: Description;
  /** The run's folder. */
  readonly run: string;
  readonly cells: readonly Cell[];
  readonly needs: readonly NeededCell[];
  readonly options: ArrayTaskOptions;
  readonly store: Store;
  readonly resolver: Resolver;
  readonly emit: (event: EventBody) => void;
}

function openTask(folder: string, index: number): Pick<OpenTask, 'description' | 'cells' | 'needs' | 'run'> {
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

/** Finds keys from what needed cells have made, for they count as cells that need nothing. */
function resolverOf(
  { description, cells, needs }: Pick<OpenTask, 'description' | 'cells' | 'needs'>,
  { kinds }: ArrayTaskOptions,
  store: Store,
): Resolver {
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
async function resolve(cell: Cell, { resolver, store }: OpenTask): Promise<Resolution> {
  const known = resolver.entries.get(cell.id);
  if (known) return { status: 'reuse', key: known.key, entry: known };
  const resolution = resolver.resolve(cell);
  const damage = resolution.status === 'reuse' ? await damageOf(store.root, resolution.key) : undefined;
  if (resolution.status !== 'reuse' || !damage) return resolution;
  return { status: 'run', key: resolution.key, reasons: [`its result was changed in the store: ${damage}`] };
}

/** Runs the cells as a small run of their own, with the scheduler of every run; those whose needs have no result are skipped. */
async function runCells(task: OpenTask): Promise<void> {
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

async function runSchedule(task: OpenTask, going: readonly Cell[], resolutions: readonly Resolution[]): Promise<void> {
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

/** What a task tells while it runs, and how its cells ended. */
class TaskLog {
  readonly #sink;
  readonly #redact;
  readonly #kills = memoryKills();
  readonly ends = new Map<CellId, CellEnd['event']>();

  constructor(file: string, secrets: readonly string[] | undefined) {
    this.#sink = openEventLog(file, secrets ? 0o600 : 0o666);
    this.#redact = redactor(secrets);
  }

  readonly emit = (body: EventBody): void => {
    const event = this.#redact.json({ ...this.#explain(body), at: Date.now() });
    this.#sink.sink(event);
    if ('cell' in event && endsCell(event)) this.ends.set(event.cell, event);
  };

  /** Says that memory was not enough, where the system has ended a process because of that. */
  #explain(body: EventBody): EventBody {
    if (body.type !== 'stage-failed' || memoryKills() === this.#kills) return body;
    const { failure } = body;
    const message = `${failure.message}: the memory of the job was used up`;
    const fix = 'ask for more: resources: { memory: … } in MiB, or take a smaller batch_size';
    return { ...body, failure: { ...failure, code: 'out-of-memory', message, fix } };
  }

  close(): void {
    this.#sink.close();
  }
}

/** Runs the cells; what keeps them all from running is the failure of each. */
async function perform(task: OpenTask, log: TaskLog): Promise<void> {
  try {
    await runCells(task);
  } catch (error) {
    const [failure] = expectedFailures(error) ?? [];
    if (!failure) throw error;
    for (const { id } of task.cells)
      if (!log.ends.has(id)) log.emit({ type: 'stage-failed', cell: id, key: null, failure, tail: [] });
  } finally {
    log.close();
  }
}

/**
 * Runs one task of an array, on the node that the queue gave it: finds the keys of its cells from what other tasks have made,
 * reuses or runs them, and says in the run's record how they ended, as its last act.
 *
 * @param folder - absolute path of the array's folder
 * @param index - of the task
 * @param options - what it runs with
 * @returns `done` where each cell has a result; `interrupted` where the task was, and left no word: it may be started again
 * @throws FailureError when there is no such task
 */
export async function runArrayTask(
  folder: string,
  index: number,
  options: ArrayTaskOptions,
): Promise<'done' | 'failed' | 'interrupted'> {
  const started = Date.now();
  const opened = openTask(folder, index);
  const isCalledOff = () => existsSync(callOffFile(opened.run));
  if (isCalledOff()) return 'interrupted';
  const store = options.openStore(opened.description.store);
  const resolver = resolverOf(opened, options, store);
  const log = new TaskLog(taskFiles.events(folder, index), opened.description.secrets);
  await perform({ ...opened, options, store, resolver, emit: log.emit }, log);
  const states = [...log.ends.values()].map((event) => stateAfter(event));
  const isInterrupted = options.interrupt.aborted
    ? states.includes('interrupted')
    : !states.every(isResult) && isCalledOff();
  if (isInterrupted) return 'interrupted';
  const cells = [...log.ends].map(([cell, event]): CellEnd => {
    const outputs = Object.entries(resolver.entries.get(cell)?.outputs ?? {});
    return { event, outputs: Object.fromEntries(outputs.map(([name, { digest }]) => [name, digest])) };
  });
  const gpus = process.env['CUDA_VISIBLE_DEVICES']?.split(',') ?? [];
  const { job, restarts } = options;
  writeTaskEnd(taskFiles.end(folder, index), {
    job,
    restarts,
    host: hostname(),
    gpus,
    started,
    ended: Date.now(),
    cells,
  });
  return states.every(isResult) ? 'done' : 'failed';
}
