import { fail } from '../../../core/failure.ts';

const MEBIBYTE = 2 ** 20;
/** What offsets of 32 bits in floats reach, MiB. */
const MOST = 16_384;

/**
 * Memory that the engine of a process may take: `KDPIPE_MEMORY`, where it is set.
 *
 * @param most - bytes that the engine can address, or that the machine has
 * @returns bytes, at most `most`
 * @throws FailureError `bad-environment` when the variable is no number of MiB
 */
export function memoryLimit(most: number): number {
  const asked = process.env['KDPIPE_MEMORY'];
  if (asked === undefined) return most;
  if (/^\d+$/.test(asked) && Number(asked) >= 1 && Number(asked) <= MOST)
    return Math.min(most, Number(asked) * MEBIBYTE);
  return fail({
    code: 'bad-environment',
    message: `KDPIPE_MEMORY is ${JSON.stringify(asked)}`,
    expected: `a whole number of MiB from 1 to ${MOST}`,
    fix: 'KDPIPE_MEMORY=2048',
  });
}
