/**
 * Maps items with at most `limit` calls under way.
 *
 * @param items - what to map
 * @param limit - most calls at once, at least 1
 * @param map - called once an item
 * @returns the results, in the order of the items
 * @throws whatever the first failing call threw
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  const rest = items.entries();
  const work = async () => {
    for (const [at, item] of rest) results[at] = await map(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}
