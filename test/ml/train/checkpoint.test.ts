import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointIn, encodeCheckpoint } from '../../../src/ml/train/checkpoint.ts';
import type { StateDict } from '../../../src/ml/network/network.ts';
import type { TrainingState } from '../../../src/ml/train/training-state.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';

const values = (...numbers: number[]) => Float32Array.from(numbers);
const state: TrainingState = {
  position: {
    ...{ epoch: 3, batch: 2, updates: 41, lastLoss: 0.1 + 0.2 },
    sums: { images: 128, loss: 1 / 3, kd: { weighted: 5e-324, each: { SoftTarget: 0.1 } } },
    history: [
      {
        ...{ epoch: 0, lr: 1e-3, train_loss: Math.PI, kd_loss: 0.25, kd_terms: { SoftTarget: 1 / 9 } },
        ...{ val_accuracy: 1 / 7, val_mpa: 0, val_loss: 2 },
      },
    ],
    best: { epoch: 0, score: 1 / 7, updates: 11 },
  },
  tensors: {
    model: new Map([
      ['conv.weight', values(1e-45, -0, 3.4e38)],
      ['bn.running_var', values(0.1)],
    ]),
    optimizer: new Map([
      ['conv.weight/exp_avg', values(1, 2, 3)],
      ['conv.weight/exp_avg_sq', values(4, 5, 6)],
    ]),
    term: new Map([['generation/0.weight', values(10, 11)]]),
    average: new Map([['conv.weight', values(7, 8, 9)]]),
    best: new Map([['conv.weight', values(-1, -2, -3)]]),
  },
};
const integers = (floats: Float32Array) => [...new Uint32Array(floats.buffer)];
/** Maps and bits, so that −0 and 0 differ. */
const bitsOf = ({ position, tensors }: TrainingState) => {
  const groups = Object.entries(tensors) as readonly [string, StateDict | null][];
  return {
    position,
    tensors: groups.map(([group, map]) => [
      group,
      [...(map ?? [])].map(([name, floats]) => `${name} ${integers(floats).join()}`).sort(),
    ]),
  };
};

let folder: string;
let warnings: string[];
const open = () => checkpointIn(folder, (message) => warnings.push(message));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-checkpoint-'));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a checkpoint', () => {
  it('gives every bit back', () => {
    open().save(state);
    expect(bitsOf(open().load()!)).toEqual(bitsOf(state));
  });

  it('knows a run without moving average or best weights yet, and an optimiser that keeps nothing', () => {
    const fresh = { ...state, tensors: { ...state.tensors, optimizer: new Map(), average: null, best: null } };
    open().save(fresh);
    expect(open().load()?.tensors).toMatchObject({ average: null, best: null });
    expect(open().load()?.tensors.optimizer.size).toBe(0);
  });

  it('is not there before the first one, without a warning', () => {
    expect(open().load()).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('is kept with the one before, and leaves no draft', () => {
    for (const epoch of [4, 5, 6]) open().save({ ...state, position: { ...state.position, epoch } });
    expect(open().load()?.position.epoch).toBe(6);
    expect(readdirSync(folder).sort()).toEqual(['checkpoint-before.safetensors', 'checkpoint.safetensors']);
    expect(warnings).toEqual([]);
  });

  it('gives way, loudly, to the one before where any byte of it is another', () => {
    const file = join(folder, 'checkpoint.safetensors');
    open().save({ ...state, position: { ...state.position, epoch: 4 } });
    open().save({ ...state, position: { ...state.position, epoch: 5 } });
    const good = readFileSync(file);
    for (let at = 0; at < good.length; at++) {
      const bytes = Buffer.from(good);
      bytes[at]! ^= 1 << (at % 8);
      writeFileSync(file, bytes);
      const loaded = open().load()!;
      // Text that means the same: a blank of the header for a tab.
      if (loaded.position.epoch === 5) expect(bitsOf(loaded).position).toEqual({ ...state.position, epoch: 5 });
      else expect(warnings.pop()).toMatch(/; the one before it is looked at$/);
    }
  });

  it('is found where it is the only one of the two: a run was killed, or its disk was full, between them', () => {
    open().save(state);
    renameSync(join(folder, 'checkpoint.safetensors'), join(folder, 'checkpoint-before.safetensors'));
    expect(bitsOf(open().load()!)).toEqual(bitsOf(state));
    expect(warnings).toEqual([]);
  });

  it('without a checksum is one of an earlier version; a checksum cannot be left out of a newer one', () => {
    const file = join(folder, 'checkpoint.safetensors');
    const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(state), file);
    const { checksum: _, ...rest } = metadata;
    writeFileSync(file, encodeSafetensors({ tensors, metadata: { ...rest, format: 'kdpipe-checkpoint-3' } }));
    expect(bitsOf(open().load()!)).toEqual(bitsOf(state));
    writeFileSync(file, encodeSafetensors({ tensors, metadata: rest }));
    expect(open().load()).toBeUndefined();
    expect(warnings.pop()).toMatch(/ is damaged: .*; training starts from the beginning$/);
  });

  it('is left out with a warning when it is damaged, or of another version', () => {
    const checkpoint = open();
    checkpoint.save(state);
    const file = join(folder, readdirSync(folder)[0]!);
    writeFileSync(file, readFileSync(file).subarray(0, 100));
    expect(checkpoint.load()).toBeUndefined();
    expect(warnings.pop()).toMatch(/ends inside its header.*; training starts from the beginning$/);

    writeFileSync(
      file,
      encodeSafetensors({ tensors: new Map(), metadata: { format: 'kdpipe-checkpoint-0', position: '{}' } }),
    );
    expect(checkpoint.load()).toBeUndefined();
    expect(warnings.pop()).toMatch(/of another version; training starts from the beginning$/);
  });

  it('is, where there is none, the end of a shorter run; its own comes first', () => {
    const end = join(folder, 'earlier.safetensors');
    writeFileSync(end, encodeCheckpoint(state));
    let taken = 0;
    const earlier = { path: end, taken: () => taken++ };
    const opened = checkpointIn(folder, (message) => warnings.push(message), earlier);
    expect(bitsOf(opened.load()!)).toEqual(bitsOf(state));
    expect(taken).toBe(1);
    opened.save({ ...state, position: { ...state.position, epoch: 9 } });
    expect(opened.load()?.position.epoch).toBe(9);
    writeFileSync(join(folder, 'checkpoint.safetensors'), 'damaged');
    expect(bitsOf(opened.load()!)).toEqual(bitsOf(state));
    expect(warnings.pop()).toMatch(/; training goes on from an earlier end$/);
    writeFileSync(end, 'damaged');
    expect(opened.load()).toBeUndefined();
    expect(warnings.pop()).toMatch(/; training starts from the beginning$/);
    expect(taken).toBe(2);
  });

  it('is not worth a training that has ended: an end that cannot be saved is a warning', () => {
    const file = join(folder, 'not-a-folder');
    writeFileSync(file, '');
    checkpointIn(file, (message) => warnings.push(message)).saveEnd(state);
    expect(warnings.pop()).toMatch(/^its end could not be saved, so that more epochs would start from the beginning: /);
  });

  it('keeps the old one when the new one cannot be written', () => {
    const checkpoint = open();
    checkpoint.save(state);
    const broken = { ...state.tensors, model: new Map([['conv.weight', { length: 2 } as Float32Array]]) };
    expect(() => checkpoint.save({ ...state, tensors: broken })).toThrow();
    expect(bitsOf(checkpoint.load()!)).toEqual(bitsOf(state));
    expect(existsSync(folder)).toBe(true);
  });
});
