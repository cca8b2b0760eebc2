import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { checkAugmentation } from '../../../src/ml/plugins/check-augmentation.ts';
import { checkMetric } from '../../../src/ml/plugins/check-metric.ts';
import { checkModel } from '../../../src/ml/plugins/check-model.ts';
import { loadPlugin } from '../../../src/ml/plugins/load-plugin.ts';
import { readmePlugin } from '../../support/readme-plugins.ts';

const folder = mkdtempSync(join(tmpdir(), 'kdpipe-check-entries-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is found of the entries of a plugin with this text, or what it is refused for. */
async function tried(text: string): Promise<unknown> {
  const path = join(folder, 'tried.ts');
  writeFileSync(path, text);
  try {
    const { models = {}, metrics = {}, augmentations = {} } = await loadPlugin({ path, shown: 'tried.ts' });
    for (const [name, model] of Object.entries(models)) return await checkModel(name, model, 'tried.ts');
    for (const [name, metric] of Object.entries(metrics)) return checkMetric(name, metric, 'tried.ts');
    for (const [name, augmentation] of Object.entries(augmentations))
      return checkAugmentation(name, augmentation, 'tried.ts');
    return undefined;
  } catch (error) {
    if (error instanceof FailureError) return error.message;
    throw error;
  }
}

const [model, metric, hole] = ['my-model.ts', 'my-metric.ts', 'my-augmentation.ts'].map(readmePlugin);
const drawing = model!.replace('if (block > 1)', "net.dropout('d', x, 0.5);\n      if (block > 1)");

describe('what README.md shows', () => {
  it('stands as a model', async () => {
    expect(await tried(model!)).toMatchObject({ side: 8, parameters: 1655, macs: 16_176 });
  });

  it('stands as a metric', async () => {
    expect(await tried(metric!)).toBeGreaterThan(0);
  });

  it('stands as an augmentation', async () => {
    expect(await tried(hole!)).toEqual({ changed: 8, pictures: 8 });
  });
});

describe('an entry of a plugin', () => {
  it.each([
    ['leaves a layer unread', drawing.replace('dropout: false', 'dropout: true'), 'nothing reads its layer d'],
    ['draws and says that it does not', drawing, 'its dropout is false, and a layer of it draws'],
    ['has another block', model!.replace('[1, 2, 3], //', '[1, 2], //'), 'its blocks are [1, 2], and its taps block1'],
    [
      'is no network',
      model!.replace('return net.', 'return { ...input, layers: [] }; net.'),
      'it has layers, names or taps that no network can have',
    ],
    ['has other logits', model!.replace("'fc', classes", "'fc', classes: 7"), 'it has 7 logits for 3 classes'],
    ['is half a model', model!.replace('minimumSize: 8,', ''), 'models.Tiny.minimumSize is missing'],
    ['is no number', metric!.replace('-logs', 'NaN * logs'), 'metrics.nll_bits: its value is NaN'],
    [
      'changes logits',
      metric!.replace('-logs', 'predictions.logits.fill(1)[0] ?? -logs'),
      'it changes the predictions',
    ],
    ['changes its picture', hole!.replace('.slice()', ''), 'it changes the picture that it gets'],
    ['draws elsewhere', hole!.replace('pick(side, uniform)', 'pick(side, Math.random)'), 'two pictures of one'],
    ['makes another size', hole!.replace('pixels };', 'height: 1 };'), 'what it makes is no such picture'],
  ])('is refused where it %s', async (_, text, said) => {
    expect(await tried(text)).toContain(said);
  });
});
