/** Writes test/fixtures/term-values.json again: for changes that mean to change the numbers of a method. */
import { writeFileSync } from 'node:fs';
import { termValues } from './term-values.ts';

const rounded = (values: readonly number[]): readonly number[] => values.map((value) => Number(value.toPrecision(12)));
const table = Object.entries(termValues()).map(([trial, values]) => [trial, rounded(values)] as const);
writeFileSync('test/fixtures/term-values.json', `${JSON.stringify(Object.fromEntries(table))}\n`);
