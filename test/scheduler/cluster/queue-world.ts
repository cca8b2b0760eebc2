import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobRequest } from '../../../src/core/array-job.ts';
import type { Event, EventBody } from '../../../src/core/event.ts';
import { fail, type Failure } from '../../../src/core/failure.ts';
import type { Cell, CellId } from '../../../src/core/plan.ts';
import type { ArrayJob, Cluster, QueueSight, TaskSight } from '../../../src/executors/cluster.ts';
import {
  arrayFolder,
  callOffFile,
  readDescription,
  readSubmitted,
  readTaskEnd,
  taskFiles,
  taskSpots,
  writeDescription,
  writeSubmitted,
  writeTaskEnd,
  type ArrayOutline,
  type CellEnd,
} from '../../../src/record/arrays.ts';
import { planArrays } from '../../../src/scheduler/cluster/arrays.ts';
import { ClusterSchedule } from '../../../src/scheduler/cluster/cluster-schedule.ts';
import { SubmittedArrays } from '../../../src/scheduler/cluster/submitted-arrays.ts';
import type { ScheduleOutcome } from '../../../src/scheduler/schedule-options.ts';
import type { Entry } from '../../../src/store/store.ts';
import type { Clock } from '../../../src/util/clock.ts';
import { keyOf } from '../fakes.ts';

/** What a test says of a task that is about to run. */
export interface StartedTask {
  readonly cells: readonly CellId[];
  /** How often one of its cells ran before. */
  readonly before: number;
  readonly request: JobRequest;
  readonly folder: string;
  readonly index: number;
}

/**
 * How a task ends: with results, with a failure of that code, or without a word and in that state: in none,
 * where the queue does not know it any more. */
export type TaskCourse = 'done' | { readonly failure: string } | { readonly lost: string };

type State = TaskSight | undefined;

/** A clock that jumps to where somebody waits for. */
const jumping: Clock = {
  now: () => 0,
  after: (_, action) => {
    const timer = setImmediate(action);
    return () => clearImmediate(timer);
  },
};

/** A run on a queue in memory, which starts what may start each time that it is looked at, and keeps dependencies as Slurm does. */
export class QueueWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'kdpipe-queue-'));
  readonly jobs: (ArrayJob & { readonly id: string; readonly states: Map<number, State> })[] = [];
  readonly events: EventBody[] = [];
  readonly cells: readonly Cell[];
  /** How tasks end; all with results where a test says nothing. */
  course: (task: StartedTask) => TaskCourse = () => 'done';
  /** Called before each look. */
  onLook: (look: number) => void = () => undefined;
  /** True while the queue does not answer. */
  silent = false;
  refusal: (request: JobRequest) => Failure | undefined = () => undefined;
  refuses: (job: ArrayJob) => boolean = () => false;
  hasSaved = false;
  /** How tasks stand that are held; undefined where none is. */
  held: TaskSight | undefined;
  /** Whether a worker has run what ends. */
  byWorker = false;
  /** When tasks end, by the clock of their node; this machine's stands at 0. Milliseconds. */
  endsAt = 1;
  cancelled: string[] = [];
  readonly leave = new AbortController();
  #looks = 0;
  readonly #runs = new Map<CellId, number>();

  constructor(cells: readonly Cell[], { keepGoing = false } = {}) {
    this.cells = cells;
    const planned = planArrays(cells, { largest: 1001, keepGoing, cohortOf: () => null, packOf: () => 1 });
    const outlines = planned.map(({ name, stage, after, tasks }): ArrayOutline => ({
      ...{ name, stage, after, tasks: tasks.map(({ index, cells: of }) => [index, of.map(({ id }) => id)] as const) },
      request: { resources: tasks[0]?.cells[0]?.resources ?? { cpu: 1, gpu: 0, memory: 0 }, time: 0, settings: {} },
    }));
    const spots = taskSpots(outlines);
    for (const outline of outlines) {
      const ids = new Set(outline.tasks.flatMap(([, of]) => of));
      const own = cells.filter(({ id }) => ids.has(id));
      const needs = cells.filter(({ id }) => own.some((cell) => cell.needs.includes(id)));
      writeDescription(arrayFolder(this.folder, outline.name), {
        ...{ pipeline: 'p', run: 'run', runsFolder: '/runs', workingFolder: '/', store: '/store', commit: null },
        ...{ cells: own, tasks: outline.tasks, sources: [], force: [] },
        needs: needs.map((cell) => ({ cell, from: spots.get(cell.id) ?? keyOf(cell.id) })),
      });
    }
    writeSubmitted(this.folder, { asked: 'asked', cwd: '/', keepGoing, arrays: outlines });
  }

  /** Follows the run to its end, as a process that is the first or a later one to do so. */
  async follow(continued = false): Promise<ScheduleOutcome> {
    const submitted = readSubmitted(this.folder);
    if (!submitted) throw new Error('the run has no arrays');
    const entries = new Map<CellId, Entry>();
    const settle = (cell: CellId, key: string) => void entries.set(cell, { key } as Entry);
    const schedule = new ClusterSchedule({
      ...{ cells: this.cells, cluster: this.cluster, clock: jumping, resolver: { entries, settle } },
      arrays: new SubmittedArrays({ run: 'run', folder: this.folder }, submitted, this.cluster),
      ...{ hasSaved: () => this.hasSaved, past: [...this.events] as Event[], calledOff: callOffFile(this.folder) },
      noteNode: () => undefined,
      ...{ leave: this.leave.signal, emit: (event, at = 0) => void this.events.push({ ...event, at } as Event) },
    });
    await schedule.submit(continued);
    return schedule.run();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** What was told, in short: `stage-failed b`. */
  get told(): readonly string[] {
    return this.events.flatMap((event) => ('cell' in event ? [`${event.type} ${event.cell}`] : []));
  }

  /** Arrays that were submitted: `b.r2 0,1 after a.r2`. */
  get submissions(): readonly string[] {
    const name = (id: string) => this.jobs.find((job) => job.id === id)?.name.replace('kdpipe-run-', '');
    return this.jobs.map(({ id, indices, after }) =>
      [name(id), indices.join(','), ...after.map(({ type, job }) => `${type} ${name(job)}`)].join(' '),
    );
  }

  get cluster(): Cluster {
    const answer = async <T>(give: () => T) =>
      this.silent ? fail({ code: 'slurm-silent', message: 'nobody answers' }) : Promise.resolve(give());
    return {
      name: 'Queue',
      open: () => answer(() => ({ largestArray: 1001 })),
      refusal: (request) => answer(() => this.refusal(request)),
      tryNode: () => Promise.resolve('unknown'),
      submit: (job) => answer(() => this.#submit(job)),
      find: () => answer(() => new Map(this.jobs.map(({ name, id }) => [name, id]))),
      look: () => Promise.resolve(this.#look()),
      recall: () => Promise.resolve(undefined),
      cancel: (jobs, which) => answer(() => this.#cancel(jobs, which)),
    };
  }

  #submit(job: ArrayJob): string {
    if (this.refuses(job)) fail({ code: 'slurm-refused', message: `${job.name} is refused` });
    if (job.after.some(({ job: other }) => !this.jobs.some(({ id }) => id === other))) throw new Error('unknown job');
    const id = `${this.jobs.length + 1}`;
    mkdirSync(job.folder, { recursive: true });
    const queued: TaskSight = { state: 'queued', word: 'PENDING', reason: '' };
    const states = new Map<number, State>(job.indices.map((index) => [index, queued]));
    this.jobs.push({ ...job, id, states });
    return id;
  }

  #cancel(jobs: readonly string[], which: 'all' | 'waiting'): void {
    this.cancelled.push(which);
    for (const { id, states } of this.jobs)
      for (const [index, state] of states)
        if (jobs.includes(id) && state?.state === 'queued')
          states.set(index, { state: 'ended', word: 'CANCELLED', reason: '' });
  }

  #look(): QueueSight | undefined {
    this.onLook((this.#looks += 1));
    if (this.silent) return undefined;
    if (this.#looks > 200) throw new Error('the run does not end');
    const { held } = this;
    for (const job of this.jobs)
      for (const index of job.indices)
        if (held) job.states.set(index, held);
        else this.#advance(job, index);
    return {
      jobs: new Map(this.jobs.map(({ name, id }) => [name, id])),
      task: (id, index) => this.jobs.find((job) => job.id === id)?.states.get(index),
    };
  }

  #advance(job: (typeof this.jobs)[number], index: number): void {
    if (job.states.get(index)?.state !== 'queued') return;
    const verdicts = job.after.map(({ type, job: id }) => {
      const other = this.jobs.find((one) => one.id === id);
      const states = type === 'aftercorr' ? [other?.states.get(index)] : [...(other?.states.values() ?? [])];
      // A job that it does not know counts as one that has ended well.
      if (!states.every((state) => !state || state.state === 'ended')) return 'wait';
      return type === 'afterany' || states.every((state) => !state || state.word === 'COMPLETED') ? 'go' : 'never';
    });
    if (verdicts.includes('never'))
      job.states.set(index, { state: 'ended', word: 'CANCELLED', reason: 'DependencyNeverSatisfied' });
    else if (!verdicts.includes('wait')) {
      const word = this.#run(job, index);
      job.states.set(index, word === '' ? undefined : { state: 'ended', word, reason: '' });
    }
  }

  /** Does what a node does. */
  #run({ folder, ...request }: ArrayJob, index: number): string {
    const description = readDescription(folder);
    const cells = description?.tasks.find(([at]) => at === index)?.[1];
    if (!description || !cells) throw new Error(`${folder} describes no task ${index}`);
    const before = Math.max(...cells.map((cell) => this.#runs.get(cell) ?? 0));
    for (const cell of cells) this.#runs.set(cell, before + 1);
    const needs = description.cells.filter(({ id }) => cells.includes(id)).flatMap((cell) => cell.needs);
    const missing = description.needs.find(({ cell, from }) => {
      if (!needs.includes(cell.id) || typeof from === 'string') return false;
      const end = readTaskEnd(taskFiles.end(arrayFolder(this.folder, from.array), from.index));
      return !end?.cells.some(({ event }) => event.cell === cell.id && event.type === 'stage-finished');
    });
    const course = missing ? 'done' : this.course({ cells, before, request, folder, index });
    if (typeof course === 'object' && 'lost' in course) return course.lost;
    const ends = cells.map((cell): CellEnd['event'] => {
      if (missing) return { type: 'stage-skipped', cell, because: missing.cell.id, at: 1 };
      if (course === 'done') return { type: 'stage-finished', cell, key: keyOf(cell), seconds: 1, metrics: {}, at: 1 };
      const failure = { code: course.failure, message: 'it failed' };
      return { type: 'stage-failed', cell, key: keyOf(cell), failure, tail: [], at: 1 };
    });
    writeTaskEnd(taskFiles.end(folder, index), {
      ...{ job: '1', restarts: 0, host: 'node', gpus: [], started: 0, ended: this.endsAt },
      byWorker: this.byWorker,
      cells: ends.map((event) => ({ event, outputs: {} })),
    });
    return missing || course !== 'done' ? 'FAILED' : 'COMPLETED';
  }
}

/** Writes what a task tells while it runs. */
export function tell({ folder, index }: StartedTask, ...events: readonly EventBody[]): void {
  writeFileSync(
    taskFiles.events(folder, index),
    events.map((event) => `${JSON.stringify({ ...event, at: 1 })}\n`).join(''),
  );
}
