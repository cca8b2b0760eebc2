import { describe, expect, it } from 'vitest';
import { backOff } from '../../src/scheduler/retry.ts';

describe('backOff', () => {
  it('doubles from one second to a minute', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 100].map(backOff)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });
});
