import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { largestDifference } from '../../support/loss-reference.ts';
import { termValues } from '../../support/term-values.ts';

/**
 * Values and gradients of the program before expressions were differentiated (float32, by another library) agree with the file
 * to six digits. A change that means to change the numbers writes it again: `npx tsx test/support/write-term-values.ts`.
 */
const kept = JSON.parse(readFileSync('test/fixtures/term-values.json', 'utf8')) as Record<string, readonly number[]>;
const found = termValues();

it('every trial is kept', () => {
  expect(Object.keys(found)).toEqual(Object.keys(kept));
});

it.each(Object.entries(found))('values and gradients are those that they were: %s', (trial, values) => {
  expect(largestDifference(values, kept[trial]!)).toBeLessThan(1e-9);
});
