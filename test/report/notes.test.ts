import { describe, expect, it } from 'vitest';
import { footnotes } from '../../src/report/notes.ts';
import type { DifferenceView, RowView, ValueView } from '../../src/report/view.ts';

/** A number of three runs, unless told. */
const value = (change: Partial<ValueView> = {}): ValueView => ({
  column: 'test.accuracy',
  text: '',
  mean: 0.7,
  sd: 0.01,
  n: 3,
  expected: 3,
  best: false,
  ...change,
});

/** A difference, paired by seed unless told. */
const difference = (change: Partial<DifferenceView> = {}): DifferenceView => ({
  text: '',
  mean: 0.1,
  low: 0,
  high: 0.2,
  p: 0.04,
  method: 'paired',
  pairedBy: ['seed'],
  n: 3,
  baseline: '',
  ...change,
});

/** A row of ours, unless told. */
const row = (values: readonly ValueView[], change: Partial<RowView> = {}): RowView => ({
  labels: [],
  experiment: '',
  values,
  difference: null,
  source: null,
  runs: [],
  ...change,
});

const compare = { on: 'val.loss', baseline: 'ema=false' };

describe('footnotes', () => {
  it('are none for a table of single runs', () => {
    expect(footnotes([row([value({ sd: null, n: 1, expected: 1 })])], null)).toEqual([]);
    expect(footnotes([], compare)).toEqual([]);
  });

  it('speak of what is ours, not of published rows', () => {
    const published = row([value({ n: 0 })], { source: 'a paper' });
    expect(footnotes([published, row([value({ sd: null, n: 1, expected: 1 })])], null)).toEqual([]);
  });

  it('say at the end that half precision was not to be had', () => {
    const rows = [row([value({ sd: null, n: 1, expected: 1 })])];
    expect(footnotes(rows, null, true)).toEqual(['amp: trained in float32, as the engine has no half precision.']);
    expect(footnotes([row([value()])], null, true)[0]).toMatch(/^±/);
  });

  it('stand in a fixed order', () => {
    const values = [value({ best: true }), value({ n: 2 }), value({ n: 0, sd: null })];
    const notes = footnotes([row(values, { difference: difference() })], compare);
    expect(notes.map((note) => note.slice(0, 6))).toEqual(['± is t', 'A frac', '– stan', 'Bold: ', 'Δ val.']);
  });

  it.each<[string, readonly DifferenceView[], string]>([
    ['paired ones', [difference()], ', paired by seed, with its 95 % confidence interval.'],
    [
      'ones paired by several axes',
      [difference({ pairedBy: ['seed', 'fold'] }), difference()],
      ', paired by seed, fold, with its 95 % confidence interval.',
    ],
    [
      'a mix',
      [difference(), difference({ method: 'welch', pairedBy: [] })],
      ", paired by seed, by Welch's test where runs cannot be paired, with its 95 % confidence interval.",
    ],
    [
      'single runs only',
      [difference({ method: 'none', pairedBy: [], low: null, high: null, p: null })],
      '; without one where a side has a single run.',
    ],
  ])('say how differences were judged, of %s', (_what, differences, end) => {
    const rows = differences.map((each) => row([], { difference: each }));
    expect(footnotes(rows, compare)).toEqual([`Δ val.loss is the difference to the baseline (ema=false)${end}`]);
  });
});
