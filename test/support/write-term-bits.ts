/** Writes test/fixtures/term-bits.json again: for changes that mean to change the numbers of a method. */
import { writeFileSync } from 'node:fs';
import { termBits } from './term-bits.ts';

writeFileSync('test/fixtures/term-bits.json', `${JSON.stringify(termBits(), null, 2)}\n`);
