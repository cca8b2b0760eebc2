import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { fail, FailureError } from '../../core/failure.ts';
import { isJsonObject } from '../../core/json.ts';
import { byCodeUnits } from '../../util/text.ts';
import { writeWhole } from '../../util/write-whole.ts';
import type { StateDict } from '../network/network.ts';
import { decodeSafetensors, encodeSafetensors } from '../weights/safetensors.ts';
import type { StoredTensor } from '../weights/tensor-file.ts';
import type { EpochRow, PastPrecision, Position, Tensors, TrainingState } from './training-state.ts';

const GROUPS = ['model', 'optimizer', 'term', 'average', 'best'] as const satisfies readonly (keyof Tensors)[];
const FORMAT = 'kdpipe-checkpoint-4';
/** The same without a checksum. */
const UNCHECKED = 'kdpipe-checkpoint-3';

const bytesOf = ({ values }: StoredTensor): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Changes with any bit of a state: a flipped one would otherwise give other weights, without a word. */
function checksum(position: string, tensors: ReadonlyMap<string, StoredTensor>): string {
  let sum = crc32(position);
  for (const [name, tensor] of [...tensors].toSorted(([a], [b]) => byCodeUnits(a, b)))
    sum = crc32(bytesOf(tensor), crc32(`${name} ${tensor.values.length}`, sum));
  return sum.toString(16).padStart(8, '0');
}

/**
 * Writes a training state as the bytes of a .safetensors file: tensors under `<group>/<name>`, flat; the rest is JSON
 * in the metadata, whose numbers come back bit for bit.
 *
 * @param state - the state
 * @returns the bytes
 */
export function encodeCheckpoint(state: TrainingState): Uint8Array {
  const { position, tensors } = state;
  const stored = new Map<string, StoredTensor>();
  for (const group of GROUPS)
    for (const [name, values] of tensors[group] ?? [])
      stored.set(`${group}/${name}`, { dtype: 'F32', shape: [values.length], values });
  const text = JSON.stringify(position);
  const metadata = { format: FORMAT, position: text, checksum: checksum(text, stored) };
  return encodeSafetensors({ tensors: stored, metadata });
}

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isNumberOrNull = (value: unknown): value is number | null => value === null || isNumber(value);

const areNumbers = (value: unknown): boolean => isJsonObject(value) && Object.values(value).every(isNumber);

const ROW = ['val_accuracy', 'val_mpa', 'val_loss', 'kd_loss'] as const satisfies readonly (keyof EpochRow)[];
const isRow = (row: unknown): row is EpochRow =>
  isJsonObject(row) &&
  [row['epoch'], row['lr'], row['train_loss']].every(isNumber) &&
  areNumbers(row['kd_terms']) &&
  ROW.every((name) => isNumberOrNull(row[name]));

const hasNumbers = (value: unknown, names: readonly string[]): boolean =>
  isJsonObject(value) && names.every((name) => isNumber(value[name]));

const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every((text) => typeof text === 'string');

const PRECISIONS: readonly unknown[] = ['float32', 'bfloat16', 'float16', 'mixed'] satisfies PastPrecision[];

/** Whether a text's value is where a run stood: a file may come from anywhere. */
function isPosition(value: unknown): value is Position {
  if (!isJsonObject(value) || !hasNumbers(value, ['epoch', 'batch', 'updates'])) return false;
  const { sums, lastLoss, history, best, precision, engines } = value;
  if (precision !== undefined && !PRECISIONS.includes(precision)) return false;
  if (engines !== undefined && !areTexts(engines)) return false;
  if (!isJsonObject(sums) || !hasNumbers(sums, ['images', 'loss']) || !isNumberOrNull(lastLoss)) return false;
  const { kd } = sums;
  if (!isJsonObject(kd) || !isNumber(kd['weighted']) || !areNumbers(kd['each'])) return false;
  if (best !== null && !hasNumbers(best, ['epoch', 'score', 'updates'])) return false;
  return Array.isArray(history) && history.every(isRow);
}

function positionOf(text: string, file: string): Position {
  try {
    const position: unknown = JSON.parse(text);
    if (isPosition(position)) return position;
  } catch {
    // Not JSON: said below.
  }
  return fail({ code: 'damaged-checkpoint', message: `${file} does not say where its run stood`, place: { file } });
}

function requireSum(sums: {
  readonly file: string;
  readonly expected: string | undefined;
  readonly got: string;
}): void {
  const { file, expected, got } = sums;
  if (expected === got) return;
  fail({
    code: 'damaged-checkpoint',
    message: `${file} is damaged: the checksum of its content is ${got}`,
    expected: expected ?? 'a checksum',
    place: { file },
  });
}

/**
 * Reads what {@link encodeCheckpoint} wrote.
 *
 * @param bytes - the file
 * @param file - its name for messages
 * @returns the state; undefined where another program or version wrote it
 * @throws FailureError where the file is damaged
 */
export function decodeCheckpoint(bytes: Uint8Array, file: string): TrainingState | undefined {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const { position: text, format, checksum: expected } = metadata;
  if ((format !== FORMAT && format !== UNCHECKED) || text === undefined) return undefined;
  const position = positionOf(text, file);
  if (format === FORMAT || expected !== undefined) requireSum({ file, expected, got: checksum(text, tensors) });
  const groups = new Map<string, Map<string, Float32Array>>();
  for (const [path, { values }] of tensors) {
    const slash = path.indexOf('/');
    const group = groups.get(path.slice(0, slash)) ?? new Map<string, Float32Array>();
    groups.set(path.slice(0, slash), group);
    if (values instanceof Float32Array) group.set(path.slice(slash + 1), values);
  }
  const empty: StateDict = new Map();
  return {
    position,
    tensors: {
      model: groups.get('model') ?? empty,
      // Plain SGD keeps nothing.
      optimizer: groups.get('optimizer') ?? empty,
      term: groups.get('term') ?? empty,
      average: groups.get('average') ?? null,
      best: groups.get('best') ?? null,
    },
  };
}

/** Where a run's checkpoint lies. */
export interface Checkpoint {
  /** The saved state; undefined where there is none that can be used. */
  load(): TrainingState | undefined;
  save(state: TrainingState): void;
  /** Saves the state that a run has ended in, for a longer one. */
  saveEnd(state: TrainingState): void;
  /** Lets go of all that was saved: the run starts from its beginning. */
  clear(): void;
}

/** The end of a shorter run, which a run may go on from. */
export interface EarlierEnd {
  /** The file. */
  readonly path: string;
  /** Called when the run goes on from it. */
  readonly taken: () => void;
}

const ANEW = 'training starts from the beginning';

/** Reads a file where there is one; says what happens `instead` where it cannot be used. */
function readState(file: string, warn: (message: string) => void, instead: string): TrainingState | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const state = decodeCheckpoint(readFileSync(file), file);
    if (!state) warn(`${file} is of another version; ${instead}`);
    return state;
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    warn(`${error.message}; ${instead}`);
    return undefined;
  }
}

/**
 * A checkpoint in a folder that survives the process. The one before it is kept too: a run whose last one is damaged loses
 * the time between the two, not all.
 *
 * @param folder - the stage's scratch folder; made when first needed
 * @param warn - called when a checkpoint is there and can't be used, and when the end cannot be saved
 * @param earlier - what is loaded where the folder has no checkpoint
 * @returns the checkpoint
 */
export function checkpointIn(folder: string, warn: (message: string) => void, earlier?: EarlierEnd): Checkpoint {
  const file = join(folder, 'checkpoint.safetensors');
  const previous = join(folder, 'checkpoint-before.safetensors');
  const save = (state: TrainingState): void => {
    if (existsSync(file)) renameSync(file, previous);
    writeWhole(file, encodeCheckpoint(state), { flush: true });
  };
  const load = (path: string, instead: string): TrainingState | undefined => readState(path, warn, instead);
  return {
    load: () => {
      const anew = earlier ? 'training goes on from an earlier end' : ANEW;
      const own = load(file, existsSync(previous) ? 'the one before it is looked at' : anew) ?? load(previous, anew);
      if (own || !earlier) return own;
      const state = load(earlier.path, ANEW);
      if (state) earlier.taken();
      return state;
    },
    save,
    clear: () => {
      for (const path of [file, previous]) rmSync(path, { force: true });
    },
    saveEnd: (state) => {
      try {
        save(state);
      } catch (error) {
        // The training is done: a disk that is full must not undo it.
        warn(`its end could not be saved, so that more epochs would start from the beginning: ${String(error)}`);
      }
    },
  };
}
