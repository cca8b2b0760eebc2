import { FailureError, type Failure } from '../../core/failure.ts';
import { expectedFailures } from '../../core/system-failure.ts';

/**
 * Runs a step, and keeps its failures, and what the system refused it, instead of throwing them.
 *
 * @param failures - takes them
 * @param step - what may fail
 * @returns the step's result; undefined when it failed
 */
export async function collect<T>(failures: Failure[], step: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    const expected = expectedFailures(error);
    if (!expected) throw error;
    for (const one of expected) failures.push(one);
    return undefined;
  }
}

/**
 * Runs a step for each of some items, one after another: there may be a thousand of them, and each may take a process. Fails
 * with the failures of all.
 *
 * @param items - the items
 * @param step - what may fail
 * @returns the results of the step
 * @throws FailureError with all failures; other errors as they are
 */
export async function each<T, R>(items: readonly T[], step: (item: T) => Promise<R>): Promise<readonly R[]> {
  const failures: Failure[] = [];
  const results: R[] = [];
  for (const item of items) await collect(failures, async () => results.push(await step(item)));
  if (failures.length > 0) throw new FailureError(failures);
  return results;
}
