import { isList } from '../core/json.ts';
import { CellReference, type Cell, type CellId, type Value } from '../core/plan.ts';
import { axisText, cellId, valueToken } from './cell-id.ts';
import type { CellIndex } from './lookup.ts';
import { groupBy } from '../util/group.ts';

/**
 * What tells a cell from others: the values of its axes and of those of the cells on them, by their way (`of.teacher.lr`).
 * The stage of a cell on an axis stands under the axis, that of the cell itself under `stage`.
 */
export type Factors = ReadonlyMap<string, string>;

/** The axis that everything is repeated over: `seeds: 3` is short for it. */
export const seedAxis = 'seed';

/** Where the stage of the cell itself stands. */
export const stageFactor = 'stage';

const isListOfCells = (value: Value): value is readonly CellReference[] =>
  isList(value) && value.length > 0 && value.every((item) => item instanceof CellReference);

/**
 * Says whether a way leads over a name: `of.teacher.lr` leads over `teacher.lr`, `teacher` and `lr`.
 *
 * @param way - keys between dots
 * @param name - one key, or several
 * @returns true when it does
 */
export const leadsOver = (way: string, name: string): boolean => `.${way}.`.includes(`.${name}.`);

/** Tells the cells of a plan apart. */
export class FactorIndex {
  readonly #index: CellIndex;
  readonly #known = new Map<CellId, Factors>();
  readonly #signatures = new Map<CellId, string>();

  constructor(index: CellIndex) {
    this.#index = index;
  }

  /** The factors of a cell. */
  of(cell: Cell): Factors {
    const known = this.#known.get(cell.id);
    if (known) return known;
    const factors = new Map<string, string>([[stageFactor, cell.stage]]);
    for (const [axis, value] of Object.entries(cell.axes)) {
      if (value instanceof CellReference) this.#through(axis, value, factors);
      else if (isListOfCells(value)) value.forEach((one, at) => this.#through(`${axis}.${at}`, one, factors));
      else factors.set(axis, valueToken(value));
    }
    this.#known.set(cell.id, factors);
    return factors;
  }

  #through(axis: string, { cell: id, output }: CellReference, factors: Map<string, string>): void {
    const target = this.#index.get(id);
    if (!target) return;
    for (const [way, token] of this.of(target)) {
      if (way === stageFactor) factors.set(axis, output === undefined ? token : `${token}.${output}`);
      else factors.set(`${axis}.${way}`, token);
    }
  }

  /**
   * A text that two values share exactly when they are the same value but for seeds: two runs of one teacher are one.
   *
   * @param value - an axis value or a parameter; undefined and null are one
   * @returns the text
   */
  token(value: Value | undefined): string {
    if (value === undefined || value === null) return 'null';
    if (isListOfCells(value)) return `[${value.map((item) => this.token(item)).join(',')}]`;
    if (!(value instanceof CellReference)) return valueToken(value);
    const target = this.#index.get(value.cell);
    const signature = target ? this.#signature(target) : value.cell;
    return `cell ${signature}${value.output === undefined ? '' : `.${value.output}`}`;
  }

  /** The name that all seeds of a cell have in common: `teacher[width=8]` of `teacher[seed=0,width=8]`. */
  nameOf({ cell: id }: CellReference): string {
    const cell = this.#index.get(id);
    if (!cell) return id;
    const text = (value: Value): string =>
      value instanceof CellReference ? this.nameOf(value) : axisText(value, false);
    const axes = Object.entries(cell.axes).filter(([axis]) => axis !== seedAxis);
    return cellId(
      cell.stage,
      axes.map(([axis, value]) => `${axis}=${text(value)}`),
    );
  }

  #signature(cell: Cell): string {
    const known = this.#signatures.get(cell.id);
    if (known !== undefined) return known;
    const ways = [...this.of(cell)].filter(([way]) => !leadsOver(way, seedAxis));
    const signature = ways.map(([way, token]) => `${way}=${token}`).join(';');
    this.#signatures.set(cell.id, signature);
    return signature;
  }
}

/** A factor in which cells differ. */
export interface Difference {
  /** Its way: `of.kd_ratio`. */
  readonly way: string;
  /** Its values as texts, in the order of the cells; `none` where a cell has no such factor. */
  readonly values: readonly string[];
}

/** A token as a text: texts without quotes. */
function textOf(token: string | undefined): string {
  if (token === undefined) return 'none';
  if (!token.startsWith('"')) return token;
  return axisText(JSON.parse(token) as string, false);
}

/**
 * Finds the factors in which cells differ, as few as tell them apart.
 *
 * @param cells - factors of each cell
 * @param known - names of factors that may differ: they are passed over, and what leads over them
 * @returns the factors; none where the cells are repetitions of one
 */
export function differences(cells: readonly Factors[], known: Iterable<string>): readonly Difference[] {
  if (cells.length < 2) return [];
  const passed = [...known];
  const ways = new Set<string>();
  for (const factors of cells) for (const way of factors.keys()) ways.add(way);
  const differing = [...ways].flatMap((way) => {
    if (passed.some((name) => leadsOver(way, name))) return [];
    const tokens = new Set(cells.map((factors) => factors.get(way)));
    return tokens.size > 1 ? [{ way, tokens }] : [];
  });
  // What takes most values tells most apart; an axis that holds cells tells less than those of these cells.
  const depth = (way: string): number => way.split('.').length;
  differing.sort((a, b) => b.tokens.size - a.tokens.size || depth(b.way) - depth(a.way));
  const found: Difference[] = [];
  let groups: readonly (readonly Factors[])[] = [cells];
  for (const { way, tokens } of differing) {
    const split = groups.flatMap((group) => [...groupBy(group, (factors) => factors.get(way) ?? '').values()]);
    if (split.length === groups.length) continue;
    groups = split;
    found.push({ way, values: [...tokens].map(textOf) });
  }
  return found;
}

/**
 * Says over what means of rows are taken.
 *
 * @param rows - factors of the cells of each row
 * @param known - names of the factors that may differ
 * @returns those of the names in which cells of some row do differ
 */
export function averagedOver(rows: readonly (readonly Factors[])[], known: readonly string[]): readonly string[] {
  return known.filter((name) =>
    rows.some(([first, ...others]) =>
      others.some((factors) => [...factors].some(([way, token]) => leadsOver(way, name) && first?.get(way) !== token)),
    ),
  );
}
