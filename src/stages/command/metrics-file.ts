import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fail } from '../../core/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';

type Parse = (text: string) => unknown;

const formats: Readonly<Record<string, { readonly name: string; readonly load: () => Promise<Parse> }>> = {
  '.json': { name: 'JSON', load: () => Promise.resolve((text) => JSON.parse(text) as unknown) },
  '.csv': { name: 'CSV', load: () => Promise.resolve(lastRow) },
  '.yaml': { name: 'YAML', load: loadYaml },
  '.yml': { name: 'YAML', load: loadYaml },
};

async function loadYaml(): Promise<Parse> {
  const { parse } = await import('yaml');
  return (text) => parse(text) as unknown;
}

/**
 * Reads the metrics that a command wrote.
 *
 * @param path - absolute path of a .json, .yaml, .yml or .csv file; of a CSV file the last row counts, and a column
 *   `val.accuracy` is `accuracy` in `val`
 * @param shown - the path as the user wrote it
 * @returns the metrics; numbers that are not finite are null
 * @throws FailureError when the file is missing, malformed or no mapping
 */
export async function readMetrics(path: string, shown: string): Promise<JsonObject> {
  const format = formats[extname(path).toLowerCase()];
  if (!format) throw new Error(`no metrics format for ${shown}`);
  const [text, parse] = await Promise.all([
    readFile(path, 'utf8').catch((error: unknown) => missing(shown, error)),
    format.load(),
  ]);
  let metrics: unknown;
  try {
    metrics = parse(text);
  } catch (error) {
    return malformed(shown, `is not valid ${format.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isJsonObject(metrics)) return malformed(shown, 'holds no mapping of names to values');
  return finite(metrics) as JsonObject;
}

function missing(shown: string, error: unknown): never {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return fail({
    code: 'metrics-missing',
    message: `the command ended well but wrote no metrics file ${shown}`,
    expected: `the file $KDPIPE_OUT/${shown}, as metrics says`,
    fix: 'let the command write it, or take metrics out of the stage',
  });
}

function malformed(shown: string, problem: string): never {
  return fail({
    code: 'metrics-malformed',
    message: `the metrics file ${shown} ${problem}`,
    expected: 'a JSON or YAML mapping, or a CSV file with a header and at least one row',
  });
}

/** Manifests hold finite numbers only. */
function finite(value: Json): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(finite);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, finite(item)]));
}

function lastRow(text: string): JsonObject {
  const rows = parseCsv(text);
  const header = rows[0];
  const last = rows.at(-1);
  if (!header || !last || rows.length < 2) throw new Error('it has no row after the header');
  if (header.length !== last.length)
    throw new Error(`its last row has ${last.length} fields, its header ${header.length}`);
  const metrics: Nested = {};
  header.forEach((column, at) => put(metrics, column.trim().split('.'), scalar(last[at] ?? '')));
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
  if (text === '' || /^[+-]?(?:nan|inf(?:inity)?)$/i.test(text)) return null;
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
