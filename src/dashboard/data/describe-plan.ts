import { differences, FactorIndex, seedAxis } from '../../cells/factors.ts';
import { lookUp, reachable, type CellIndex } from '../../cells/lookup.ts';
import { rowsOf, type RowGroup } from '../../cells/row-groups.ts';
import { plotRows } from '../../cells/rows.ts';
import type { JsonObject } from '../../core/json.ts';
import { CellReference, type Cell, type Plan } from '../../core/plan.ts';
import { initialRun } from '../../core/run-state.ts';
import { withReferences } from '../../record/plan-json.ts';
import { cellAxes } from '../../report/rows/pairing.ts';
import { cellIndex } from '../../report/rows/rows.ts';
import { groupBy } from '../../util/group.ts';
import type { CellData, Label, RunData, RunFold, StageData } from './run-data.ts';

/** What is known of a run's plan. */
interface Planned {
  readonly plan: Plan;
  readonly index: CellIndex;
  readonly factors: FactorIndex;
}

/** What a table or a plot of the pipeline says of a stage: which names make rows, and which metrics it shows. */
interface Shown {
  readonly names: readonly string[];
  readonly metrics: readonly string[];
}

/** The first table, else the first plot, that reads all cells of a stage. */
function shownOf({ plan, index }: Planned, cells: readonly Cell[]): Shown | undefined {
  const readsAll = ({ cells: read }: { readonly cells: readonly string[] }): boolean => {
    const ids = new Set(read);
    return cells.every(({ id }) => ids.has(id));
  };
  const table = plan.tables.find(readsAll);
  if (table) return { names: table.rows, metrics: table.columns };
  const plot = plan.plots.find(readsAll);
  return plot && { names: plotRows(index, cells, plot), metrics: [plot.y] };
}

/** Names of axes behind cells, and of their models, in which they differ; not the seeds. */
function differingNames({ index, factors }: Planned, cells: readonly Cell[]): readonly string[] {
  const names = new Set<string>(['model', 'teacher']);
  for (const { axes } of reachable(index, cells))
    for (const [name, value] of Object.entries(axes)) if (!(value instanceof CellReference)) names.add(name);
  return [...names].filter((name) => {
    if (name === seedAxis) return false;
    const tokens = new Set(cells.map((cell) => factors.token(lookUp(index, cell, name))));
    return tokens.size > 1;
  });
}

/** Rows by names, and by what else than seeds tells cells of one row apart. */
function rowsBy(planned: Planned, cells: readonly Cell[], wanted: readonly string[]) {
  const { index, factors } = planned;
  const rows = rowsOf(index, factors, cells, wanted);
  const more = new Set<string>();
  for (const row of rows)
    for (const { way } of differences(
      row.cells.map((cell) => factors.of(cell)),
      [seedAxis],
    ))
      more.add(way);
  if (more.size === 0) return { names: wanted, rows };
  const names = [...new Set([...wanted, ...more])];
  return { names, rows: rowsOf(index, factors, cells, names) };
}

/** A label: a number where it is one. */
const labelOf = ({ value, text }: RowGroup['labels'][number]): Label => (typeof value === 'number' ? value : text);

/** Parameters that all cells share, and of each cell the others, in the form of `plan.json`. */
function splitParams(cells: readonly Cell[]): readonly [shared: JsonObject, own: readonly JsonObject[]] {
  const all = JSON.parse(withReferences(cells.map(({ params }) => params))) as readonly JsonObject[];
  const [first = {}, ...others] = all;
  const texts = Object.entries(first).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const shared = new Set(
    texts.flatMap(([name, text]) => (others.every((one) => JSON.stringify(one[name]) === text) ? [name] : [])),
  );
  const only = (params: JsonObject, keep: (name: string) => boolean): JsonObject =>
    Object.fromEntries(Object.entries(params).filter(([name]) => keep(name)));
  return [only(first, (name) => shared.has(name)), all.map((params) => only(params, (name) => !shared.has(name)))];
}

/** A stage, and its cells by their places in the plan. */
function describeStage(planned: Planned, id: string, places: readonly number[]): readonly [StageData, CellData[]] {
  const { plan, index } = planned;
  const cells = places.flatMap((place) => plan.cells[place] ?? []);
  const shown = shownOf(planned, cells);
  const { names, rows } = rowsBy(planned, cells, shown?.names ?? differingNames(planned, cells));
  const placeOf = new Map(cells.map((cell, at) => [cell.id, places[at] ?? 0]));
  const [params, own] = splitParams(cells);
  const stage: StageData = {
    id,
    kind: cells[0]?.kind ?? '',
    needs: [...new Set(cells.flatMap((cell) => cell.needs.flatMap((need) => index.get(need)?.stage ?? [])))],
    params,
    names,
    rows: rows.map((row) => ({
      labels: row.labels.map(labelOf),
      cells: row.cells.map((cell) => placeOf.get(cell.id) ?? 0),
    })),
    shown: shown?.metrics ?? [],
  };
  const described = cells.map((cell, at): CellData => ({
    id: cell.id,
    stage: 0,
    params: own[at] ?? {},
    axes: Object.fromEntries(cellAxes(index, cell)),
    progress: { state: 'waiting' },
  }));
  return [stage, described];
}

/**
 * Describes a run before its first event. Pure: equal plans give equal data.
 *
 * @param plan - its plan
 * @param run - its name
 * @returns stages with their rows, and cells that all wait
 */
export function describePlan(plan: Plan, run: string): RunData {
  const index = cellIndex(plan);
  const planned: Planned = { plan, index, factors: new FactorIndex(index) };
  const byStage = groupBy(plan.cells.keys(), (place) => plan.cells[place]?.stage ?? '');
  const cells: CellData[] = [];
  const stages = [...byStage].map(([id, places], at) => {
    const [stage, described] = describeStage(planned, id, places);
    for (const [nth, place] of places.entries()) {
      const cell = described[nth];
      if (cell) cells[place] = { ...cell, stage: at };
    }
    return stage;
  });
  const { changes: _, ...state } = initialRun;
  const total: RunFold = { ...state, run, pipeline: plan.name, file: plan.file, total: plan.cells.length };
  const { name: pipeline, description, file } = plan;
  return { run, pipeline, description, file, stages, cells, state: total, command: '', commit: null };
}
