import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { tfjs } from '../../../src/ml/export/tfjs.ts';
import { writeFiles } from '../../../src/ml/export/write-files.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { findPackage } from '../../../src/util/optional-package.ts';
import { largestDifference, modelOf, ourLogits, someImages } from './support/exported.ts';

const lacking = findPackage('@tensorflow/tfjs', 'KDPIPE_TFJS')
  ? undefined
  : 'needs @tensorflow/tfjs: KDPIPE_TFJS names a folder with it';

describe.skipIf(lacking)(`a graph model beside TensorFlow.js ${lacking ?? ''}`, () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await createEngine('wasm', { threads: 1 });
    folder = mkdtempSync(join(tmpdir(), 'kdpipe-tfjs-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await engine.dispose();
  });

  it.each(Object.keys(models) as ModelName[])('gives the logits of %s', async (name) => {
    const model = modelOf(name);
    const images = someImages(model, 2);
    writeFiles(folder, tfjs.files(model));
    const found = await tfjs.logits(folder, model, images);
    if ('unavailable' in found) throw new Error(found.unavailable);
    expect(found.by).toMatch(/^@tensorflow\/tfjs \d/);
    expect(largestDifference(found.values, ourLogits(engine, model, images))).toBeLessThan(2e-5);
  });
});
