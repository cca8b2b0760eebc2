import type { Failure } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Evaluation } from './evaluation.ts';
import type { CurveRow, RunData } from './run-data.ts';

/** A run that can be looked at. */
export interface RunName {
  readonly pipeline: string;
  readonly run: string;
}

/** A run at a moment, and how its record goes on from there. */
export interface Snapshot {
  readonly data: RunData;
  readonly alive?: boolean;
  /** Byte of its record where what comes next begins. */
  readonly position: number;
}

/** A piece of a log. */
export interface LogPiece {
  readonly text: string;
  /** Byte where the piece begins: 0, unless the log's beginning was left out. */
  readonly from: number;
  /** Byte where the next piece begins. */
  readonly next: number;
}

/** What is known of a cell's result beside its numbers. */
export interface CellResult {
  /** Where it lies. */
  readonly path: string;
  readonly environment: JsonObject;
  readonly host: string;
  /** The run that made it. */
  readonly run: string;
  readonly evaluations: readonly Evaluation[];
}

/** Why a question has no answer. */
export interface Refusal {
  readonly failures: readonly Failure[];
}

/**
 * What an image of a dataset is called among those of a cell.
 *
 * @param split - its name
 * @param index - of the image in the split
 * @returns `test 17`
 */
export const pictureName = (split: string, index: number): string => `${split} ${index}`;

/** A run with all that a page can ask of it: what a report holds in one file. */
export interface Archive {
  readonly snapshot: Snapshot;
  /** By cell. */
  readonly curves: Readonly<Record<string, readonly CurveRow[]>>;
  readonly results: Readonly<Record<string, CellResult>>;
  readonly logs: Readonly<Record<string, LogPiece>>;
  /** Images that evaluations mistook, as addresses that hold them; by {@link pictureName}. */
  readonly pictures: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What was left out, in words, as the file would be too large. */
  readonly leftOut: readonly string[];
}
