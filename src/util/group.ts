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
