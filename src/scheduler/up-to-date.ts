import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Failure } from '../core/failure.ts';
import { isJsonObject, isList } from '../core/json.ts';
import type { Digest } from '../core/plan.ts';
import { isFailureForm, isNumber, isText, isTextOrNull, listOf, type Test } from '../core/shape.ts';
import { ownValue } from '../core/own.ts';
import { canonical } from '../fingerprint/canonical.ts';
import { sha256 } from '../fingerprint/digest.ts';
import { parts } from '../store/layout.ts';
import type { ReadWatch } from '../store/files/digest-file.ts';
import { sourceDigester } from '../store/files/sources.ts';
import type { Seal, Store } from '../store/store.ts';
import { mapConcurrently } from '../util/async-pool.ts';
import { writeWhole } from '../util/write-whole.ts';

/** What a user asks for: all that a plan is made of, but for the environment. */
export interface Request {
  /** Absolute path of the pipeline file. */
  readonly file: string;
  readonly text: string;
  /** `-S` arguments. */
  readonly overrides: readonly string[];
  /** Absolute path of the folder that paths start from. */
  readonly workingFolder: string;
  /** Which kdpipe plans it: another build may plan the same text otherwise. */
  readonly program: string;
}

/** Variables of the environment; what is not set is undefined. */
type Environment = Readonly<Record<string, string | undefined>>;

/** A run after which nothing is left to do. */
export interface UpToDate {
  /** The environment's variables that the plan asked for. */
  readonly environment: Environment;
  /** Digests by absolute path: sources as the keys hold them, and the files that tables and plots are made from and stand in. */
  readonly files: ReadonlyMap<string, Digest>;
  /** The results of all cells. */
  readonly seal: Seal;
  readonly cells: number;
  /** Those of them that searches go on without. */
  readonly stopped: number;
  /** What was said of the plan. */
  readonly notes?: readonly Failure[];
  /** The tables and plots that stand in files. */
  readonly placed: readonly { readonly what: string; readonly file: string }[];
  /** Those whose files the run left as they were, as it was overridden. */
  readonly held: UpToDate['placed'];
}

/** What is on the disk. */
interface Note {
  readonly request: Digest;
  /** Digests of values: they may be secrets. */
  readonly environment: readonly (readonly [name: string, value: Digest | null])[];
  readonly files: readonly (readonly [path: string, digest: Digest])[];
  readonly seal: Seal;
  readonly cells: number;
  readonly stopped: number;
  readonly notes?: UpToDate['notes'];
  readonly placed: UpToDate['placed'];
  readonly held: UpToDate['held'];
}

/** Bumped when a note's form or meaning changes. */
const format = 5;
/** Files that are digested at once. */
const atOnce = 4;

const digestOf = (value: string | undefined): Digest | null => (value === undefined ? null : sha256(value));

/** One note a pipeline file and overrides: the next text of the same file replaces it. */
function noteFile(store: Store, { file, overrides }: Request): string {
  return join(store.root, parts.settled, sha256(canonical([file, ...overrides])).slice(0, 32));
}

function requestDigest({ file, text, overrides, workingFolder, program }: Request): Digest {
  return sha256(canonical([format, program, workingFolder, file, [...overrides], text]));
}

const pairWith =
  (second: Test): Test =>
  (value) =>
    isList(value) && value.length === 2 && isText(value[0]) && second(value[1]);
const isPlace: Test = (value) => isJsonObject(value) && isText(value['what']) && isText(value['file']);

/** Whether a file holds a whole note: anything may stand there. */
function isNote(value: unknown): value is Note {
  if (!isJsonObject(value)) return false;
  const { request, environment, files, seal, cells, stopped, notes = [], placed, held } = value;
  return (
    isText(request) &&
    listOf(pairWith(isTextOrNull))(environment) &&
    listOf(pairWith(isText))(files) &&
    isJsonObject(seal) &&
    isText(seal['state']) &&
    listOf(pairWith(listOf(isText)))(seal['places']) &&
    isNumber(cells) &&
    isNumber(stopped) &&
    listOf(isFailureForm)(notes) &&
    listOf(isPlace)(placed) &&
    listOf(isPlace)(held)
  );
}

/** The note, if there is one; a file that is damaged is none. */
function readNote(path: string): Note | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isNote(note) ? note : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps in mind that nothing is left to do, so that the next run of the same request need not plan to find that out.
 *
 * @param request - what was asked for
 * @param settled - what the answer was found from
 * @param store - holds the results, and the note
 */
export function saveUpToDate(request: Request, settled: UpToDate, store: Store): void {
  const { environment, files, ...rest } = settled;
  const note: Note = {
    request: requestDigest(request),
    environment: Object.entries(environment).map(([name, value]) => [name, digestOf(value)]),
    files: [...files],
    ...rest,
  };
  try {
    writeWhole(noteFile(store, request), JSON.stringify(note));
  } catch {
    // Full or read-only: the next run plans.
  }
}

/**
 * Finds out without planning that nothing is left to do: text, overrides, environment, sources, tables, plots and every
 * result are what they were when a run ended that left nothing.
 *
 * @param request - what is asked for
 * @param store - where results are
 * @param environment - as it is now
 * @param watch - told what is read
 * @returns what the earlier run found; undefined when something differs or nothing is known: then it has to be planned
 */
export async function findUpToDate(
  request: Request,
  store: Store,
  environment: Environment,
  watch?: ReadWatch,
): Promise<Pick<UpToDate, 'cells' | 'stopped' | 'notes' | 'placed' | 'held'> | undefined> {
  const note = readNote(noteFile(store, request));
  if (note?.request !== requestDigest(request)) return undefined;
  if (note.environment.some(([name, value]) => digestOf(ownValue(environment, name)) !== value)) return undefined;
  if (!store.isIntact(note.seal)) return undefined;
  const digest = sourceDigester(store.root, watch);
  const same = await mapConcurrently(note.files, atOnce, async ([path, before]) => {
    const now = await digest(path).catch(() => undefined);
    return now === before;
  });
  const { cells, stopped, notes, placed, held } = note;
  return same.every(Boolean) ? { cells, stopped, placed, held, ...(notes && { notes }) } : undefined;
}
