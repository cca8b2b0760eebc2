import { isFailure, type Failure, type FailureError } from '../../core/failure.ts';
import type { Cell, CellId, Key, Resources } from '../../core/plan.ts';
import type { Cluster } from '../../executors/cluster.ts';
import {
  arrayFolder,
  readDescription,
  readJob,
  taskSpots,
  writeDescription,
  writeJob,
  writeSubmitted,
  type ArrayDescription,
  type ArrayOutline,
  type NeededCell,
  type RetryCause,
  type SubmittedRun,
  type TaskSpot,
} from '../../record/arrays.ts';
import type { RunRecord } from '../../record/run-record.ts';
import { planArrays, type PlannedArray } from './arrays.ts';

/** An array that the queue has. */
export interface SubmittedArray extends ArrayOutline {
  /** Absolute path. */
  readonly folder: string;
  readonly job: string;
}

/** A cell that is to be submitted again. */
export interface RetriedCell {
  readonly cell: CellId;
  readonly cause: RetryCause;
  /** What it asks for from now on. */
  readonly resources: Resources;
}

/** What became of a submission. */
export interface SubmissionEnd {
  /** What the queue has now and did not have when this was asked last. */
  readonly fresh: readonly SubmittedArray[];
  /** Cells of later rounds that it has refused: they are in the record no more. */
  readonly refused?: { readonly failure: Failure; readonly cells: readonly CellId[] };
}

/**
 * Name of an array's job: it is found again by that.
 *
 * @param run - name of the run
 * @param array - name of the array
 * @returns the name
 */
export const jobName = (run: string, array: string): string => `kdpipe-${run}-${array}`;

const cellsOf = ({ tasks }: Pick<ArrayOutline, 'tasks'>): readonly CellId[] => tasks.flatMap(([, cells]) => cells);

/**
 * The arrays of a run: those of its first round, and behind them those of later ones, whose cells stood in earlier arrays. What is
 * to be submitted is written into the record first, so that whoever goes on with the run finds it.
 */
export class SubmittedArrays {
  readonly #record: Pick<RunRecord, 'run' | 'folder'>;
  readonly #cluster: Cluster;
  readonly #jobs = new Map<string, string>();
  readonly #described = new Map<string, ArrayDescription | undefined>();
  #submitted: SubmittedRun;
  #spots: ReadonlyMap<CellId, TaskSpot>;

  /**
   * @param record - of the run
   * @param submitted - what it has written there
   * @param cluster - takes the arrays
   */
  constructor(record: Pick<RunRecord, 'run' | 'folder'>, submitted: SubmittedRun, cluster: Cluster) {
    this.#record = record;
    this.#cluster = cluster;
    this.#submitted = submitted;
    this.#spots = taskSpots(submitted.arrays);
  }

  get keepGoing(): boolean {
    return this.#submitted.keepGoing;
  }

  /** Ids of all jobs. */
  get jobs(): readonly string[] {
    return [...this.#jobs.values()];
  }

  /** Whether the queue has all. */
  get areSubmitted(): boolean {
    return this.#jobs.size === this.#submitted.arrays.length;
  }

  /** The task that a cell stands in: the last one; undefined for a cell that had a result before. */
  spotOf(cell: CellId): TaskSpot | undefined {
    return this.#spots.get(cell);
  }

  /** Whether a cell was submitted again after an array was. */
  isLater(cell: CellId, than: string): boolean {
    const names = this.#submitted.arrays.map(({ name }) => name);
    return names.indexOf(this.#spots.get(cell)?.array ?? '') > names.indexOf(than);
  }

  /** Why a cell was submitted again, each time. */
  causesOf(cell: CellId): readonly RetryCause[] {
    return this.#submitted.arrays.flatMap((array) =>
      array.again && cellsOf(array).includes(cell) ? [array.again] : [],
    );
  }

  /** How often a cell that ran was submitted again. */
  triesOf(cell: CellId): number {
    return this.causesOf(cell).filter((cause) => cause !== 'need').length;
  }

  /**
   * Writes a further round into the record.
   *
   * @param retried - the cells, each after all that it needs
   * @param keyOf - key of the result of a cell that has ended with one
   * @throws FailureError where the queue does not answer; then nothing is written
   */
  async add(retried: readonly RetriedCell[], keyOf: (cell: CellId) => Key | undefined): Promise<void> {
    const { largestArray: largest } = await this.#cluster.open();
    const causes = new Map(retried.map(({ cell, cause }) => [cell, cause]));
    const cells = retried.map(({ cell, resources }): Cell => ({ ...this.#cellOf(cell), resources }));
    const running = new Map([...this.#spots].filter(([cell]) => !causes.has(cell) && keyOf(cell) === undefined));
    const { arrays: before } = this.#submitted;
    const round = 2 + new Set(before.flatMap(({ name, again }) => (again ? [roundIn(name)] : []))).size;
    // Cells that ran in one task do so again.
    const cohortOf = ({ id }: Cell) => JSON.stringify([this.#spots.get(id), causes.get(id)]);
    const later = { name: `r${round}`, apart: ({ id }: Cell) => causes.get(id) ?? '', spots: running };
    // What a task needs it looks at itself: arrays of earlier rounds may have lost tasks, and are no success as a whole.
    const planned = planArrays(cells, { largest, keepGoing: true, cohortOf, packOf: () => 1, later });
    const outlines = planned.map((array) => this.#outlineOf(array, causes));
    const arrays = [...before, ...outlines];
    const spots = taskSpots(arrays);
    for (const array of planned) this.#describe(array, spots, keyOf);
    this.#submitted = { ...this.#submitted, arrays };
    this.#spots = spots;
    writeSubmitted(this.#record.folder, this.#submitted);
  }

  #folder(array: string): string {
    return arrayFolder(this.#record.folder, array);
  }

  #description(cell: CellId): ArrayDescription {
    const array = this.#spots.get(cell)?.array ?? '';
    const known = this.#described.get(array) ?? readDescription(this.#folder(array));
    if (!known) throw new Error(`${this.#folder(array)} describes no array of tasks`);
    this.#described.set(array, known);
    return known;
  }

  #cellOf(id: CellId): Cell {
    const cell = this.#description(id).cells.find((other) => other.id === id);
    if (!cell) throw new Error(`${id} is not described in the array that it stands in`);
    return cell;
  }

  #outlineOf({ name, stage, after, tasks }: PlannedArray, causes: ReadonlyMap<CellId, RetryCause>): ArrayOutline {
    const [first] = tasks[0]?.cells ?? [];
    const before = this.#submitted.arrays.find((array) => array.name === this.#spots.get(first?.id ?? '')?.array);
    const again = causes.get(first?.id ?? '');
    if (!first || !before || !again) throw new Error(`array ${name} tries nothing again`);
    return {
      ...{ name, stage, after, again, request: { ...before.request, resources: first.resources } },
      tasks: tasks.map((task) => [task.index, task.cells.map(({ id }) => id)]),
    };
  }

  #describe(
    { name, tasks }: PlannedArray,
    spots: ReadonlyMap<CellId, TaskSpot>,
    keyOf: (cell: CellId) => Key | undefined,
  ) {
    const cells = tasks.flatMap((task) => task.cells);
    const ids = new Set(cells.map(({ id }) => id));
    const earlier = [...new Set(cells.map(({ id }) => this.#description(id)))];
    const [any] = earlier;
    if (!any) throw new Error(`array ${name} has no cells`);
    const wanted = new Set(cells.flatMap((cell) => cell.needs));
    const needs = new Map(earlier.flatMap((description) => description.needs.map((need) => [need.cell.id, need])));
    writeDescription(this.#folder(name), {
      ...any,
      cells,
      tasks: tasks.map((task) => [task.index, task.cells.map(({ id }) => id)]),
      needs: [...needs.values()].flatMap(({ cell, from }): readonly NeededCell[] =>
        wanted.has(cell.id) ? [{ cell, from: keyOf(cell.id) ?? spots.get(cell.id) ?? from }] : [],
      ),
      sources: earlier.flatMap(({ sources }) => sources.filter(([cell]) => ids.has(cell))),
      force: earlier.flatMap(({ force }) => force.filter((cell) => ids.has(cell))),
    });
  }

  /**
   * Submits what the queue does not have yet: all, a further round, or what a dead process has left to do.
   *
   * @param continued - true where it may have heard of some of it already
   * @returns what is new, and what it has refused of later rounds
   * @throws FailureError where it refuses an array of the first round, and all are cancelled; or where it does not answer
   */
  async submit(continued: boolean): Promise<SubmissionEnd> {
    const fresh: SubmittedArray[] = [];
    let found: ReadonlyMap<string, string> | undefined;
    for (const outline of this.#submitted.arrays) {
      const { name } = outline;
      if (this.#jobs.has(name)) continue;
      const folder = this.#folder(name);
      let job = readJob(folder);
      if (job === undefined) {
        // Whoever submitted it may have died before it wrote down the id.
        if (continued) found ??= await this.#cluster.find();
        try {
          job = found?.get(jobName(this.#record.run, name)) ?? (await this.#submitOne(outline, folder));
        } catch (error) {
          if (!isFailure(error, 'slurm-refused')) throw error;
          return { fresh, refused: await this.#takeBack(error) };
        }
        writeJob(folder, job);
      }
      this.#jobs.set(name, job);
      fresh.push({ ...outline, folder, job });
    }
    return { fresh };
  }

  #submitOne({ name, request, tasks, after }: ArrayOutline, folder: string): Promise<string> {
    const dependencies = after.map(({ type, array }) => ({ type, job: this.#jobs.get(array) ?? '' }));
    const indices = tasks.map(([index]) => index);
    const { cwd } = this.#submitted;
    const called = jobName(this.#record.run, name);
    return this.#cluster.submit({ ...request, name: called, folder, indices, cwd, after: dependencies });
  }

  /** After a refusal: nothing would come of the arrays before, where it is one of the first round; else it is taken out of the record. */
  async #takeBack(error: FailureError): Promise<NonNullable<SubmissionEnd['refused']>> {
    const { arrays } = this.#submitted;
    const refused = arrays.filter(({ name }) => !this.#jobs.has(name));
    const [failure] = error.failures;
    if (!failure || refused.some(({ again }) => again === undefined)) {
      await this.#cluster.cancel(this.jobs, 'all');
      throw error;
    }
    this.#submitted = { ...this.#submitted, arrays: arrays.filter((array) => !refused.includes(array)) };
    writeSubmitted(this.#record.folder, this.#submitted);
    this.#spots = taskSpots(this.#submitted.arrays);
    return { failure, cells: refused.flatMap(cellsOf) };
  }
}

/** The part of an array's name that says of which round it is. */
const roundIn = (name: string): string | undefined => name.split('.')[1];
