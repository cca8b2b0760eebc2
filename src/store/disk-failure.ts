import { FailureError, type Failure } from '../core/failure.ts';
import { writeObstacle } from '../util/write-obstacle.ts';

/** What the system says when a disk does not take what is written to it, and how to mend it. */
const problems: Readonly<Record<string, Pick<Failure, 'code' | 'message' | 'expected' | 'fix'>>> = {
  ENOSPC: {
    code: 'disk-full',
    message: 'the disk is full',
    expected: 'room for the result',
    fix: 'free space on the disk that holds the store, e.g. with kdpipe gc, and run again',
  },
  EDQUOT: {
    code: 'disk-full',
    message: 'the disk quota is used up',
    expected: 'room for the result',
    fix: 'free space on the disk that holds the store, e.g. with kdpipe gc, and run again',
  },
  EROFS: {
    code: 'read-only',
    message: 'the disk is mounted read-only',
    expected: 'a store that can be written',
    fix: 'mount the disk that holds the store for writing',
  },
  EACCES: {
    code: 'no-permission',
    message: 'permission denied',
    expected: 'a store that can be written',
    fix: 'give the user who runs kdpipe the right to write there',
  },
};

/**
 * Turns the system's refusal to write into a failure that a person can act on.
 *
 * @param error - what a file operation threw
 * @param doing - what was under way: `storing the result of student`
 * @param file - where: the store's root
 * @returns the failure; anything else as it was
 */
export function diskFailure(error: unknown, doing: string, file: string): unknown {
  const { code } = error instanceof Error ? (writeObstacle(file, error) as NodeJS.ErrnoException) : {};
  const problem = code === undefined ? undefined : problems[code === 'EPERM' ? 'EACCES' : code];
  if (!problem) return error;
  return new FailureError([{ ...problem, message: `${problem.message} while ${doing}`, place: { file } }]);
}
