import { fail } from '../core/failure.ts';

/**
 * Reads `KDPIPE_THREADS`: threads of every stage; unless set, running stages share the cores.
 *
 * @returns the number, if one is asked for
 * @throws FailureError `bad-environment` for anything but a whole number of at least 1
 */
export function threadsOption(): { readonly threads?: number } {
  const asked = process.env['KDPIPE_THREADS'];
  if (asked === undefined || asked === '') return {};
  const threads = Number(asked);
  if (Number.isInteger(threads) && threads >= 1) return { threads };
  return fail({
    code: 'bad-environment',
    message: `KDPIPE_THREADS is ${JSON.stringify(asked)}`,
    expected: 'a whole number of at least 1',
    fix: 'KDPIPE_THREADS=2',
  });
}
