import type { Counts } from './trial.ts';

/** What the parts of a trial have come to: runs of it with different seeds, one after another. */
export interface Sum {
  /** By where the projects were: on a disk, or in memory. */
  readonly minutes: Readonly<Record<string, number>>;
  readonly broken: readonly string[];
  readonly counts: Counts;
}

/**
 * Adds figures, name by name.
 *
 * @param a - figures
 * @param b - figures of the same trial
 * @returns their sums; what only one has stands as it is
 */
export function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number | Counts> = { ...a };
  for (const [name, more] of Object.entries(b)) {
    const before = sum[name];
    if (typeof before === 'object' && typeof more === 'object') sum[name] = addCounts(before, more);
    else sum[name] = typeof before === 'number' && typeof more === 'number' ? before + more : more;
  }
  return sum;
}

/**
 * Adds a part to those before it.
 *
 * @param before - what they came to; nothing where it is the first
 * @param part - one run of the trial
 * @returns what all have come to
 */
export const addPart = (before: Sum | undefined, part: Sum): Sum =>
  before
    ? {
        minutes: addCounts(before.minutes, part.minutes) as Sum['minutes'],
        broken: [...before.broken, ...part.broken],
        counts: addCounts(before.counts, part.counts),
      }
    : part;

/**
 * Writes a sum so that it can be read again and is not shown.
 *
 * @param sum - what parts came to
 * @returns a comment of Markdown
 */
export const hide = (sum: Sum): string => `<!-- sum ${JSON.stringify(sum).replaceAll('>', '\\u003e')} -->`;

/**
 * Reads the sum that a section keeps.
 *
 * @param section - of RESULTS.md
 * @returns it; undefined where there is none
 */
export function find(section: string): Sum | undefined {
  const [, text] = /<!-- sum (.*) -->/.exec(section) ?? [];
  return text === undefined ? undefined : (JSON.parse(text) as Sum);
}
