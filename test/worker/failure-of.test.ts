import { describe, expect, it } from 'vitest';
import { FailureError } from '../../src/core/failure.ts';
import { failureOf } from '../../src/worker/failure-of.ts';

describe('failureOf', () => {
  const first = { code: 'one', message: 'first', place: { file: 'x' }, fix: 'mend' };

  it('is the failure that an error carries', () => {
    expect(failureOf(new FailureError([first]))).toEqual(first);
  });

  it('of several keeps place and fix of the first, and all messages', () => {
    const second = { code: 'two', message: 'second' };
    expect(failureOf(new FailureError([first, second]))).toEqual({ ...first, message: 'first; second' });
  });

  it('of none still says something', () => {
    expect(failureOf(new FailureError([]))).toEqual({ code: 'internal-error', message: 'failed without a reason' });
  });

  it('of a bug is its message, of anything else its text', () => {
    expect(failureOf(new TypeError('x is not a function'))).toEqual({
      ...{ code: 'internal-error', message: 'x is not a function' },
    });
    expect(failureOf('thrown text')).toEqual({ code: 'internal-error', message: 'thrown text' });
    expect(failureOf(undefined)).toEqual({ code: 'internal-error', message: 'undefined' });
  });

  it.each([
    ['ENOSPC', 'disk-full', 'kdpipe gc'],
    ['EDQUOT', 'disk-full', 'kdpipe gc'],
    ['EACCES', 'no-permission', 'right to write'],
    ['EPERM', 'no-permission', 'right to write'],
    ['EROFS', 'read-only', 'for writing'],
    ['EMFILE', 'too-many-files', 'ulimit -n'],
  ])('of %s is %s, with a way out', (code, expected, fix) => {
    const error = Object.assign(new Error(`${code}: it failed`), { code });
    expect(failureOf(error)).toEqual({
      ...{ code: expected, message: `${code}: it failed`, fix: expect.stringContaining(fix) },
    });
  });

  it('of another system error is the system’s message', () => {
    expect(failureOf(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }))).toEqual({
      ...{ code: 'system-error', message: 'EIO: i/o error' },
    });
  });
});
