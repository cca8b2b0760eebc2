import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { checkpointIn, decodeCheckpoint, encodeCheckpoint } from '../../../src/ml/train/checkpoint.ts';
import { start, type TrainingState } from '../../../src/ml/train/training-state.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/ml/weights/safetensors.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { heldCheckpoint, train } from '../../support/training-job.ts';

const state: TrainingState = {
  position: { ...start, epoch: 2, updates: 9, lastLoss: 0.25 },
  tensors: {
    model: new Map([['fc.weight', Float32Array.of(1, 2)]]),
    ...{ optimizer: new Map(), term: new Map(), average: null, best: null },
  },
};
const folder = mkdtempSync(join(tmpdir(), 'kdpipe-damaged-'));
const file = join(folder, 'checkpoint.safetensors');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let warnings: string[] = [];
beforeEach(() => (warnings = []));
const checkpoint = checkpointIn(folder, (message) => warnings.push(message));
/** What loading bytes gives; every refusal has said why, once. */
function loaded(bytes: Uint8Array): TrainingState | undefined {
  warnings = [];
  writeFileSync(file, bytes);
  const found = checkpoint.load();
  expect(warnings).toHaveLength(found === undefined ? 1 : 0);
  for (const warning of warnings) expect(warning).toMatch(/; training starts from the beginning$/);
  return found;
}
/** The file with another text for a metadata entry. */
function withMetadata(change: Readonly<Record<string, string>>): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(state), file);
  return encodeSafetensors({ tensors, metadata: { ...metadata, ...change } });
}

describe('a damaged checkpoint', () => {
  const good = encodeCheckpoint(state);

  it('that is torn anywhere is left out with a warning', () => {
    for (let length = 0; length < good.length; length++) expect(loaded(good.subarray(0, length))).toBeUndefined();
    expect(loaded(good)?.position).toEqual(state.position);
  });

  it('with any byte of its header changed is left out with a warning, or still a checkpoint', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 9), fc.nat(255), (at, value) => {
        const bytes = Uint8Array.from(good);
        bytes[at] = value;
        loaded(bytes);
      }),
      { seed: 101, numRuns: 400 },
    );
  });

  it.each(['', '{', '{"epoch":', 'null', '3', '[]', '"text"'])('whose position is %j is left out', (position) => {
    expect(loaded(withMetadata({ position }))).toBeUndefined();
    expect(warnings[0]).toContain('does not say where its run stood');
  });

  it.each(['', 'kdpipe-checkpoint-1', 'pt'])('of format %j is of another version, whatever it holds', (format) => {
    expect(loaded(withMetadata({ format, position: '{' }))).toBeUndefined();
    expect(warnings[0]).toContain('is of another version');
  });

  it('leaves a run that starts from the beginning, and ends as if there had been none', async () => {
    const data = paintedSet({ train: 12 });
    const recipe = { epochs: 2, batch_size: 6 };
    const whole = await train({ data, recipe });
    const held = heldCheckpoint();
    await train({ data, recipe, change: { checkpoint: held } });
    const bytes = encodeCheckpoint(held.saved!);
    writeFileSync(file, bytes.subarray(0, bytes.length - 1));
    const again = await train({ data, recipe, change: { checkpoint } });
    expect(warnings).toHaveLength(1);
    expect(again?.history).toEqual(whole?.history);
    expect([...again!.state]).toEqual([...whole!.state]);
    // It has put a whole one in its place; whether the last epoch got one too is a matter of time.
    expect(decodeCheckpoint(readFileSync(file), file)?.position.epoch).toBeGreaterThanOrEqual(1);
  });
});

describe('a checkpoint of another run', () => {
  const data = paintedSet({ train: 12 });
  const saved = async (run: Partial<Parameters<typeof train>[0]>) => {
    const held = heldCheckpoint();
    await train({ data, ...run, recipe: { epochs: 1, batch_size: 6, ...run.recipe }, change: { checkpoint: held } });
    return held;
  };

  it.each<[string, Partial<Parameters<typeof train>[0]>]>([
    ['a wider network', { model: 'convnet8' }],
    ['another architecture', { model: 'resnet8' }],
    ['an optimiser that keeps less', { recipe: { optimizer: 'sgd' } }],
  ])('of %s is refused, not trained on', async (_, run) => {
    const held = await saved(run);
    await expect(train({ data, recipe: { epochs: 2, batch_size: 6 }, change: { checkpoint: held } })).rejects.toThrow();
  });

  it('of the same run that had ended is its result: nothing is trained again', async () => {
    const held = await saved({});
    const fitted = await train({ data, recipe: { epochs: 1, batch_size: 6 }, change: { checkpoint: held } });
    expect(fitted).toMatchObject({ imagesPerSecond: null, batches: 2, history: held.saved!.position.history });
    expect([...fitted!.state]).toEqual([...held.saved!.tensors.best!]);
  });
});
