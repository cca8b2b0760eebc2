/**
 * Works on items side by side and gives the results in the items' order.
 *
 * @param items - what to work on
 * @param ahead - most items under way at a time, ≥ 1
 * @param work - done once an item
 * @returns the results, in order; the first rejection ends the sequence
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  ahead: number,
  work: (item: T) => R | Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const running: Promise<R>[] = [];
  for (const item of items) {
    const result = Promise.resolve(item).then(work);
    // A rejection is seen when its turn comes; until then, or when the sequence has ended, it is no one's.
    void result.catch(() => undefined);
    running.push(result);
    const first = running.length >= ahead ? running.shift() : undefined;
    if (first) yield await first;
  }
  for (const result of running) yield await result;
}
