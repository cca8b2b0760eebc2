import { parseCsv } from '../util/csv-rows.ts';

/**
 * Reads the curves that a training has kept as its result.
 *
 * @param text - of `curves.csv`: a head, and rows whose fields are numbers or empty
 * @returns an epoch a row, null where a field is empty; none where the text is damaged
 */
export function curveRows(text: string): readonly Readonly<Record<string, number | null>>[] {
  try {
    const [header = [], ...rows] = parseCsv(text);
    return rows.map((row) =>
      Object.fromEntries(header.map((name, at) => [name, row[at] ? Number(row[at]) : null] as const)),
    );
  } catch {
    return [];
  }
}
