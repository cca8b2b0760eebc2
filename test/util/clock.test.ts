import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/util/clock.ts';

describe('the system’s clock', () => {
  it('tells the time of day', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('calls once, when the time has come', async () => {
    const start = performance.now();
    await new Promise<void>((resolve) => systemClock.after(20, resolve));
    expect(performance.now() - start).toBeGreaterThanOrEqual(19);
  });

  it('does not call what was called off', async () => {
    let called = false;
    const callOff = systemClock.after(1, () => (called = true));
    callOff();
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
    expect(called).toBe(false);
  });

  it('does not fire at once for delays of months, which overflow timers', async () => {
    let called = false;
    const callOff = systemClock.after(90 * 24 * 3600 * 1000, () => (called = true));
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
    callOff();
    expect(called).toBe(false);
  });
});
