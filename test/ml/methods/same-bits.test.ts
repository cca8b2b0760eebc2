import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { termBits } from '../../support/term-bits.ts';

/**
 * The file was written by the program before methods were expressions (its terms called tfjs themselves). A change that means
 * to change the numbers writes it again: `npx tsx test/support/write-term-bits.ts`.
 */
const kept = JSON.parse(readFileSync('test/fixtures/term-bits.json', 'utf8')) as Record<string, string>;

it('every method’s values and gradients, adapters and memory included, have the bits that they had', () => {
  expect(termBits()).toEqual(kept);
});
