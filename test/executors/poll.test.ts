import { expect, it } from 'vitest';
import { nextPause } from '../../src/executors/poll.ts';

it('asks the queue every 5 s while something happens, and less and less often, at least once a minute, while nothing does', () => {
  const pauses = [0];
  for (let at = 0; at < 10; at++) pauses.push(nextPause(pauses.at(-1) ?? 0, false));
  expect(pauses.slice(1, 5)).toEqual([5, 7.5, 11.25, 16.875]);
  expect(pauses.at(-1)).toBe(60);
  expect(nextPause(60, true)).toBe(5);
});
