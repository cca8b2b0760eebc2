import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, FailureError } from '../../core/failure.ts';
import { isJsonObject } from '../../core/json.ts';
import type { StateDict } from '../network/network.ts';
import { decodeSafetensors, encodeSafetensors } from '../weights/safetensors.ts';
import type { StoredTensor } from '../weights/tensor-file.ts';
import type { Position, Tensors, TrainingState } from './training-state.ts';

const GROUPS = ['model', 'optimizer', 'term', 'average', 'best'] as const satisfies readonly (keyof Tensors)[];
const FORMAT = 'kdpipe-checkpoint-3';

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
  return encodeSafetensors({ tensors: stored, metadata: { format: FORMAT, position: JSON.stringify(position) } });
}

function positionOf(text: string, file: string): Position {
  try {
    const position: unknown = JSON.parse(text);
    if (isJsonObject(position)) return position as unknown as Position;
  } catch {
    // Not JSON: said below.
  }
  return fail({ code: 'damaged-checkpoint', message: `${file} does not say where its run stood`, place: { file } });
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
  const text = metadata['position'];
  if (metadata['format'] !== FORMAT || text === undefined) return undefined;
  const groups = new Map<string, Map<string, Float32Array>>();
  for (const [path, { values }] of tensors) {
    const slash = path.indexOf('/');
    const group = groups.get(path.slice(0, slash)) ?? new Map<string, Float32Array>();
    groups.set(path.slice(0, slash), group);
    if (values instanceof Float32Array) group.set(path.slice(slash + 1), values);
  }
  const empty: StateDict = new Map();
  return {
    position: positionOf(text, file),
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

/** Replaces a file in one step: after a crash there is the old one or the new one, whole. */
function replaceFile(file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  const descriptor = openSync(draft, 'w');
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
}

/** Where a run's checkpoint lies. */
export interface Checkpoint {
  /** The saved state; undefined where there is none that can be used. */
  load(): TrainingState | undefined;
  save(state: TrainingState): void;
}

/**
 * A checkpoint in a folder that survives the process.
 *
 * @param folder - the stage's scratch folder; made when first needed
 * @param warn - told when a checkpoint is there and can't be used
 * @returns the checkpoint
 */
export function checkpointIn(folder: string, warn: (message: string) => void): Checkpoint {
  const file = join(folder, 'checkpoint.safetensors');
  const load = (): TrainingState | undefined => {
    if (!existsSync(file)) return undefined;
    try {
      const state = decodeCheckpoint(readFileSync(file), file);
      if (!state) warn(`${file} is of another version; training starts from the beginning`);
      return state;
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      warn(`${error.message}; training starts from the beginning`);
      return undefined;
    }
  };
  return {
    load,
    save: (state) => replaceFile(file, encodeCheckpoint(state)),
  };
}
