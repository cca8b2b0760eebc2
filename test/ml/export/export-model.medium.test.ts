import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { exportModel } from '../../../src/ml/export/export-model.ts';
import { sampleImages } from '../../../src/ml/export/sample-images.ts';
import { safetensors } from '../../../src/ml/export/safetensors.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { modelOf } from './support/exported.ts';

const folder = mkdtempSync(join(tmpdir(), 'kdpipe-export-'));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await disposeEngines();
});

const model = modelOf('resnet8');
const images = await sampleImages(model);

describe('an export', () => {
  const wanted = { model, formats: ['safetensors'], folder, images, origin: {} } as const;

  it('is checked by what reads it', async () => {
    const [exported] = await exportModel(wanted);
    expect(exported).toMatchObject({ difference: 0, files: ['model.safetensors', 'config.json'] });
    expect(readdirSync(folder).sort()).toEqual(['README.md', 'config.json', 'model.safetensors']);
  });

  it.each([
    ['other logits', (value: number) => value + 0.05],
    ['a logit that is no number', (value: number, at: number) => (at === 3 ? NaN : value)],
  ])('that gives %s is none: its files are removed', async (_, change) => {
    const { logits: read } = { ...safetensors };
    const spy = vi.spyOn(safetensors, 'logits').mockImplementation(async (...args) => {
      const found = await read(...args);
      return 'values' in found ? { ...found, values: Array.from(found.values).map(change) } : found;
    });
    await expect(exportModel(wanted)).rejects.toThrow(/other logits for the exported resnet8/);
    expect(existsSync(join(folder, 'model.safetensors'))).toBe(false);
    spy.mockRestore();
  });
});
