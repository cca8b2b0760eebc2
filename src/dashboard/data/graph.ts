import { groupBy } from '../../util/group.ts';
import type { RunData, StageData } from './run-data.ts';

/** A place of the graph. Pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A stage as a box of the graph. */
export interface StageBox extends Point {
  readonly stage: StageData;
  /** How many of its cells are in which state. */
  readonly states: ReadonlyMap<string, number>;
  readonly cells: number;
}

/** A line from what is read to what reads it. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Both ends, and where it passes the columns between, from left to right of each. */
  readonly points: readonly Point[];
}

/** The graph of a run's stages: as large for ten cells as for ten thousand. */
export interface Graph {
  readonly boxes: readonly StageBox[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

/** Size of a box, and the room from one to the next. Pixels. */
export const box = { width: 188, height: 66, columnStep: 252, gap: 16 } as const;
/** Room for a line that passes a column. Pixels. */
const lane = 14;

/** How many steps each stage stands behind those that read nothing. */
function depthsOf(stages: readonly StageData[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  // The plan has cells in order, and a stage where its first cell stands: another may need a stage that comes later.
  for (let round = 0, changed = true; changed && round <= stages.length; round++) {
    changed = false;
    for (const { id, needs } of stages) {
      const depth = Math.max(0, ...needs.filter((need) => need !== id).map((need) => (found.get(need) ?? 0) + 1));
      changed ||= found.get(id) !== depth;
      found.set(id, depth);
    }
  }
  return found;
}

/** What is read directly and not through another stage as well: lines that say nothing more are left out. */
function directNeeds(stages: readonly StageData[]): ReadonlyMap<string, readonly string[]> {
  const needs = new Map(stages.map((stage) => [stage.id, stage.needs.filter((need) => need !== stage.id)]));
  const behind = (id: string, seen: Set<string>): Set<string> => {
    for (const need of needs.get(id) ?? []) if (!seen.has(need)) behind(need, seen.add(need));
    return seen;
  };
  const through = new Map(stages.map(({ id }) => [id, behind(id, new Set())]));
  return new Map(
    [...needs].map(([id, own]) => [
      id,
      own.filter((need) => !own.some((other) => other !== need && through.get(other)?.has(need))),
    ]),
  );
}

/** What stands in a column: a stage, or a line that passes it. */
interface Slot {
  readonly column: number;
  readonly stage?: StageData;
  readonly height: number;
  /** What it is linked to in the column before. */
  readonly before: Slot[];
  y: number;
}

const middle = ({ y, height }: Slot): number => y + height / 2;

/** Stacks a column: what is linked to what stands higher stands higher. */
function stack(slots: readonly Slot[]): number {
  const wanted = (slot: Slot): number =>
    slot.before.length > 0 ? slot.before.reduce((sum, one) => sum + middle(one), 0) / slot.before.length : 0;
  const ordered = [...slots].sort((one, other) => wanted(one) - wanted(other));
  let y = 0;
  for (const slot of ordered) {
    slot.y = y;
    y += slot.height + box.gap;
  }
  return y - box.gap;
}

/** The states of the cells of each stage. */
function statesOf({ stages, cells }: Pick<RunData, 'stages' | 'cells'>): readonly ReadonlyMap<string, number>[] {
  const states = stages.map(() => new Map<string, number>());
  for (const { stage, progress } of cells)
    states[stage]?.set(progress.state, (states[stage].get(progress.state) ?? 0) + 1);
  return states;
}

/** Slots of all stages and of the lines between them. */
function placeSlots(stages: readonly StageData[]) {
  const depths = depthsOf(stages);
  const depthOf = (id: string): number => depths.get(id) ?? 0;
  const ofStage = new Map(
    stages.map((stage): [string, Slot] => [
      stage.id,
      { column: depthOf(stage.id), stage, height: box.height, before: [], y: 0 },
    ]),
  );
  const slots = [...ofStage.values()];
  const ways = [...directNeeds(stages)].flatMap(([to, needs]) =>
    needs.flatMap((from) => {
      const [first, last] = [ofStage.get(from), ofStage.get(to)];
      if (!first || !last) return [];
      const way = [first];
      for (let column = first.column + 1; column < last.column; column++) {
        const passing: Slot = { column, height: lane, before: way.slice(-1), y: 0 };
        slots.push(passing);
        way.push(passing);
      }
      last.before.push(...way.slice(-1));
      return [{ from, to, way: [...way, last] }];
    }),
  );
  return { slots, ways };
}

/**
 * Lays out the stages of a run: what is read stands to the left of what reads it, and no line passes under a box.
 *
 * @param run - the run, as it is now
 * @returns boxes, lines and the size of it all
 */
export function stageGraph(run: Pick<RunData, 'stages' | 'cells'>): Graph {
  const { slots, ways } = placeSlots(run.stages);
  const columns = [...groupBy(slots, ({ column }) => String(column)).values()].sort(
    ([one], [other]) => (one?.column ?? 0) - (other?.column ?? 0),
  );
  const heights = columns.map(stack);
  const height = Math.max(box.height, ...heights);
  for (const [at, column] of columns.entries()) for (const slot of column) slot.y += (height - (heights[at] ?? 0)) / 2;
  const states = statesOf(run);
  const left = ({ column }: Slot): number => column * box.columnStep;
  const boxes = run.stages.flatMap((stage, at): readonly StageBox[] => {
    const slot = slots.find((one) => one.stage === stage);
    const own = states[at] ?? new Map<string, number>();
    const cells = [...own.values()].reduce((sum, count) => sum + count, 0);
    return slot ? [{ stage, x: left(slot), y: slot.y, states: own, cells }] : [];
  });
  const edges = ways.map(({ from, to, way }): Edge => ({
    from,
    to,
    points: way.flatMap((slot, at) => [
      ...(at > 0 ? [{ x: left(slot), y: middle(slot) }] : []),
      ...(at < way.length - 1 ? [{ x: left(slot) + box.width, y: middle(slot) }] : []),
    ]),
  }));
  return { boxes, edges, width: (columns.length - 1) * box.columnStep + box.width, height };
}
