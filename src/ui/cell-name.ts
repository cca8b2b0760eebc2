import type { CellId } from '../core/plan.ts';

/** Opening and closing brackets of ids, and how they change the depth. */
const depths: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 };

/**
 * The stage of a cell.
 *
 * @param cell - its id
 * @returns the stage's id
 */
export function stageOf(cell: CellId): string {
  const at = cell.indexOf('[');
  return at < 0 ? cell : cell.slice(0, at);
}

/** Splits at commas that stand outside of brackets and quotes. */
function splitParts(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    } else if (!quoted) depth += depths[character] ?? 0;
  }
  return text === '' ? [] : [...parts, text.slice(from)];
}

/**
 * Takes a cell's id apart: `score[of=student[kd_method=AT,seed=0]]` has the parts `of=student`, `kd_method=AT` and
 * `seed=0`, those of the cells on its axes among its own.
 *
 * @param cell - the id
 * @returns `axis=value` of each axis, in order; none where the stage has no matrix
 */
export function partsOf(cell: CellId): readonly string[] {
  const inside = /^[^[]*\[(.*)\]$/s.exec(cell)?.[1] ?? '';
  return splitParts(inside).flatMap((part) => {
    const [, head, nested] = /^([^=]*=[\w.-]+)(\[.*\])(?:\.[\w-]+)?$/s.exec(part) ?? [];
    return head === undefined || nested === undefined ? [part] : [head, ...partsOf(nested)];
  });
}

/** Writes a stage with some parts of a cell's name. */
const named = (stage: string, parts: readonly string[]): string =>
  parts.length > 0 ? `${stage}[${parts.join(',')}]` : stage;

/** The parts that all lists have. */
function inAll(lists: readonly (readonly string[])[]): ReadonlySet<string> {
  const [first = [], ...others] = lists.map((list) => new Set(list));
  return new Set([...first].filter((part) => others.every((other) => other.has(part))));
}

/**
 * Shortens the names of cells of one stage to what tells them apart: parts that all of them have are cut.
 *
 * @param cells - ids of cells of one stage
 * @returns a name for each; the whole id of a cell that is alone, and of all where nothing shorter tells them apart
 */
export function distinctNames(cells: readonly CellId[]): readonly string[] {
  if (cells.length < 2) return cells;
  const lists = cells.map(partsOf);
  const shared = inAll(lists);
  const names = cells.map((cell, at) =>
    named(
      stageOf(cell),
      (lists[at] ?? []).filter((part) => !shared.has(part)),
    ),
  );
  return new Set(names).size === cells.length ? names : cells;
}

/**
 * What the cells of a group have in common, as one name.
 *
 * @param cells - ids of cells of one stage
 * @param beside - cells from which the name need not tell anything that these have too
 * @returns `student[seed=0]`
 */
export function commonName(cells: readonly CellId[], beside: readonly CellId[] = []): string {
  const everywhere = beside.length > 0 ? inAll(beside.map(partsOf)) : new Set<string>();
  const common = [...inAll(cells.map(partsOf))].filter((part) => !everywhere.has(part));
  return named(stageOf(cells[0] ?? ''), common);
}

/** Labels of the cells of a group. */
export interface MemberLabels {
  /** `kd_method=AT kd_weight=1000` */
  readonly named: readonly string[];
  /** `AT`: values alone, without those that go with another one. */
  readonly short: readonly string[];
}

/** Tells which axes of a group add something to those before them: a weight that goes with its method adds nothing. */
function usefulAxes(lists: readonly (readonly string[])[]): readonly boolean[] {
  const length = Math.max(0, ...lists.map((list) => list.length));
  const distinct = (count: number): number => new Set(lists.map((list) => list.slice(0, count).join(','))).size;
  return Array.from({ length }, (_, at) => distinct(at + 1) > distinct(at));
}

/**
 * Labels the cells of a group with what tells them apart.
 *
 * @param cells - ids of cells of one stage
 * @returns the labels, in two lengths
 */
export function memberLabels(cells: readonly CellId[]): MemberLabels {
  const lists = cells.map(partsOf);
  const shared = inAll(lists);
  const own = lists.map((list) => list.filter((part) => !shared.has(part)));
  const useful = usefulAxes(own);
  const valueOf = (part: string): string => part.slice(part.indexOf('=') + 1);
  return {
    named: own.map((parts) => parts.join(' ')),
    short: own.map((parts) =>
      parts
        .filter((_, at) => useful[at])
        .map(valueOf)
        .join(' '),
    ),
  };
}
