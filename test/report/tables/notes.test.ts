import { describe, expect, it } from 'vitest';
import { footnotes, type Told } from '../../../src/report/tables/notes.ts';
import type { DifferenceView, PublishedDifferenceView, RowView, ValueView } from '../../../src/report/tables/view.ts';

/** A number of three runs, unless told. */
const value = (change: Partial<ValueView> = {}): ValueView => ({
  column: 'test.accuracy',
  text: '',
  mean: 0.7,
  sd: 0.01,
  n: 3,
  expected: 3,
  best: false,
  difference: null,
  ...change,
});

/** A difference, paired by seed unless told. */
const difference = (change: Partial<DifferenceView> = {}): DifferenceView => ({
  text: '',
  mean: 0.1,
  low: 0,
  high: 0.2,
  p: 0.04,
  correctedP: null,
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
  origin: 'this run',
  source: null,
  runs: [],
  ...change,
});

const compare = { on: 'val.loss', baseline: 'ema=false', correction: null };

/** Footnotes of rows, with what else a table may tell. */
const notesOf = (
  rows: readonly RowView[],
  compare: Told['compare'],
  precisions: readonly string[] = [],
  over: readonly string[] = [],
  engines: readonly string[] = [],
) => footnotes(rows, { compare, precisions: new Set(precisions), over, engines: new Set(engines) });

describe('footnotes', () => {
  it('are none for a table of single runs', () => {
    expect(notesOf([row([value({ sd: null, n: 1, expected: 1 })])], null)).toEqual([]);
    expect(notesOf([], compare)).toEqual([]);
  });

  it('speak of what is ours, not of published rows', () => {
    const published = row([value({ n: 0 })], { origin: 'published', source: 'a paper' });
    expect(notesOf([published, row([value({ sd: null, n: 1, expected: 1 })])], null)).toEqual(['published: a paper.']);
  });

  it.each<[readonly string[], readonly string[]]>([
    [['native'], []],
    [['wasm', 'native'], []],
    [['pytorch on cpu'], []],
    [['pytorch on NVIDIA H200', 'native'], ['native, some on pytorch on NVIDIA H200']],
    [['wasm', 'reference', 'native'], ['native or wasm, some on reference']],
    [['pytorch on b', 'pytorch on a'], ['pytorch on a, some on pytorch on b']],
  ])('name engines whose roundings differ: %j', (engines, named) => {
    const notes = notesOf([row([value({ sd: null, n: 1, expected: 1 })])], null, [], [], engines);
    const said = (names: string) =>
      `Engines: some stages ran on ${names}; they run the same programs, and round differently.`;
    expect(notes).toEqual(named.map(said));
  });

  it('say at the end how stages that asked for half precision were trained', () => {
    const rows = [row([value({ sd: null, n: 1, expected: 1 })])];
    const single = 'amp: trained in float32, as the engine had no half precision, or its loss in it was not finite.';
    expect(notesOf(rows, null, ['float32'])).toEqual([single]);
    expect(notesOf(rows, null, ['bfloat16'])).toEqual([
      'amp: trained in half precision (products of bfloat16 with float32 sums).',
    ]);
    expect(notesOf(rows, null, ['mixed'])[0]).toMatch(
      /^amp: trained partly in half precision, and then in another precision/,
    );
    expect(notesOf(rows, null, ['float16'])[0]).toMatch(/products of float16, each factor scaled/);
    expect(notesOf([row([value()])], null, ['float32'])[0]).toMatch(/^±/);
  });

  it('say that rows whose stages were trained in different precisions are not alike', () => {
    const [note, ...more] = notesOf([row([value({ sd: null, n: 1, expected: 1 })])], null, ['float32', 'bfloat16']);
    expect(more).toEqual([]);
    expect(note).toMatch(/^amp: not all stages were trained alike: some in half precision .*; some in float32/);
  });

  it('stand in a fixed order', () => {
    const values = [value({ best: true }), value({ n: 2 }), value({ n: 0, sd: null })];
    const notes = notesOf([row(values, { difference: difference() })], compare);
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
    expect(notesOf(rows, compare)[0]).toBe(`Δ val.loss is the difference to the baseline (ema=false)${end}`);
  });

  const unjudged = difference({ method: 'none', pairedBy: [], low: null, high: null, p: null });
  it.each<[string, readonly DifferenceView[], 'holm' | null, readonly string[]]>([
    ['one', [difference()], null, []],
    ['several', [difference(), difference()], null, ['2 comparisons, not corrected for their number.']],
    ['those with a p-value', [difference(), unjudged], null, []],
    ['none', [unjudged, unjudged], 'holm', []],
    [
      'corrected ones',
      [difference(), unjudged, difference()],
      'holm',
      ['p by Holm over 2 comparisons; intervals are those of single comparisons.'],
    ],
    [
      'one corrected',
      [difference()],
      'holm',
      ['p by Holm over 1 comparison; intervals are those of single comparisons.'],
    ],
  ])('say how many comparisons there are: %s', (_what, differences, correction, notes) => {
    const rows = differences.map((each) => row([], { difference: each }));
    expect(notesOf(rows, { ...compare, correction }).slice(1)).toEqual(notes);
  });
});

describe('the footnote of published numbers', () => {
  const judged = (noise: PublishedDifferenceView['noise'], column = 'test.accuracy'): RowView =>
    row([value({ column, difference: { text: '', mean: 0, low: null, high: null, p: null, noise, images: null } })], {
      origin: 'published',
      source: 'a paper',
    });
  const both = 'one more run of our spread (t) and two test sets of as many images (binomial)';
  const images = 'two test sets of as many images (binomial), where ours is a single run, whose spread is not known';

  it.each<[string, readonly RowView[], string]>([
    ['both noises', [judged(['runs', 'images'])], `, judged at 95 % each by the noise of ${both}.`],
    ['a single run', [judged(['images'])], `, judged at 95 % each by the noise of ${images}.`],
    [
      'a mix',
      [judged(['images']), judged(['runs', 'images'])],
      `, judged at 95 % each by the noise of ${both}; of ${images}.`,
    ],
    ['nothing known', [judged([])], '; without a verdict where no noise is known.'],
    [
      'mpa',
      [judged(['images'], 'test.tta.mpa')],
      `, judged at 95 % each by the noise of ${images}; mpa counts as a share of the images, whose noise bounds its own.`,
    ],
  ])('says how differences were judged: %s', (_what, rows, end) => {
    expect(notesOf(rows, null)).toEqual(['published: a paper.', `In brackets: ours − published${end}`]);
  });

  it('names every source once', () => {
    const one = row([], { origin: 'published 1', source: 'a paper' });
    const two = row([], { origin: 'published 2', source: 'another' });
    expect(notesOf([one, two, one], null)).toEqual(['published 1: a paper.', 'published 2: another.']);
  });
});
