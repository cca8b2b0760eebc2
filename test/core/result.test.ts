import { describe, expect, it } from 'vitest';
import { fail, FailureError, type Failure } from '../../src/core/failure.ts';
import { failure, success, unwrap } from '../../src/core/result.ts';

const one: Failure = { code: 'one', message: 'the first is wrong' };
const two: Failure = { code: 'two', message: 'the second is wrong', fix: 'mend it' };

/** What an action throws. */
function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a result', () => {
  it.each([0, '', null, undefined, false])('has its value, whatever it is: %j', (value) => {
    expect(unwrap(success(value))).toBe(value);
    expect(success(value).ok).toBe(true);
  });

  it('without a value has all failures, in order, and unwrapping throws them', () => {
    const result = failure(one, two);
    expect(result).toEqual({ ok: false, failures: [one, two] });
    const error = thrown(() => unwrap(result));
    expect(error).toBeInstanceOf(FailureError);
    expect((error as FailureError).failures).toEqual([one, two]);
  });
});

describe('a failure that is thrown', () => {
  it('carries what was passed, and names itself', () => {
    const error = thrown(() => fail(two));
    expect(error).toBeInstanceOf(FailureError);
    expect(error).toMatchObject({ name: 'FailureError', message: two.message, failures: [two] });
  });

  it('says all messages where only a message is shown', () => {
    expect(new FailureError([one, two]).message).toBe('the first is wrong; the second is wrong');
  });
});
