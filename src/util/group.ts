/**
 * Groups items by a name, in the order in which the names first occur.
 *
 * @param items - the items
 * @param nameOf - the group of an item
 * @returns groups by name
 */
export function groupBy<T>(items: Iterable<T>, nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

/**
 * Divides items into parts.
 *
 * @param items - the items
 * @param most - most items in a part, at least 1
 * @returns the parts, in order; none where there are no items
 */
export function chunksOf<T>(items: readonly T[], most: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, at) => items.slice(at * most, (at + 1) * most));
}
