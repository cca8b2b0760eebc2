import { hasResult } from '../../../core/cell-state.ts';
import type { CellId, Resources } from '../../../core/plan.ts';
import { stateAfter } from '../../../core/run-state.ts';
import {
  arrayFolder,
  readDescription,
  readSubmitted,
  readTaskEnd,
  taskFiles,
  taskSpots,
  type ArrayOutline,
  type TaskSpot,
} from '../../../record/arrays.ts';
import { namesIfReadable } from '../../../util/if-readable.ts';

/** A task of a run that has not said how it ended. */
export interface OpenTask extends TaskSpot {
  /** Absolute path of its array's folder. */
  readonly folder: string;
  readonly cells: readonly CellId[];
  readonly resources: Resources;
}

const nameOf = ({ array, index }: TaskSpot): string => `${array}/${index}`;

/** The tasks of a run, as its folder tells of them; further rounds of arrays may come. */
export class OpenTasks {
  readonly #run: string;
  readonly #needs = new Map<string, ReadonlyMap<CellId, readonly TaskSpot[]>>();
  /** Tasks that have said how they ended. */
  readonly #ended = new Set<string>();
  #hasFailed = false;
  #open: readonly OpenTask[] = [];
  #keepGoing = false;

  /** @param run - absolute path of the run's folder */
  constructor(run: string) {
    this.#run = run;
  }

  /** Reads what there is by now. */
  read(): void {
    const { arrays = [], keepGoing = false } = readSubmitted(this.#run) ?? {};
    this.#keepGoing = keepGoing;
    const spots = taskSpots(arrays);
    this.#open = arrays.flatMap((outline) => this.#openOf(outline, spots));
  }

  #openOf({ name, tasks, request }: ArrayOutline, spots: ReadonlyMap<CellId, TaskSpot>): readonly OpenTask[] {
    const folder = arrayFolder(this.#run, name);
    const names = new Set(namesIfReadable(folder));
    return tasks.flatMap(([index, cells]) => {
      const task = { array: name, index, folder, cells, resources: request.resources };
      if (names.has(`${index}.json`)) this.#note(task);
      // What was submitted again is to be done there.
      const isCurrent = cells.some((cell) => spots.get(cell)?.array === name);
      return isCurrent && !this.#ended.has(nameOf(task)) ? [task] : [];
    });
  }

  #note({ array, index, folder }: Pick<OpenTask, 'array' | 'index' | 'folder'>): void {
    if (this.#ended.has(nameOf({ array, index }))) return;
    const end = readTaskEnd(taskFiles.end(folder, index));
    if (!end) return;
    this.#ended.add(nameOf({ array, index }));
    const states = end.cells.map(({ event }) => stateAfter(event));
    this.#hasFailed ||= !states.every((state) => state !== undefined && hasResult(state));
  }

  /** Those that have not said how they ended, in the order in which they were submitted. */
  get open(): readonly OpenTask[] {
    return this.#open;
  }

  /** Whether nothing new is started, after a failure. */
  get isHalted(): boolean {
    return this.#hasFailed && !this.#keepGoing;
  }

  /** Whether all that a task needs has ended, however. */
  isReady(task: OpenTask): boolean {
    const needs = this.#needs.get(task.array) ?? this.#needsOf(task.folder);
    this.#needs.set(task.array, needs);
    return task.cells.every((cell) => needs.get(cell)?.every((spot) => this.#ended.has(nameOf(spot))) ?? false);
  }

  #needsOf(folder: string): ReadonlyMap<CellId, readonly TaskSpot[]> {
    const { cells = [], needs = [] } = readDescription(folder) ?? {};
    const spots = new Map(needs.flatMap(({ cell, from }) => (typeof from === 'string' ? [] : [[cell.id, from]])));
    return new Map(cells.map(({ id, needs: ids }) => [id, ids.flatMap((need) => spots.get(need) ?? [])]));
  }
}
