import type { Json, JsonObject } from '../../../core/json.ts';
import { parseCsv } from '../../../util/csv-rows.ts';

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
  const metrics: Groups = new Map();
  header.forEach((column, at) => {
    // A pandas index has no name, nor has what a comma at the end of each row begins.
    if (column.trim() !== '' || values[at] !== '') put(metrics, column.trim(), scalar(values[at] ?? ''));
  });
  return objectOf(metrics);
}

/** Values and groups of them by name. No object: a column may have the name of something that every object has. */
type Groups = Map<string, Json | Groups>;

function put(metrics: Groups, column: string, value: Json): void {
  const names = column.split('.');
  const last = names.pop() ?? '';
  let group = metrics;
  for (const name of names) {
    const inner = group.get(name) ?? new Map<string, Json | Groups>();
    if (!(inner instanceof Map)) throw new Error(`column ${name} is a value and a group`);
    group.set(name, inner);
    group = inner;
  }
  const before = group.get(last);
  if (before instanceof Map) throw new Error(`column ${last} is a value and a group`);
  if (before !== undefined) throw new Error(`it has two columns ${JSON.stringify(column)}`);
  group.set(last, value);
}

const objectOf = (groups: Groups): JsonObject =>
  Object.fromEntries(
    [...groups].map(([name, value]) => [name, value instanceof Map ? objectOf(value) : value] as const),
  );

function scalar(field: string): Json {
  const text = field.trim();
  if (text === '') return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}
