import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '../../core/json.ts';
import { curveRows } from '../../record/curve-rows.ts';
import { cellFolder, logFile } from '../../record/run-record.ts';
import type { Entry, Store } from '../../store/store.ts';
import { textIfReadable } from '../../util/if-readable.ts';
import type { CellResult, LogPiece } from '../data/answers.ts';
import { drawnOutputs, readEvaluations, type EvaluationFiles } from '../data/evaluation.ts';
import type { CellData, CurveRow } from '../data/run-data.ts';

/** What is sent of a log at once, and read of a file that is drawn. Bytes. */
const mostOfLog = 1 << 17;
const mostOfFile = 1 << 26;

/** Reads a part of a file; none where it is gone. */
function readPiece(path: string, from: number | undefined, most: number): LogPiece {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return { text: '', from: 0, next: 0 };
  }
  try {
    const { size } = fstatSync(file);
    const start = from === undefined || from > size ? Math.max(0, size - most) : from;
    const bytes = Buffer.alloc(Math.min(most, Math.max(0, size - start)));
    const read = readSync(file, bytes, 0, bytes.length, start);
    // A character that is cut is left to the next piece.
    const whole = bytes.subarray(0, wholeCharacters(bytes.subarray(0, read)));
    return { text: whole.toString('utf8'), from: start, next: start + whole.length };
  } finally {
    closeSync(file);
  }
}

/** Bytes up to the last character of UTF-8 that is whole. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/**
 * Reads a piece of what a cell's stage wrote.
 *
 * @param folder - of the run
 * @param cell - of its plan
 * @param from - byte to begin at; without one, the log's end
 * @returns the piece; an empty one where there is no log
 */
export function readLog(folder: string, cell: CellData, from?: number): LogPiece {
  return readPiece(logFile(folder, cell.id), from, mostOfLog);
}

/**
 * Finds the result of a cell.
 *
 * @param store - where results are
 * @param cell - of a run's plan
 * @returns the result; undefined where the cell has none, or no longer
 */
export function entryOf(store: Store, cell: CellData): Entry | undefined {
  const { progress } = cell;
  try {
    return progress.key === undefined ? undefined : store.find(progress.key);
  } catch {
    return undefined;
  }
}

/** An output of a result; an empty text where it has none, or one that is too large to be drawn. */
function outputText(entry: Entry, name: string): string {
  const output = Object.hasOwn(entry.outputs, name) ? entry.outputs[name] : undefined;
  if (!output) return '';
  const { text, from } = readPiece(join(entry.path, output.path), undefined, mostOfFile);
  return from > 0 ? '' : text;
}

/** Rows of a text with a JSON object a line; damaged lines are left out. */
function rowsOf(text: string): readonly CurveRow[] {
  return text.split('\n').flatMap((line): readonly CurveRow[] => {
    try {
      const row: unknown = JSON.parse(line);
      return isJsonObject(row) ? [row] : [];
    } catch {
      return [];
    }
  });
}

/**
 * Reads the course of a training: what the run wrote of it, or what its result holds, where it is older.
 *
 * @param folder - of the run
 * @param cell - of its plan
 * @param store - where results are
 * @returns an epoch a row; none for cells that do not train
 */
export function readCurves(folder: string, cell: CellData, store: Store): readonly CurveRow[] {
  const own = rowsOf(textIfReadable(join(cellFolder(folder, cell.id), 'metrics.ndjson'), 'utf8'));
  if (own.length > 0) return own;
  const entry = entryOf(store, cell);
  return entry ? curveRows(outputText(entry, 'curves')) : [];
}

/**
 * Reads what a cell's result says beside its numbers.
 *
 * @param cell - of a run's plan
 * @param store - where results are
 * @returns the result; undefined where the cell has none, or no longer
 */
export function readResult(cell: CellData, store: Store): CellResult | undefined {
  const entry = entryOf(store, cell);
  if (!entry) return undefined;
  try {
    const { environment, host, run } = entry.manifest();
    const files: EvaluationFiles = Object.fromEntries(drawnOutputs.map((name) => [name, outputText(entry, name)]));
    return { path: entry.path, environment, host, run, evaluations: readEvaluations(files) };
  } catch {
    return undefined;
  }
}
