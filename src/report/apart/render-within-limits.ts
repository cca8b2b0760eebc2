import { fail, FailureError, type Failure } from '../../core/failure.ts';
import { callApart, type ApartCall } from '../../util/apart/call-apart.ts';

/**
 * Renders with a template of the user's in a process of its own.
 *
 * @param call - what renders, and with what
 * @returns what it makes
 * @throws FailureError with its failures, or with the limit that it broke
 */
export async function renderWithinLimits<T>(call: ApartCall): Promise<T> {
  const answer = await callApart<T, Failure>(call);
  if ('value' in answer) return answer.value;
  if ('failures' in answer) throw new FailureError(answer.failures);
  return fail({
    code: 'costly-template',
    message: `rendering the template takes more than ${answer.exceeded}`,
    place: { file: call.file },
    expected: 'a template whose work grows with the rows of its table, not with their product',
    fix: 'look for loops inside of loops, and for sequences and densities with many values',
  });
}
