import { describe, expect, it } from 'vitest';
import { measure } from '../../../src/ml/bench/measure.ts';

const options = { model: 'convnet4', engine: 'wasm', threads: 1, batch: 4, side: 8, seconds: 0.01 } as const;

describe('measure', () => {
  it('gives both speeds of a model, and of what', async () => {
    const measured = await measure(options);
    expect(measured).toMatchObject({ model: 'convnet4', engine: 'wasm', threads: 1, batch: 4, side: 8 });
    expect(measured.training).toBeGreaterThan(1);
    expect(measured.frozen).toBeLessThan(1e7);
  });

  it('takes images of the model’s own size unless told', async () => {
    expect(await measure({ ...options, side: undefined })).toMatchObject({ side: 32 });
  });

  it('refuses images that the model cannot take', async () => {
    await expect(measure({ ...options, model: 'resnet50' })).rejects.toThrow('resnet50 cannot take 8×8 images');
  });

  it('refuses a batch that does not fit, and says which would', async () => {
    await expect(measure({ ...options, model: 'resnet8', side: 32, batch: 100_000 })).rejects.toThrow(
      /needs \d+\.\d+ GiB/,
    );
  });
});
