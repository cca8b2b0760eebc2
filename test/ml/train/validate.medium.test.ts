import { afterAll, describe, expect, it } from 'vitest';
import { directLoader } from '../../../src/ml/data/batch-loader.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { BatchImages } from '../../../src/ml/inference/batch-images.ts';
import type { TrainingJob } from '../../../src/ml/train/job.ts';
import { predict } from '../../../src/ml/inference/predict.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { Objectives } from '../../../src/ml/train/objectives.ts';
import { requireValidation, validate } from '../../../src/ml/train/validate.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { heldCheckpoint, recipeWith, stepsOn } from '../../support/training-job.ts';

const data = paintedSet({ train: 6, val: 11 });
const network = networkFor('convnet4', data.manifest);
const engine = await createEngine('wasm', { threads: 1 });
const session = engine.session(network, { optimizer: null, average: true, threads: 1 });
const other = engine.session(network, { optimizer: null, threads: 1 });
const weights = initialState(network, 1);
const average = initialState(network, 2);
session.write(weights);
session.writeAverage(average);
other.write(average);
afterAll(() => engine.dispose());

const recipe = recipeWith({ batch_size: 4 });
const images = new BatchImages(engine, data.manifest);
const job = (change: Partial<TrainingJob> = {}): TrainingJob => ({
  ...{
    recipe,
    data,
    ...stepsOn(engine, directLoader(data.split('train'), data.manifest, recipe)),
    images,
    network,
    session,
    kd: null,
    initial: weights,
    objectives: new Objectives({ session, images, kd: null, recipe, data }),
  },
  ...{ checkpoint: heldCheckpoint(), signal: new AbortController().signal },
  ...{ progress: () => undefined, epoch: () => undefined, turn: () => Promise.resolve() },
  ...change,
});

/** Accuracy, mean of recalls and mean negative log likelihood, the long way round. */
async function byHand(of: typeof session) {
  const split = data.split('val');
  const { signal } = new AbortController();
  const logits = (await predict(of, split, { format: data.manifest, batchSize: 11, images, tta: 'none', signal }))!;
  const rows = Array.from({ length: 11 }, (_, image) => [...logits.subarray(image * 3, image * 3 + 3)]);
  const hit = rows.map((row, image) => Number(row.indexOf(Math.max(...row)) === split.labels[image]));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const recalls = [0, 1, 2].map((label) => mean(hit.filter((_, image) => split.labels[image] === label)));
  const nll = rows.map(
    (row, image) => Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - row[split.labels[image]!]!,
  );
  return { accuracy: mean(hit), mpa: mean(recalls), loss: mean(nll) };
}

describe('validation', () => {
  it('measures the present weights on the validation split, its last batch too', async () => {
    const expected = await byHand(session);
    const found = (await validate(job()))!;
    expect(found.val_accuracy).toBeCloseTo(expected.accuracy, 12);
    expect(found.val_mpa).toBeCloseTo(expected.mpa, 12);
    expect(found.val_loss).toBeCloseTo(expected.loss, 6);
  });

  it('measures the moving average where there is one, and leaves the weights that are trained alone', async () => {
    const before = session.read().get('fc.weight')!.slice();
    const found = (await validate(job({ recipe: { ...recipe, ema: true } })))!;
    expect(found.val_loss).toBeCloseTo((await byHand(other)).loss, 6);
    expect(found.val_loss).not.toBeCloseTo((await byHand(session)).loss, 6);
    expect(session.read().get('fc.weight')).toEqual(before);
  });

  it('of a set without validation images has no numbers', async () => {
    const unsplit = paintedSet({ train: 6 });
    expect(await validate(job({ data: unsplit }))).toEqual({ val_accuracy: null, val_mpa: null, val_loss: null });
  });

  it('ends without numbers when it is stopped', async () => {
    expect(await validate(job({ signal: AbortSignal.abort() }))).toBeUndefined();
  });
});

describe('selecting by validation', () => {
  it.each(['val.accuracy', 'val.loss', 'val.mpa'] as const)('by %s needs validation images', (select) => {
    expect(() => requireValidation(data.manifest, select)).not.toThrow();
    const { manifest } = paintedSet({ train: 6 });
    expect(() => requireValidation(manifest, select)).toThrow(
      `select is ${select}, and the dataset has no validation images`,
    );
    expect(() => requireValidation(manifest, 'last')).not.toThrow();
  });
});
