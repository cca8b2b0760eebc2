import { parseCsv } from '../../util/csv-rows.ts';

/** The outputs of an `evaluate` stage that are drawn. */
export const drawnOutputs = ['per_class', 'confusion', 'calibration', 'predictions'] as const;

/** Texts of the files that a result has of them. */
export type EvaluationFiles = Readonly<Partial<Record<(typeof drawnOutputs)[number], string>>>;

/** Scores of one class: shares of 0 to 1; null where there are none. */
export interface ClassScores {
  readonly name: string;
  readonly precision: number | null;
  readonly recall: number | null;
  /** Images of the class. */
  readonly support: number;
}

/** A bin of the predicted class's probability: 0 to 1. */
export interface ReliabilityBin {
  readonly above: number;
  readonly upTo: number;
  readonly count: number;
  readonly confidence: number;
  readonly accuracy: number;
}

/** An image that was taken for something else. */
export interface Mistake {
  /** Its place in the split. */
  readonly index: number;
  readonly name: string;
  readonly label: string;
  readonly predicted: string;
  /** Of the predicted class. */
  readonly probability: number;
}

/** What an evaluation says of one split, looked at in one way. */
export interface Evaluation {
  readonly split: string;
  readonly tta: string;
  readonly classes: readonly string[];
  /** Images by true class and predicted class; undefined where there are too many classes to draw. */
  readonly confusion: readonly (readonly number[])[] | undefined;
  readonly perClass: readonly ClassScores[];
  readonly calibration: readonly ReliabilityBin[];
  /** The surest first. */
  readonly mistakes: readonly Mistake[];
}

/** A matrix of more classes cannot be read, and has a million numbers soon. */
const mostClasses = 250;
/** Mistakes that are shown. */
const mostMistakes = 12;

/** A row of a CSV file by the names of its columns. */
type Row = Readonly<Record<string, string>>;

/** Rows of a table; none of one that is missing or damaged. */
function rowsOf(text: string | undefined): readonly Row[] {
  try {
    const [header = [], ...rows] = parseCsv(text ?? '');
    return rows.map((row) => Object.fromEntries(header.map((name, at) => [`$${name}`, row[at] ?? ''])));
  } catch {
    return [];
  }
}

const field = (row: Row, name: string): string => row[`$${name}`] ?? '';
const numberIn = (row: Row, name: string): number | null => {
  const text = field(row, name);
  return text === '' || !Number.isFinite(Number(text)) ? null : Number(text);
};

const isOf =
  (split: string, tta: string) =>
  (row: Row): boolean =>
    field(row, 'split') === split && field(row, 'tta') === tta;

/** Confusion matrices by `split tta`: their header is the classes, which may be called like another column. */
function matrixOf(text: string | undefined, split: string, tta: string): readonly (readonly number[])[] | undefined {
  try {
    const [header = [], ...rows] = parseCsv(text ?? '');
    if (header.length - 3 > mostClasses) return undefined;
    const own = rows.filter((row) => row[0] === split && row[1] === tta);
    return own.length === 0 ? undefined : own.map((row) => row.slice(3).map(Number));
  } catch {
    return undefined;
  }
}

function mistakesOf(rows: readonly Row[]): readonly Mistake[] {
  return rows
    .map((row, index) => ({ row, index }))
    .filter(({ row }) => field(row, 'label') !== field(row, 'predicted'))
    .map(({ row, index }) => ({
      index,
      name: field(row, 'name'),
      label: field(row, 'label'),
      predicted: field(row, 'predicted'),
      probability: numberIn(row, 'probability') ?? 0,
    }))
    .sort((one, other) => other.probability - one.probability)
    .slice(0, mostMistakes);
}

/**
 * Reads what an evaluation wrote. Damaged and missing files are left out.
 *
 * @param files - texts of its tables
 * @returns one for each split and way of looking
 */
export function readEvaluations(files: EvaluationFiles): readonly Evaluation[] {
  const [perClass, calibration, predictions] = [files.per_class, files.calibration, files.predictions].map(rowsOf);
  const groups = new Map<string, Row>();
  for (const row of perClass ?? []) groups.set(JSON.stringify([field(row, 'split'), field(row, 'tta')]), row);
  return [...groups.values()].map((one) => {
    const [split, tta] = [field(one, 'split'), field(one, 'tta')];
    const own = isOf(split, tta);
    const scores = (perClass ?? []).filter(own).map((row) => ({
      name: field(row, 'class'),
      precision: numberIn(row, 'precision'),
      recall: numberIn(row, 'recall'),
      support: numberIn(row, 'support') ?? 0,
    }));
    const bins = (calibration ?? []).filter(own).flatMap((row): readonly ReliabilityBin[] => {
      const [above, upTo, count] = [numberIn(row, 'above'), numberIn(row, 'up_to'), numberIn(row, 'count')];
      const [confidence, accuracy] = [numberIn(row, 'confidence'), numberIn(row, 'accuracy')];
      if (above === null || upTo === null || count === null || confidence === null || accuracy === null) return [];
      return [{ above, upTo, count, confidence, accuracy }];
    });
    return {
      split,
      tta,
      classes: scores.map(({ name }) => name),
      confusion: matrixOf(files.confusion, split, tta),
      perClass: scores,
      calibration: bins,
      mistakes: mistakesOf((predictions ?? []).filter(own)),
    };
  });
}
