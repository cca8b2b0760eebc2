import {
  carriedAxis,
  carriedNames,
  joinToken,
  type Carrier,
  type FindCell,
  type PlannedCell,
} from '../../cells/carry.ts';
import { matches } from '../../cells/matches.ts';
import type { Search } from '../../core/plan.ts';
import type { Selector } from '../../cells/selector.ts';

/** Cells that carry the same axes. */
interface Group {
  readonly axes: readonly string[];
  readonly members: PlannedCell[];
  /** By the axes that are compared, then by their values. */
  readonly indices: Map<string, ReadonlyMap<string, readonly PlannedCell[]>>;
}

const SEPARATOR = '\u0000';

function tokens(carrier: Carrier, axes: readonly string[]): string {
  let key = '';
  for (const axis of axes) key += joinToken(carriedAxis(carrier, axis)?.value ?? null) + SEPARATOR;
  return key;
}

const equal = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

/** Some cells of a stage, indexed by every set of axes on which others join them: a join costs one look-up, not a search. */
export class CellView {
  readonly #cells: readonly PlannedCell[];
  readonly #groups: Group[] = [];

  constructor(cells: readonly PlannedCell[]) {
    this.#cells = cells;
    for (const planned of cells) this.#groupOf(carriedNames(planned)).members.push(planned);
  }

  #groupOf(axes: readonly string[]): Group {
    const known = this.#groups.find((group) => equal(group.axes, axes));
    if (known) return known;
    const group: Group = { axes, members: [], indices: new Map() };
    this.#groups.push(group);
    return group;
  }

  /**
   * Finds the cells that agree with another one on all axes that both carry.
   *
   * @param carrier - the other cell
   * @param open - axes that are not compared
   * @param joined - takes the other cell's own axes by which something was compared
   * @returns cells in the stage's order
   */
  agreeing(carrier: Carrier, open: ReadonlySet<string>, joined: Set<string>): readonly PlannedCell[] {
    const found = this.#groups.map((group) => {
      const common: string[] = [];
      let key = '';
      for (const axis of group.axes) {
        const carried = open.has(axis) ? undefined : carriedAxis(carrier, axis);
        if (!carried) continue;
        common.push(axis);
        joined.add(carried.via);
        key += joinToken(carried.value) + SEPARATOR;
      }
      return indexOf(group, common).get(key) ?? [];
    });
    const [first = [], ...others] = found.filter((members) => members.length > 0);
    if (others.length === 0) return first;
    const all = new Set(found.flat());
    return this.#cells.filter((planned) => all.has(planned));
  }
}

function indexOf(group: Group, common: readonly string[]): ReadonlyMap<string, readonly PlannedCell[]> {
  const name = common.join(SEPARATOR);
  const known = group.indices.get(name);
  if (known) return known;
  const index = new Map<string, PlannedCell[]>();
  for (const member of group.members) {
    const key = tokens(member, common);
    const members = index.get(key);
    if (members) members.push(member);
    else index.set(key, [member]);
  }
  group.indices.set(name, index);
  return index;
}

/** The planned cells of one stage. */
export class StageCells {
  readonly cells: readonly PlannedCell[];
  /** False when parameters of the stage are wrong: its cells serve only to find further problems. */
  readonly healthy: boolean;
  /** Those that stop trials. */
  readonly searches: readonly Search[];
  readonly #views = new Map<Selector, CellView>();
  #all: CellView | undefined;

  constructor(cells: readonly PlannedCell[], healthy: boolean, searches: readonly Search[] = []) {
    this.cells = cells;
    this.healthy = healthy;
    this.searches = searches;
  }

  /** The cells that match a selector's conditions. */
  view(selector: Selector, find: FindCell): CellView {
    if (selector.conditions.every(({ every }) => every)) return (this.#all ??= new CellView(this.cells));
    const known = this.#views.get(selector);
    if (known) return known;
    const view = new CellView(this.selected(selector, find));
    this.#views.set(selector, view);
    return view;
  }

  /**
   * Finds the cells that match a selector's conditions, whoever asks.
   *
   * @param selector - a selector of this stage
   * @param find - gives the planned cells
   * @returns cells in the stage's order
   */
  selected(selector: Selector, find: FindCell): readonly PlannedCell[] {
    if (selector.conditions.length === 0) return this.cells;
    return this.cells.filter((planned) => matches(planned, selector.conditions, find));
  }
}
