import { Command, InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  ageArgument,
  jsonOption,
  positiveInteger,
  selectorOption,
  setOption,
  sizeArgument,
} from '../../src/cli/options.ts';

const parsed = (...words: readonly string[]) =>
  new Command()
    .addOption(setOption())
    .addOption(selectorOption('--only <stage>', ''))
    .addOption(jsonOption())
    .parse(words, { from: 'user' })
    .opts();

describe('options of several commands', () => {
  it('collect -S and selectors in the order in which they were typed', () => {
    expect(parsed('-S', 'a=1', '--only', 'x', '--set', 'b=2', '--only=y', '-Sc=3')).toEqual({
      set: ['a=1', 'b=2', 'c=3'],
      only: ['x', 'y'],
    });
  });

  it('are absent where nobody gave them, so that "nothing asked" can be told from "nothing chosen"', () => {
    expect(parsed()).toEqual({});
  });

  it('know --json as a flag', () => {
    expect(parsed('--json')).toEqual({ json: true });
  });
});

describe('a whole number', () => {
  it.each([
    ['1', 1],
    ['16', 16],
    ['1e3', 1000],
  ])('%s is taken', (text, value) => expect(positiveInteger(text)).toBe(value));

  it.each(['0', '-1', '1.5', 'two', '', 'Infinity', 'NaN', '3x'])('%j is refused', (text) =>
    expect(() => positiveInteger(text)).toThrow(InvalidArgumentError),
  );
});

describe('an age', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['12h', 43_200],
    ['30d', 2_592_000],
    ['2w', 1_209_600],
    ['0.5h', 1800],
    ['0s', 0],
  ])('%s is %d seconds', (text, seconds) => expect(ageArgument(text)).toBe(seconds));

  it.each(['30', 'd', '-1d', '1y', '1 d', '1d2h', '', '.5h', '1D'])('%j is refused, and units are named', (text) =>
    expect(() => ageArgument(text)).toThrow('expected a number and a unit: 90s, 15m, 12h, 30d, 2w'),
  );
});

describe('a size', () => {
  it.each([
    ['0', 0],
    ['512', 512],
    ['512B', 512],
    ['1k', 1024],
    ['1kB', 1024],
    ['500M', 500 * 2 ** 20],
    ['1.5G', 1.5 * 2 ** 30],
    ['10GiB', 10 * 2 ** 30],
    ['2t', 2 * 2 ** 40],
  ])('%s is %d bytes', (text, bytes) => expect(sizeArgument(text)).toBe(bytes));

  it.each(['', 'M', '-1M', '1P', '1 M', '1MM', 'ten'])('%j is refused', (text) =>
    expect(() => sizeArgument(text)).toThrow(InvalidArgumentError),
  );
});
