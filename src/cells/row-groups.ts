import { CellReference, type Cell, type CellId, type Value } from '../core/plan.ts';
import type { FactorIndex } from './factors.ts';
import { cellLabels, plainJson, valueText, type RowLabel } from './labels.ts';
import { lookUp, type CellIndex } from './lookup.ts';
import { groupByNames } from './rows.ts';

/** A row of ours: the cells that agree in all names of `rows`. */
export interface RowGroup {
  readonly labels: readonly RowLabel[];
  /** In plan order; as many as the row expects runs. */
  readonly cells: readonly Cell[];
}

/** Calls a cell that stands for several of its seeds by what they have in common. */
function labelSeeds(
  value: Value | undefined,
  all: readonly (Value | undefined)[],
  { short, factors }: { readonly short: Map<CellId, string>; readonly factors: FactorIndex },
): void {
  if (!(value instanceof CellReference) || short.has(value.cell)) return;
  const isOther = (one: Value | undefined): boolean => one instanceof CellReference && one.cell !== value.cell;
  if (all.some(isOther)) short.set(value.cell, factors.nameOf(value));
}

/**
 * Groups cells into rows, and calls each by its values.
 *
 * @param index - the plan's cells
 * @param factors - tells them apart
 * @param cells - the cells
 * @param names - names of `rows`
 * @returns rows in the order in which the cells first show them
 */
export function rowsOf(
  index: CellIndex,
  factors: FactorIndex,
  cells: readonly Cell[],
  names: readonly string[],
): readonly RowGroup[] {
  const rows = groupByNames(index, factors, cells, names);
  const labels = names.map((name, at) => {
    const short = cellLabels(
      index,
      rows.map((row) => row.values[at]),
      factors,
    );
    for (const row of rows)
      labelSeeds(
        row.values[at],
        row.cells.map((cell) => lookUp(index, cell, name)),
        { short, factors },
      );
    return short;
  });
  const labelled = ({ values, cells }: (typeof rows)[number]): RowGroup => ({
    cells,
    labels: names.map((name, at) => ({
      name,
      text: valueText(values[at], labels[at]),
      value: plainJson(values[at]),
    })),
  });
  return rows.map(labelled);
}
