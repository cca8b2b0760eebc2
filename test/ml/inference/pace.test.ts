import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { every, pauses } from '../../../src/ml/inference/pace.ts';

/** Sets the clock that `performance.now` reads. */
const clock = (milliseconds: number) => vi.spyOn(performance, 'now').mockReturnValue(milliseconds);

describe('pauses', () => {
  it('let others in only when one is due, and then once', async () => {
    clock(1000);
    const pause = pauses(20);
    clock(1019);
    expect(pause()).toBeUndefined();
    clock(1020);
    let others = false;
    void setImmediate().then(() => (others = true));
    await pause();
    expect(others).toBe(true);
    expect(pause()).toBeUndefined();
  });
});

describe('a limit', () => {
  it('is due the first time, and again after its time', () => {
    clock(5);
    const due = every(250);
    expect(due()).toBe(true);
    clock(254);
    expect(due()).toBe(false);
    clock(255);
    expect(due()).toBe(true);
    expect(due()).toBe(false);
  });
});
