import { FailureError, type Failure } from '../../core/failure.ts';

/** What a process apart answers. */
export type Answer<T> =
  { readonly value: T; readonly failures?: undefined } | { readonly failures: readonly Failure[] };

/**
 * Answers the call that this process was started for.
 *
 * @param work - takes what was given
 */
export function answer(work: (input: never) => Promise<unknown>): void {
  process.once('message', (input) => {
    void answerTo(work, input).then((said) => process.send?.(said, () => process.disconnect()));
  });
}

async function answerTo(work: (input: never) => Promise<unknown>, input: unknown): Promise<Answer<unknown>> {
  try {
    return { value: await work(input as never) };
  } catch (error) {
    if (error instanceof FailureError) return { failures: error.failures };
    throw error;
  }
}
