import type { DependencyType } from '../../core/array-job.ts';
import type { Cell, CellId } from '../../core/plan.ts';
import type { TaskSpot } from '../../record/arrays.ts';
import { chunksOf, groupBy } from '../../util/group.ts';

/** Cells that one job of an array runs: one, a cohort, or several of these that are packed. */
export interface ArrayTask {
  readonly index: number;
  readonly cells: readonly Cell[];
}

/** Tasks of one stage that are submitted together, as they need the same arrays and ask for the same. */
export interface PlannedArray {
  /** Unique in its run: `student`, `student.2`. Names of stages have no dot. */
  readonly name: string;
  readonly stage: string;
  readonly tasks: readonly ArrayTask[];
  /** Names of the arrays that it needs, and how. */
  readonly after: readonly { readonly type: DependencyType; readonly array: string }[];
}

/** What arrays are made by. */
export interface ArrayOptions {
  /** The largest number of tasks in an array. */
  readonly largest: number;
  /** Whether what does not need a failed cell runs all the same (`-k`). */
  readonly keepGoing: boolean;
  /** Cells of a stage with equal labels run in one task; null to run alone. */
  readonly cohortOf: (cell: Cell) => string | null;
  /** What is submitted to a run later: what its arrays are told from earlier ones by. By default they are its first. */
  readonly later?: LaterRound;
  /** Most cells, or cohorts, of a stage in one task, at least 1. */
  readonly packOf: (stage: string) => number;
}

/** Arrays that a run submits after its first. */
export interface LaterRound {
  /** What their names have in the end. */
  readonly name: string;
  /** Cells with different labels stand in different arrays. */
  readonly apart: (cell: Cell) => string;
  /** Where other cells of the run are in the queue, and have not ended. */
  readonly spots: ReadonlyMap<CellId, TaskSpot>;
}

/** Cells that run together, before they have an index, and where what they need runs. */
interface LooseTask {
  readonly cells: readonly Cell[];
  /** Indices by the name of the array. */
  readonly needs: ReadonlyMap<string, ReadonlySet<number>>;
}

/**
 * Divides the cells of a run among arrays: as few as there can be, so that each is submitted in one call and Slurm knows what waits
 * for what.
 *
 * @param cells - the cells that run, each after all that it needs; those of a stage need none of their own
 * @param options - limits, cohorts, and what happens after a failure
 * @returns the arrays, each after those that it needs
 */
export function planArrays(cells: readonly Cell[], options: ArrayOptions): readonly PlannedArray[] {
  const { later } = options;
  const spots = new Map<CellId, TaskSpot>(later?.spots);
  const crowded = crowdedArrays(spots);
  return [...groupBy(cells, ({ stage }) => stage)].flatMap(([stage, ofStage]) => {
    const loose = looseTasks(ofStage, spots, options);
    const groups = groupBy(loose, ({ cells: [first], needs }) =>
      JSON.stringify([...needs.keys(), asked(first), first && later?.apart(first)]),
    );
    const indexed = [...groups.values()].flatMap((group) =>
      indexTasks(pack(group, options.packOf(stage)), crowded, options),
    );
    return indexed.map(({ tasks: ofArray, after }, at) => {
      const parts = [stage, ...(later ? [later.name] : []), ...(indexed.length === 1 ? [] : [at + 1])];
      const name = parts.join('.');
      for (const { index, cells: members } of ofArray)
        for (const { id } of members) spots.set(id, { array: name, index });
      if (ofArray.some(({ cells: members }) => members.length > 1)) crowded.add(name);
      return { name, stage, tasks: ofArray, after };
    });
  });
}

/** Arrays with tasks of several cells. */
function crowdedArrays(spots: ReadonlyMap<CellId, TaskSpot>): Set<string> {
  const tasks = groupBy([...spots.values()], ({ array, index }) => `${array}/${index}`);
  return new Set(
    [...tasks.values()].flatMap(([first, ...others]) => (first && others.length > 0 ? [first.array] : [])),
  );
}

/** What a cell asks for: tasks of one array all get the same. */
const asked = (cell: Cell | undefined) => cell && [cell.resources, cell.timeout, cell.retry];

function looseTasks(
  cells: readonly Cell[],
  spots: ReadonlyMap<CellId, TaskSpot>,
  { cohortOf }: ArrayOptions,
): readonly LooseTask[] {
  const cohorts = groupBy(cells, (cell) => {
    const label = cohortOf(cell);
    return label === null ? cell.id : JSON.stringify([label, asked(cell)]);
  });
  return [...cohorts.values()].map((members) => {
    const needs = new Map<string, Set<number>>();
    for (const id of members.flatMap((cell) => cell.needs)) {
      const spot = spots.get(id);
      if (spot) needs.set(spot.array, (needs.get(spot.array) ?? new Set()).add(spot.index));
    }
    return { cells: members, needs: new Map([...needs].sort(([a], [b]) => (a < b ? -1 : 1))) };
  });
}

/** Puts up to so many tasks into one: those that need the same, so that the packs of two stages are one to one; else as they come. */
function pack(tasks: readonly LooseTask[], most: number): readonly LooseTask[] {
  if (most === 1) return tasks;
  const byNeeds = groupBy(tasks, ({ needs }) => JSON.stringify([...needs].map(([array, of]) => [array, ...of])));
  const groups = [...byNeeds.values()];
  const single = groups.flatMap((group) => (group.length === 1 ? group : []));
  return [...groups.filter(({ length }) => length > 1), single].flatMap((group) => chunksOf(group, most).map(merge));
}

function merge(tasks: readonly LooseTask[]): LooseTask {
  const needs = new Map<string, Set<number>>();
  for (const [array, indices] of tasks.flatMap((task) => [...task.needs]))
    needs.set(array, new Set([...(needs.get(array) ?? []), ...indices]));
  return { cells: tasks.flatMap(({ cells }) => cells), needs };
}

/** The index of the one task that each needs of an array; undefined where one needs several, or two need the same. */
function correspondence(tasks: readonly LooseTask[], array: string): readonly number[] | undefined {
  const indices = tasks.map(({ needs }) => [...(needs.get(array) ?? [])]);
  const single = indices.flatMap((of) => (of.length === 1 ? of : []));
  return single.length === tasks.length && new Set(single).size === tasks.length ? single : undefined;
}

/** Gives tasks that need the same arrays their indices: those of the tasks that they need, one to one, where that is so. */
function indexTasks(
  tasks: readonly LooseTask[],
  crowded: ReadonlySet<string>,
  { largest, keepGoing }: ArrayOptions,
): readonly Pick<PlannedArray, 'tasks' | 'after'>[] {
  const arrays = [...(tasks[0]?.needs.keys() ?? [])];
  const one = new Map(arrays.map((array) => [array, correspondence(tasks, array)]));
  const leader = [...one.values()].find((indices) => indices !== undefined);
  const all = keepGoing ? 'afterany' : 'afterok';
  // Of several cells one may fail: what does not need that one runs all the same.
  const isLed = (array: string): boolean =>
    !(keepGoing && crowded.has(array)) &&
    leader !== undefined &&
    (one.get(array)?.every((index, at) => index === leader[at]) ?? false);
  const after = arrays.map((array) => ({ type: isLed(array) ? ('aftercorr' as const) : all, array }) as const);
  if (leader) {
    const indexed = tasks.map(({ cells }, at) => ({ index: leader[at] ?? at, cells }));
    return [{ tasks: indexed.sort((a, b) => a.index - b.index), after }];
  }
  return chunksOf(tasks, largest).map((chunk) => ({
    tasks: chunk.map(({ cells }, index) => ({ index, cells })),
    after,
  }));
}
