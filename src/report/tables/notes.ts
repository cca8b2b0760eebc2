import { tallyText, type SearchTally } from '../../core/searches.ts';
import type { CompareView, DifferenceView, RowView, ValueView } from './view.ts';

/** The words for how differences were judged. */
function methodText(differences: readonly DifferenceView[]): string {
  const paired = differences.filter(({ method }) => method === 'paired');
  const axes = [...new Set(paired.flatMap(({ pairedBy }) => pairedBy))].join(', ');
  const ways = [
    ...(paired.length > 0 ? [`paired by ${axes}`] : []),
    ...(differences.some(({ method }) => method === 'welch') ? ["by Welch's test where runs cannot be paired"] : []),
  ];
  const sure = ways.length > 0 ? `, ${ways.join(', ')}, with its 95 % confidence interval` : '';
  const reasons = [
    ...(differences.some(({ method }) => method === 'none') ? ['a side has a single run'] : []),
    ...(differences.some(({ method, low }) => method !== 'none' && low === null)
      ? ['all runs differ by the same, which tells nothing of their noise']
      : []),
  ];
  return reasons.length > 0 ? `${sure}; without one where ${reasons.join(', or where ')}` : sure;
}

/** How many comparisons with a p-value there are, and whether they are corrected for that; one needs no word. */
function numberNotes(differences: readonly DifferenceView[], { correction }: CompareView): readonly string[] {
  const count = differences.filter(({ p }) => p !== null).length;
  if (count === 0) return [];
  if (correction === 'holm') {
    return [`p by Holm over ${count} comparison${count === 1 ? '' : 's'}; intervals are those of single comparisons.`];
  }
  return count > 1 ? [`${count} comparisons, not corrected for their number.`] : [];
}

/** Where published numbers come from, and how the differences to them were judged. */
function publishedNotes(rows: readonly RowView[]): readonly string[] {
  const sources = new Map(rows.flatMap(({ origin, source }) => (source === null ? [] : [[origin, source] as const])));
  const named = [...sources].map(([origin, source]) => `${origin}: ${source}.`);
  const values = rows.flatMap((row) => row.values.filter(({ difference }) => difference !== null));
  const differences = values.flatMap(({ difference }) => difference ?? []);
  if (differences.length === 0) return named;
  const noises = new Set(differences.map(({ noise }) => noise.join(' and ')));
  const ways: Readonly<Record<string, string>> = {
    'runs and images': 'one more run of our spread (t) and two test sets of as many images (binomial)',
    runs: 'one more run of our spread (t), where the images are not counted',
    images: 'two test sets of as many images (binomial), where ours is a single run, whose spread is not known',
  };
  const judged = Object.entries(ways).flatMap(([noise, words]) => (noises.has(noise) ? [words] : []));
  const sure = judged.length > 0 ? `, judged at 95 % each by the noise of ${judged.join('; of ')}` : '';
  const isOpen = differences.some(({ noise, text }) => noise.join() === 'runs' && !text.endsWith('noise'));
  const unsure = [
    ...(noises.has('') ? ['; without a verdict where no noise is known'] : []),
    ...(isOpen ? ['; nothing is called beyond noise whose images are not counted'] : []),
  ].join('');
  const isMpa = ({ column, difference }: ValueView): boolean =>
    /(^|\.)mpa$/.test(column) && difference?.noise.includes('images') === true;
  const mpa = values.some(isMpa) ? '; mpa counts as a share of the images, whose noise bounds its own' : '';
  return [...named, `In brackets: ours − published${sure}${unsure}${mpa}.`];
}

/** What footnotes tell of a table beside its rows. */
export interface Told {
  /** The compared metric and its baseline, if any. */
  readonly compare: CompareView | null;
  /** Axes that means are taken over. */
  readonly over: readonly string[];
  /** What stages behind the rows that asked for half precision were trained in: `bfloat16`, `float16`, `float32`, `mixed`. */
  readonly precisions: ReadonlySet<string>;
  /** What computed the stages behind the rows: `native`, `pytorch on NVIDIA H200`. */
  readonly engines: ReadonlySet<string>;
  /** The searches that the rows come of. */
  readonly tallies?: readonly SearchTally[];
}

/** Engines that give the same bits, so that it is all one which of them computed. */
const SAME_BITS = ['native', 'wasm'];

/** Which engines rows come of, where their roundings differ. */
function engineNotes(engines: ReadonlySet<string>): readonly string[] {
  const others = [...engines].filter((engine) => !SAME_BITS.includes(engine)).sort();
  const ours = SAME_BITS.filter((engine) => engines.has(engine)).join(' or ');
  const all = [...(ours === '' ? [] : [ours]), ...others];
  if (all.length < 2) return [];
  return [`Engines: some stages ran on ${all.join(', some on ')}; they run the same programs, and round differently.`];
}

/** How stages that asked for half precision were trained; a table of several kinds compares what is not equal. */
function precisionNotes(precisions: ReadonlySet<string>): readonly string[] {
  const ways: Readonly<Record<string, string>> = {
    bfloat16: 'in half precision (products of bfloat16 with float32 sums)',
    float16: 'in half precision (products of float16, each factor scaled by a power of two)',
    float32: 'in float32, as the engine had no half precision, or its loss in it was not finite',
    mixed: 'partly in half precision, and then in another precision on an engine without it',
  };
  const known = Object.entries(ways).flatMap(([precision, words]) => (precisions.has(precision) ? [words] : []));
  const [only, ...more] = known;
  if (only === undefined) return [];
  return more.length === 0
    ? [`amp: trained ${only}.`]
    : [`amp: not all stages were trained alike: ${known.map((words) => `some ${words}`).join('; ')}.`];
}

/** `seed and fold` */
const listed = (names: readonly string[]): string => names.join(', ').replace(/, (?=[^,]*$)/, ' and ');

/**
 * Says in footnotes what a table's signs mean; signs that do not occur get none.
 *
 * @param rows - the table's rows
 * @param told - what else there is to tell
 * @returns sentences
 */
export function footnotes(rows: readonly RowView[], told: Told): readonly string[] {
  const { compare, over, precisions, engines, tallies = [] } = told;
  const values = rows.filter(({ source }) => source === null).flatMap((row) => row.values);
  const differences = rows.flatMap(({ difference }) => difference ?? []);
  const notes: string[] = [];
  if (values.some(({ sd }) => sd !== null)) {
    const axes = over.length > 0 ? `, which differ in ${listed(over)}` : '';
    notes.push(`± is the sample standard deviation (n − 1) over n runs${axes}.`);
  }
  if (values.some(({ n, expected }) => n > 0 && n < expected)) {
    notes.push('A fraction like 2/3 says how many of the declared runs have a result so far.');
  }
  if (values.some(({ n, expected }) => n === 0 && expected > 0)) notes.push('– stands where no run has a result.');
  if (values.some(({ best }) => best)) {
    notes.push(
      'Bold: the best of its column, where it is better than the next best beyond noise (two-sided t-test over seeds, paired where possible, p < 0.05).',
    );
  }
  if (compare && differences.length > 0) {
    notes.push(`Δ ${compare.on} is the difference to the baseline (${compare.baseline})${methodText(differences)}.`);
    notes.push(...numberNotes(differences, compare));
  }
  notes.push(...tallies.map((tally) => `${tallyText(tally).replace(/^s/, 'S')}.`));
  notes.push(...publishedNotes(rows), ...precisionNotes(precisions), ...engineNotes(engines));
  return notes;
}
