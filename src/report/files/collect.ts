import { FailureError, type Failure } from '../../core/failure.ts';
import { expectedFailures } from '../../core/system-failure.ts';

/**
 * Runs all jobs, and fails with the failures of all of them.
 *
 * @param jobs - running jobs
 * @returns their results
 * @throws FailureError with all failures; other errors as they are
 */
export async function all<T>(jobs: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(jobs);
  const failures: Failure[] = [];
  for (const job of settled) {
    if (job.status === 'fulfilled') continue;
    if (!(job.reason instanceof FailureError)) throw job.reason;
    for (const one of job.reason.failures) failures.push(one);
  }
  if (failures.length > 0) throw new FailureError(failures);
  return settled.flatMap((job) => (job.status === 'fulfilled' ? [job.value] : []));
}

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
