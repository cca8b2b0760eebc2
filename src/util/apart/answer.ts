/** What a process apart answers: a value, what is wrong with what it was given, or the limit that it broke. */
export type Answer<T, Failed> =
  | { readonly value: T }
  | { readonly failures: readonly Failed[] }
  | { readonly exceeded: string };

/** Errors that say what is wrong with what the process was given: a `FailureError`. */
const hasFailures = (error: unknown): error is { readonly failures: readonly unknown[] } =>
  error instanceof Error && 'failures' in error && Array.isArray(error.failures);

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

async function answerTo(work: (input: never) => Promise<unknown>, input: unknown): Promise<Answer<unknown, unknown>> {
  try {
    return { value: await work(input as never) };
  } catch (error) {
    if (hasFailures(error)) return { failures: error.failures };
    throw error;
  }
}
