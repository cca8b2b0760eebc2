import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { pytorch } from '../../../src/ml/export/pytorch.ts';
import { writeFiles } from '../../../src/ml/export/write-files.ts';
import type { ModelName } from '../../../src/ml/models/registry.ts';
import { missing } from '../../support/pytorch.ts';
import { largestDifference, modelOf, ourLogits, someImages } from './support/exported.ts';

const lacking = missing('torch');

/** One network of each family: starting PyTorch takes seconds. */
const FAMILIES: readonly ModelName[] = [
  ...(['convnet8', 'resnet8', 'resnet18', 'wrn_16_2', 'vgg8_bn', 'mobile_half', 'mobilenetv2'] as const),
  ...(['shuffle_v1', 'shuffle_v2', 'shufflenet_v2_x0_5', 'ghostnet', 'efficientnet_v2_s'] as const),
];

describe.skipIf(lacking)(`the exported PyTorch program ${lacking ?? ''}`, () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await createEngine('wasm', { threads: 1 });
    folder = mkdtempSync(join(tmpdir(), 'kdpipe-torch-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await engine.dispose();
  });

  it.each(FAMILIES)('gives the logits of %s', async (name) => {
    const model = modelOf(name);
    const images = someImages(model, 3);
    writeFiles(folder, pytorch.files(model));
    const found = await pytorch.logits(folder, model, images);
    if ('unavailable' in found) throw new Error(found.unavailable);
    expect(found.by).toMatch(/^PyTorch \d/);
    expect(largestDifference(found.values, ourLogits(engine, model, images))).toBeLessThan(2e-4);
  });
});
