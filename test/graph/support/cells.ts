import { CellReference, type Cell, type Value, type ValueObject } from '../../../src/core/plan.ts';
import { axisOrder, axisText, cellId, referencesIn } from '../../../src/cells/cell-id.ts';
import { parentsOf, type PlannedCell } from '../../../src/cells/carry.ts';

/** A cell with the id that a plan would give it; it needs the cells on its axes and in its params. */
export function cell(stage: string, axes: ValueObject = {}, params: ValueObject = {}): Cell {
  const holds = (value: Value): boolean => referencesIn(value).length > 0;
  const holdsCells = new Set(Object.keys(axes).filter((name) => holds(axes[name] ?? null)));
  const names = axisOrder(Object.keys(axes), holdsCells);
  const texts = names.map((name) => `${name}=${axisText(axes[name] ?? null, holdsCells.has(name))}`);
  const needs = [
    ...new Set([...referencesIn(axes), ...referencesIn(params)].map((reference) => reference.cell)),
  ].sort();
  const resources = { cpu: 1, gpu: 0, memory: 0 };
  return { id: cellId(stage, texts), stage, kind: 'command', axes, params, needs, resources, retry: 0, timeout: 0 };
}

export const to = (target: Cell, output?: string): CellReference => new CellReference(target.id, output);

/** Cells by id, with what each carries. */
export function planned(cells: readonly Cell[]): ReadonlyMap<string, PlannedCell> {
  const known = new Map<string, PlannedCell>();
  for (const one of cells) {
    known.set(one.id, { cell: one, axes: one.axes, parents: parentsOf(one.axes, (id) => known.get(id)) });
  }
  return known;
}
