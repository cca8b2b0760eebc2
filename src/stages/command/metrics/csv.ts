import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';

/**
 * Reads the metrics of a training's CSV log: of each column the last value that is there, for writers whose rows hold
 * only a part each, such as validation and training numbers of an epoch. A `nan` is there.
 *
 * @param text - a header and at least one row; a row before the last whose width is not the header's is passed over
 * @returns numbers and texts by column, null where a column has no value; a column `val.accuracy` is `accuracy` in `val`
 * @throws Error that says what is wrong with it
 */
export function parseCsvMetrics(text: string): JsonObject {
  const [header, ...rows] = parseCsv(text);
  const last = rows.at(-1);
  if (!header || !last) throw new Error('it has no row after the header');
  if (header.length !== last.length)
    throw new Error(`its last row has ${last.length} fields, its header ${header.length}`);
  const values = header.map(() => '');
  for (const row of rows)
    if (row.length === header.length)
      row.forEach((field, at) => {
        if (field.trim() !== '') values[at] = field;
      });
  const metrics: Nested = {};
  header.forEach((column, at) => put(metrics, column.trim().split('.'), scalar(values[at] ?? '')));
  return metrics;
}

interface Nested {
  [name: string]: Json | Nested;
}

function put(into: Nested, [name = '', ...deeper]: readonly string[], value: Json): void {
  if (!deeper.length) {
    into[name] = value;
    return;
  }
  const inner = into[name] ?? {};
  if (!isJsonObject(inner)) throw new Error(`column ${name} is a value and a group`);
  into[name] = inner;
  put(inner, deeper, value);
}

function scalar(field: string): Json {
  const text = field.trim();
  if (text === '') return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/** Rows of fields as RFC 4180 has them: quoted fields may hold commas, line ends and doubled quotes. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [whole, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r|$)/g)) {
    if (whole === '' && row.length === 0) continue;
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (row.some((field) => field !== '')) rows.push(row);
    row = [];
  }
  return rows;
}
