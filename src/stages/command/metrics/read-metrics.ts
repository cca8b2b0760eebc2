import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fail } from '../../../core/failure.ts';
import { isJsonObject, isList, type Json, type JsonObject } from '../../../core/json.ts';
import { parseCsvMetrics } from './csv.ts';
import { parseJson } from './json.ts';

type Parse = (text: string) => unknown;

const formats: Readonly<Record<string, { readonly name: string; readonly load: () => Promise<Parse> }>> = {
  '.json': { name: 'JSON', load: () => Promise.resolve(parseJson) },
  '.csv': { name: 'CSV', load: () => Promise.resolve(parseCsvMetrics) },
  '.yaml': { name: 'YAML', load: loadYaml },
  '.yml': { name: 'YAML', load: loadYaml },
};

async function loadYaml(): Promise<Parse> {
  return (await import('./yaml.ts')).parseYaml;
}

/** Numbers that there are not, as any language prints them: `NaN`, `-Infinity`, `.inf`, `+inf` … */
const notANumber = /^[+-]?\.?(?:nan|inf(?:inity)?)$/i;

/**
 * Reads the metrics that a command wrote.
 *
 * @param path - absolute path of a .json, .yaml, .yml or .csv file; of a column of a CSV file the last value that is
 *   there counts, and a column `val.accuracy` is `accuracy` in `val`
 * @param shown - the path as the user wrote it
 * @returns the metrics; numbers that are not finite, however they are spelled, are null
 * @throws FailureError when the file is missing, malformed or no mapping
 */
export async function readMetrics(path: string, shown: string): Promise<JsonObject> {
  const format = formats[extname(path).toLowerCase()];
  if (!format) throw new Error(`no metrics format for ${shown}`);
  const [bytes, parse] = await Promise.all([
    readFile(path).catch((error: unknown) => missing(shown, error)),
    format.load(),
  ]);
  let metrics: unknown;
  try {
    metrics = parse(textOf(bytes));
  } catch (error) {
    return malformed(shown, `is not valid ${format.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isJsonObject(metrics)) return malformed(shown, 'holds no mapping of names to values');
  return finite(metrics) as JsonObject;
}

/** Text in the encoding that its byte-order mark names, UTF-8 without one; the mark is no part of it. */
function textOf(bytes: Buffer): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
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

/** Manifests hold finite numbers only: what is none is missing. */
function finite(value: Json): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string') return notANumber.test(value.trim()) ? null : value;
  if (isList(value)) return value.map(finite);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, finite(item)]));
}
