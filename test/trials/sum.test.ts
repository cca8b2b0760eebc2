import { expect, it } from 'vitest';
import { addPart, find, hide } from './sum.ts';

const part = {
  minutes: { disk: 1.5 },
  broken: ['hung --> here'],
  counts: { seeds: { 1: 3 }, ways: { runner: { strikes: 3 } } },
};

it('parts of a trial add up', () => {
  const other = {
    minutes: { disk: 1, memory: 2 },
    broken: [],
    counts: { seeds: { 2: 5 }, ways: { runner: { strikes: 5, hung: 1 } } },
  };
  expect(addPart(part, other)).toEqual({
    minutes: { disk: 2.5, memory: 2 },
    broken: ['hung --> here'],
    counts: { seeds: { 1: 3, 2: 5 }, ways: { runner: { strikes: 8, hung: 1 } } },
  });
  expect(addPart(undefined, part)).toBe(part);
});

it('a section keeps what its parts came to', () => {
  expect(find(`## kills\n\ntext\n\n${hide(part)}\n`)).toEqual(part);
  expect(hide(part).match(/-->/g)).toHaveLength(1);
  expect(find('## kills')).toBeUndefined();
});
