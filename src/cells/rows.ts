import type { JsonObject } from '../core/json.ts';
import type { Cell, Value } from '../core/plan.ts';
import type { FactorIndex } from './factors.ts';
import { lookUp, type CellIndex } from './lookup.ts';

/** Cells that agree in some names. */
export interface NamedCells {
  /** Values of the first of them, by the order of the names. */
  readonly values: readonly (Value | undefined)[];
  /** In the order in which they were given. */
  readonly cells: readonly Cell[];
}

/**
 * Groups cells by what names mean for them. A reference to a cell is the same for all its seeds.
 *
 * @param index - the plan's cells
 * @param factors - tells them apart
 * @param cells - the cells
 * @param names - names of `rows`
 * @returns groups in the order in which the cells first show them
 */
export function groupByNames(
  index: CellIndex,
  factors: FactorIndex,
  cells: readonly Cell[],
  names: readonly string[],
): readonly NamedCells[] {
  const found = new Map<string, { readonly values: readonly (Value | undefined)[]; readonly cells: Cell[] }>();
  for (const cell of cells) {
    const values = names.map((name) => lookUp(index, cell, name));
    const key = JSON.stringify(values.map((value) => factors.token(value)));
    const group = found.get(key);
    if (group) group.cells.push(cell);
    else found.set(key, { values, cells: [cell] });
  }
  return [...found.values()];
}

/** What a plot names. */
export interface PlotNames {
  readonly series: readonly string[];
  readonly x: string;
  readonly xFrom?: 'metrics';
  readonly baseline?: JsonObject;
}

/**
 * The names that make the points of a plot: beside those of the pipeline the model, so that no mean goes over several
 * networks.
 *
 * @param index - the plan's cells
 * @param cells - the cells that it reads
 * @param plot - what it names
 * @returns the names, each once
 */
export function plotRows(index: CellIndex, cells: readonly Cell[], plot: PlotNames): readonly string[] {
  const model = cells.some((cell) => lookUp(index, cell, 'model') !== undefined) ? ['model'] : [];
  const x = plot.xFrom === 'metrics' ? [] : [plot.x];
  return [...new Set([...plot.series, ...model, ...Object.keys(plot.baseline ?? {}), ...x])];
}
