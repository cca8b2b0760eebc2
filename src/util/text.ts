/**
 * Orders texts by their UTF-16 code units: the same on every machine, whatever its locale.
 *
 * @param a - one text
 * @param b - another text
 * @returns negative, 0 or positive, as `Array.prototype.sort` wants it
 */
export function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Counts the edits between two texts: insert, remove, replace a character, or swap two neighbours
 * (optimal string alignment distance).
 *
 * @param a - one text
 * @param b - another text
 * @returns number of edits, at least 0
 */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  // Row i of the table has the costs of the first i characters of a against prefixes of b.
  const costs = new Uint16Array((a.length + 1) * width);
  const cost = (i: number, j: number): number => costs[i * width + j] ?? 0;
  for (let j = 0; j < width; j++) costs[j] = j;
  for (let i = 1; i <= a.length; i++) {
    costs[i * width] = i;
    for (let j = 1; j < width; j++) {
      const replaced = cost(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const least = Math.min(replaced, cost(i - 1, j) + 1, cost(i, j - 1) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      costs[i * width + j] = swapped ? Math.min(least, cost(i - 2, j - 2) + 1) : least;
    }
  }
  return cost(a.length, b.length);
}

/** Longest name that is compared, and most names that one is compared with: beyond that nobody has mistyped one. */
const longestName = 100;
const mostNames = 2000;

/** The first of many names, each once; no more are asked for. */
function firstOf(names: Iterable<string>, most: number): string[] {
  const found = new Set<string>();
  for (const name of names) if (found.add(name).size === most) break;
  return [...found];
}

/** How far a known name is from the one that was written; infinite when it is no likely meaning. */
function distance(written: string, known: string): number {
  const [a, b] = [written.toLowerCase(), known.toLowerCase()];
  if (a === b) return 0;
  const edits = editDistance(a, b);
  if (edits <= Math.floor(Math.max(a.length, b.length) / 3)) return edits;
  return a.length >= 3 && (b.includes(a) || a.includes(b)) && b.length >= 3 ? edits + 1 : Infinity;
}

/**
 * Finds the known names that a mistyped one most likely meant.
 *
 * @param written - the name as written
 * @param known - names that would be right
 * @param most - how many to give at most
 * @returns likely names, nearest first; empty when none is near
 */
export function nearestNames(written: string, known: Iterable<string>, most = 3): string[] {
  if (written.length > longestName) return [];
  return firstOf(known, mostNames)
    .filter((name) => name.length <= longestName)
    .map((name) => ({ name, edits: distance(written, name) }))
    .filter(({ edits }) => edits < Infinity)
    .sort((a, b) => a.edits - b.edits || byCodeUnits(a.name, b.name))
    .slice(0, most)
    .map(({ name }) => name);
}

/**
 * Lists names in a sentence: `a, b or c`; a long list is cut and says how many more there are.
 *
 * @param names - names in the order in which they are shown
 * @param most - how many to show at most, at least 1
 * @returns the text; `nothing` for no names
 */
export function formatList(names: readonly string[], most = 12): string {
  if (names.length === 0) return 'nothing';
  if (names.length > most) return `${names.slice(0, most).join(', ')} … (${names.length - most} more)`;
  const [last = '', ...others] = [...names].reverse();
  return others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`;
}

/**
 * The advice for an unknown name: the nearest known ones, or all of them when none is near and they are few.
 *
 * @param written - the name as written
 * @param known - names that would be right
 * @returns a sentence for `fix`; undefined when there is nothing to say
 */
export function nameAdvice(written: string, known: Iterable<string>): string | undefined {
  const names = firstOf(known, mostNames);
  const near = nearestNames(written, names);
  if (near.length > 0) return `did you mean ${formatList(near)}?`;
  return names.length > 0 ? `known: ${formatList(names.sort(byCodeUnits))}` : undefined;
}

/**
 * Adds {@link nameAdvice} to a problem, as its `fix`.
 *
 * @param problem - the problem of an unknown name
 * @param written - the name as written
 * @param known - names that would be right
 * @returns the problem, with a `fix` where there is one to give
 */
export function withNameAdvice<T extends object>(
  problem: T,
  written: string,
  known: Iterable<string>,
): T & { readonly fix?: string } {
  const fix = nameAdvice(written, known);
  return fix === undefined ? problem : { ...problem, fix };
}

/**
 * Writes a count with its noun: `1 cell`, `3 cells`.
 *
 * @param count - how many
 * @param noun - the singular of a noun whose plural ends in s
 * @returns the text
 */
export function pluralize(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * The singular of a noun.
 *
 * @param noun - a plural in s, or in es after ss
 * @returns `loss` of losses, `kind` of kinds
 */
export const singular = (noun: string): string => noun.replace(/(?<=ss)es$|s$/, '');
