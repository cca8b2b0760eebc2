import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { augmentations } from '../../../src/ml/augment/registry.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { StageInterrupted } from '../../../src/stages/stage-kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { metric, Workshop, type Circumstances, type Made } from '../../support/stage-workshop.ts';

const workshop = new Workshop();
const recipe = { model: 'convnet4', epochs: 4, lr: 1e-2, batch_size: 16 };
const lively = { ...recipe, augment: 'randaugment', mixup: 'cutmix', flip: true };
let data: string;
beforeAll(async () => {
  data = await workshop.digits({ train: 120, val: 50, test: 50 });
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

const make = (params: JsonObject, circumstances: Circumstances = {}): Promise<Made> =>
  workshop.make(trainTeacher, params, { data }, circumstances);
const weightsOf = (made: Made): string => readFileSync(join(made.folder, 'weights.safetensors'), 'base64');
/** Channels to other threads: each thread that makes batches has one. */
const channels = (): number => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;

describe('a stage that augments', () => {
  it('makes of every policy, of flipping and of either mixing something of its own', async () => {
    const changes: JsonObject[] = [
      ...Object.keys(augmentations).map((augment) => ({ augment })),
      ...[{ mixup: 'mixup' }, { mixup: 'cutmix' }, { flip: true }],
    ];
    const weights: string[] = [];
    for (const change of changes)
      weights.push(weightsOf(await make({ ...recipe, epochs: 1, select: 'last', ...change })));
    expect(new Set(weights).size).toBe(changes.length);
    expect(weightsOf(await make({ ...recipe, epochs: 1, select: 'last' }))).toBe(weights[0]);
  });

  it('that is stopped and runs again makes the same bytes, though batches were made ahead when it stopped', async () => {
    const whole = await make(lively, { threads: 2 });
    const scratch = workshop.folder();
    const stopper = new AbortController();
    const told: Circumstances['told'] = ({ type }) => (type === 'metric' ? stopper.abort() : undefined);
    await expect(make(lively, { scratch, signal: stopper.signal, told })).rejects.toThrow(StageInterrupted);
    expect(weightsOf(await make(lively, { scratch }))).toBe(weightsOf(whole));
  });

  it('has a higher training loss the more it mixes: no network can be sure of a mixed image', async () => {
    const plain = await make({ ...recipe, epochs: 12 });
    const mixed = await make({ ...recipe, epochs: 12, mixup: 'mixup' });
    expect(metric(mixed, 'train.loss')).toBeGreaterThan(metric(plain, 'train.loss') + 0.1);
  });
});

describe('the thread that makes batches', () => {
  it('is gone when the stage has ended, was stopped, or has failed', async () => {
    const before = channels();
    let during = 0;
    await make(lively, { told: () => (during = Math.max(during, channels())) });
    expect(during).toBe(before + 1);
    expect(channels()).toBe(before);
    await expect(make(lively, { signal: AbortSignal.abort() })).rejects.toThrow(StageInterrupted);
    expect(channels()).toBe(before);
    await expect(make({ ...lively, lr: 1e30, min_lr: 0, optimizer: 'sgd' })).rejects.toThrow('the loss became NaN');
    expect(channels()).toBe(before);
  });
});
