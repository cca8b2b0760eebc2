import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { loadRuntime } from '../../../src/ml/inference/onnx/runtime.ts';
import { onnx } from '../../../src/ml/export/onnx.ts';
import { writeFiles } from '../../../src/ml/export/write-files.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { largestDifference, modelOf, ourLogits, someImages } from './support/exported.ts';

const runtime = loadRuntime();
const lacking = 'unavailable' in runtime ? runtime.unavailable : undefined;

describe.skipIf(lacking)(`ONNX beside ONNX Runtime ${lacking ?? ''}`, () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await createEngine('wasm', { threads: 1 });
    folder = mkdtempSync(join(tmpdir(), 'kdpipe-onnx-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await engine.dispose();
  });

  it.each(Object.keys(models) as ModelName[])('gives the logits of %s', async (name) => {
    const model = modelOf(name);
    const images = someImages(model, 3);
    writeFiles(folder, onnx.files(model));
    const found = await onnx.logits(folder, model, images);
    if ('unavailable' in found) throw new Error(found.unavailable);
    expect(found.by).toMatch(/^onnxruntime-node \d/);
    expect(largestDifference(found.values, ourLogits(engine, model, images))).toBeLessThan(2e-4);
  });
});
