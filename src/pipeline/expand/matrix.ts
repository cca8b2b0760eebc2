import { referencesIn, axisOrder, valueToken } from '../../cells/cell-id.ts';
import type { Value } from '../../core/plan.ts';
import { smallest } from '../../util/extremes.ts';
import type { SourceLocation } from '../source/location.ts';

/** One value of an axis. Cells share it. */
export interface AxisValue {
  readonly value: Value;
  /** Unique text of the value. */
  readonly token: string;
  readonly location: SourceLocation;
}

/** Axes that are walked together: one axis, or all of a zip. */
export interface AxisGroup {
  readonly names: readonly string[];
  /** Values in the order of `names`. */
  readonly rows: readonly (readonly AxisValue[])[];
}

/** An entry of include or exclude. Keys may reach through a cell: `teacher.model`. */
export interface MatrixEntry {
  readonly location: SourceLocation;
  readonly values: ReadonlyMap<string, AxisValue>;
}

/** A matrix with its values worked out. */
export interface MatrixValues {
  readonly groups: readonly AxisGroup[];
  readonly exclude: readonly MatrixEntry[];
  readonly include: readonly MatrixEntry[];
  /**
   * Axes whose values an override replaced. Then an include entry that fits nothing is added only if it names every axis,
   * with values that the override gave: others decorated combinations that are gone.
   */
  readonly replaced?: ReadonlySet<string>;
}

/** One combination: values by axis. */
export type Combination = ReadonlyMap<string, AxisValue>;

/** Looks keys up through a value. */
export type Reach = (value: Value, keys: readonly string[]) => Value | undefined;

/** What a matrix stands for. */
export interface Expansion {
  readonly combinations: readonly Combination[];
  /** Entries of include that reach through a cell and fit no combination: they can neither extend nor add one. */
  readonly unmatched: readonly MatrixEntry[];
  /** Entries of include that fit no combination, and are combinations of their own. */
  readonly added: readonly MatrixEntry[];
  /** Entries of exclude that match a combination of the product. */
  readonly excluding: ReadonlySet<MatrixEntry>;
}

/**
 * Makes an axis value.
 *
 * @param value - the value
 * @param location - where it was written
 * @returns the value with its unique text
 */
export function axisValue(value: Value, location: SourceLocation): AxisValue {
  return { value, token: valueToken(value), location };
}

/** Names of the axes that hold cells. */
function cellAxes(groups: readonly AxisGroup[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const group of groups) {
    group.names.forEach((name, column) => {
      if (group.rows.some((row) => referencesIn(row[column]?.value ?? null).length > 0)) names.add(name);
    });
  }
  return names;
}

/** Groups in the order of ids, so that the order of keys in the file does not matter. */
function orderGroups(groups: readonly AxisGroup[]): readonly AxisGroup[] {
  const order = axisOrder(
    groups.flatMap(({ names }) => names),
    cellAxes(groups),
  );
  const places = new Map(order.map((name, at) => [name, at]));
  const rank = ({ names }: AxisGroup): number => smallest(names.map((name) => places.get(name) ?? 0));
  return [...groups].sort((a, b) => rank(a) - rank(b));
}

function product(groups: readonly AxisGroup[]): Map<string, AxisValue>[] {
  let combinations: Map<string, AxisValue>[] = groups.length === 0 ? [] : [new Map<string, AxisValue>()];
  for (const { names, rows } of orderGroups(groups)) {
    combinations = combinations.flatMap((combination) =>
      rows.map((row) => {
        const extended = new Map(combination);
        row.forEach((value, column) => extended.set(names[column] ?? '', value));
        return extended;
      }),
    );
  }
  return combinations;
}

/** True when a combination has, on an axis or through one, the value of an entry's key. */
function holds(combination: Combination, key: string, wanted: AxisValue, reach: Reach): boolean {
  const known = combination.get(key);
  if (known) return known.token === wanted.token;
  const [axis = '', ...keys] = key.split('.');
  const start = combination.get(axis);
  const value = start && reach(start.value, keys);
  return value !== undefined && valueToken(value) === wanted.token;
}

/** True when a combination agrees with all of these keys. */
function agreesWith(combination: Combination, keys: Combination, reach: Reach): boolean {
  for (const [key, wanted] of keys) if (!holds(combination, key, wanted, reach)) return false;
  return true;
}

/** An include entry in two parts: the keys that it asks of a combination, and those that it adds to it. */
function divideGroups(
  { values }: MatrixEntry,
  axes: ReadonlySet<string>,
): readonly [asked: Combination, added: Combination] {
  const asks = ([key]: readonly [string, AxisValue]): boolean => axes.has(key) || key.includes('.');
  return [new Map([...values].filter(asks)), new Map([...values].filter((entry) => !asks(entry)))];
}

/** True for what include says of combinations that an override took away. */
function isDecoration({ values }: MatrixEntry, { groups, replaced }: MatrixValues): boolean {
  if (!replaced || replaced.size === 0) return false;
  return groups.some(({ names, rows }) =>
    names.some((name, column) => {
      const token = values.get(name)?.token;
      return token === undefined || (replaced.has(name) && rows.every((row) => row[column]?.token !== token));
    }),
  );
}

/** What exclude leaves, and the entries that match something: of those that are known to, one is enough to exclude. */
function withoutExcluded<T extends Combination>(
  all: readonly T[],
  exclude: readonly MatrixEntry[],
  reach: Reach,
): { readonly kept: readonly T[]; readonly excluding: ReadonlySet<MatrixEntry> } {
  const excluding = new Set<MatrixEntry>();
  const kept = all.filter((combination) => {
    let isKept = true;
    for (const entry of exclude) {
      if (!isKept && excluding.has(entry)) continue;
      if (!agreesWith(combination, entry.values, reach)) continue;
      isKept = false;
      excluding.add(entry);
    }
    return isKept;
  });
  return { kept, excluding };
}

/**
 * Expands a matrix as GitHub Actions does: the product of its axes, without what `exclude` matches; then each entry of
 * `include` adds its keys to every original combination that it does not contradict, or, when it contradicts all, is a
 * combination of its own.
 *
 * @param matrix - axes, include and exclude with their values
 * @param reach - looks keys up through a value
 * @returns combinations in the order of the product, then added ones
 */
export function expandMatrix(matrix: MatrixValues, reach: Reach): Expansion {
  const axes = new Set(matrix.groups.flatMap(({ names }) => names));
  const all = product(matrix.groups);
  const { kept: originals, excluding } = withoutExcluded(all, matrix.exclude, reach);
  if (matrix.include.length === 0) return { combinations: originals, unmatched: [], added: [], excluding };
  const extended = originals.map((combination) => new Map(combination));
  const added: MatrixEntry[] = [];
  const unmatched: MatrixEntry[] = [];
  for (const entry of matrix.include) {
    const [asked, adds] = divideGroups(entry, axes);
    const indices = originals.flatMap((original, index) => (agreesWith(original, asked, reach) ? [index] : []));
    for (const index of indices) for (const [key, value] of adds) extended[index]?.set(key, value);
    if (indices.length > 0 || isDecoration(entry, matrix)) continue;
    if ([...asked.keys()].some((key) => key.includes('.'))) unmatched.push(entry);
    else added.push(entry);
  }
  const combinations = [...extended, ...added.map(({ values }) => values)];
  return { combinations, unmatched, added, excluding };
}
