import { fail, FailureError } from '../../core/failure.ts';

/** Refuses an entry of a plugin: for a problem in words, or for what it has thrown. Failures of ours pass as they are. */
export type Refuse = (problem: unknown) => never;

/**
 * What refuses one entry of a plugin.
 *
 * @param entry - `methods.Mine`
 * @param shown - the plugin's file, as failures show it
 * @param expected - of such an entry, where every problem is that it is something else
 * @returns the function; it throws FailureError `invalid-plugin`
 */
export const refusing =
  (entry: string, shown: string, expected?: string): Refuse =>
  (problem) => {
    if (problem instanceof FailureError) throw problem;
    return fail({
      code: 'invalid-plugin',
      message: `${entry}: ${problem instanceof Error ? problem.message : String(problem)}`,
      place: { file: shown },
      ...(expected !== undefined && { expected }),
    });
  };
