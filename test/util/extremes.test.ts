import { expect, it } from 'vitest';
import { largest, smallest } from '../../src/util/extremes.ts';

it('are found among more values than an argument list holds', () => {
  const many = Array.from({ length: 300_000 }, (_, at) => at);
  expect([largest(many), smallest(many)]).toEqual([299_999, 0]);
  expect([largest([], 3), largest([1], 3), largest([]), smallest([])]).toEqual([3, 3, -Infinity, Infinity]);
});
