import type { Correction } from '../../core/plan.ts';
import type { RowLabel } from '../../cells/labels.ts';

/**
 * One result table as data: what `kdpipe report --format json` prints and what templates read. Every field is always
 * there (templates are strict); what is unknown is null. Texts are plain: a template's format escapes them.
 */
export interface TableView {
  readonly name: string;
  readonly title: string | null;
  readonly pipeline: string;
  /** The names that make a row, in the pipeline's order. */
  readonly rowNames: readonly string[];
  readonly columns: readonly ColumnView[];
  /** The axes that means are taken over: those in which runs of one row differ. */
  readonly over: readonly string[];
  /** In the order in which the pipeline's cells first show them; a published row stands under ours that it names. */
  readonly rows: readonly RowView[];
  /** The head of the difference column; null without `compare`. */
  readonly compare: CompareView | null;
  /** True when rows of others are among ours. */
  readonly hasPublished: boolean;
  /** Footnotes: what `±`, bold, fractions of runs and intervals mean, where they occur. */
  readonly notes: readonly string[];
  readonly provenance: Provenance;
  /** Folder of the pipeline's runs, relative to the folder of the file that the table goes into; `/` between names. */
  readonly runsFolder: string;
}

/** Which run made the table, from which code, and how to make it again. */
export interface Provenance {
  readonly run: string;
  /** Commit of the working folder, null outside a repository. */
  readonly commit: string | null;
  readonly command: string;
}

/** One metric. */
export interface ColumnView {
  /** Dotted path in the metrics: `test.tta.accuracy`. */
  readonly name: string;
  /** The name in words, as the original study writes it: `test accuracy(TTA)`. */
  readonly head: string;
  /** True for losses, errors, times and costs. */
  readonly lowerIsBetter: boolean;
  /** Digits after the point in every `text` of the column. */
  readonly decimals: number;
}

/** One row: all cells that agree in the names of `rows`, or one line of published numbers. */
export interface RowView {
  readonly labels: readonly RowLabel[];
  /** The labels in one phrase, as the original study writes it: `teacher->resnet50 student->mobilenetv2 MGD`. */
  readonly experiment: string;
  /** One for each column. */
  readonly values: readonly ValueView[];
  /** Null for the baseline itself, for published rows, where a side has no number, and without `compare`. */
  readonly difference: DifferenceView | null;
  /** `this run`, `published`, or `published 2` where several sources are shown: the footnotes name them. */
  readonly origin: string;
  /** Where published numbers come from; null for ours. */
  readonly source: string | null;
  /** The runs that computed the row, oldest first. */
  readonly runs: readonly string[];
}

/** One metric of one row over its runs. */
export interface ValueView {
  readonly column: string;
  /** `0.7525 ± 0.0031 (n=3)`, `0.7525`, `0.7525 ± 0.0031 (2/3)`, `–`, or a text. */
  readonly text: string;
  /** Null where there is no number. */
  readonly mean: number | null;
  /** Sample standard deviation (n − 1); null for fewer than two runs. */
  readonly sd: number | null;
  /** Runs that have the metric. */
  readonly n: number;
  /** Runs that the pipeline declares. */
  readonly expected: number;
  /** True for the column's best, where it is better than the next best beyond noise. */
  readonly best: boolean;
  /** Of a published row that stands under ours: ours − published; null elsewhere, and where a side has no number. */
  readonly difference: PublishedDifferenceView | null;
}

/** The difference of our row to a published number, judged by the noise that is known. */
export interface PublishedDifferenceView {
  /** `+0.0041 within noise`, `-0.0310 beyond noise`, or without verdict where too little noise is known. */
  readonly text: string;
  readonly mean: number;
  /** Ends of the 95 % interval, and the two-sided p-value; null where no noise is known. */
  readonly low: number | null;
  readonly high: number | null;
  readonly p: number | null;
  /** What it was judged by: the spread of our runs, the number of images. */
  readonly noise: readonly ('runs' | 'images')[];
  /** Images that both shares are taken over; null where that is not known, or the metric is no share. */
  readonly images: number | null;
}

/** The column that is compared. */
export interface CompareView {
  /** The metric. */
  readonly on: string;
  /** The baseline as the pipeline names it: `kd_method=none`. */
  readonly baseline: string;
  /** How p-values are corrected for the number of comparisons; null where they are not. */
  readonly correction: Correction | null;
}

/** A row's difference to its baseline row. */
export interface DifferenceView {
  /** `+0.0123 [+0.0051, +0.0195]`, without interval where the runs are too few for one, or all differ by the same; ` p=0.012` where it is corrected. */
  readonly text: string;
  readonly mean: number;
  /** Ends of the 95 % confidence interval. */
  readonly low: number | null;
  readonly high: number | null;
  /** Two-sided p-value of this comparison alone. */
  readonly p: number | null;
  /** The p-value corrected for the number of comparisons; null without `compare.correction`. */
  readonly correctedP: number | null;
  /** `paired` over common runs, `welch` where none can be paired, `none` for too few runs to judge. */
  readonly method: 'paired' | 'welch' | 'none';
  /** The axes that pair the runs: `seed`. */
  readonly pairedBy: readonly string[];
  /** Pairs, or the smaller number of runs. */
  readonly n: number;
  /** Labels of the baseline row. */
  readonly baseline: string;
}
