import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, preview, run, type RunResult } from '../../src/api.ts';
import { readModel } from '../../src/ml/inference/trained-model.ts';
import { describePlugin } from '../../src/project/plugins.ts';
import { readmePlugin } from '../support/readme-plugins.ts';

let folder: string;
let result: RunResult;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-plugin-models-')));
  writeFileSync(join(folder, 'pipeline.yaml'), pipeline);
  writeFileSync(join(folder, 'my-model.ts'), plugin);
  for (const name of ['my-metric.ts', 'my-augmentation.ts']) writeFileSync(join(folder, name), readmePlugin(name));
  result = await run('pipeline.yaml', { cwd: folder, slots: 2 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** convnet4 written anew. */
const plugin = readmePlugin('my-model.ts');

const pipeline = `
plugins: [my-model.ts, my-metric.ts, my-augmentation.ts]
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 60, val: 20, test: 20 } } }
  larger: { uses: dataset, with: { source: mnist-digits, image_size: 40, limit: { train: 60, val: 20, test: 20 } } }
  teacher:
    uses: train-teacher
    matrix: { model: [convnet4, Tiny] }
    with: { data: '\${stages.digits}', epochs: 1, dropout: 0.2 }
  student:
    uses: distill-student
    matrix: { model: [convnet4, Tiny] }
    with:
      {
        data: '\${stages.digits}',
        teacher: '\${stages.teacher}',
        weights: '\${stages.teacher}',
        kd_method: AT,
        blocks: [1, 3],
        kd_weight: 1,
        epochs: 1,
      }
  score: { uses: evaluate, matrix: { of: ['\${stages.teacher}', '\${stages.student}'], data: ['\${stages.digits}', '\${stages.larger}'] } }
  varied: { uses: train-teacher, matrix: { augment: [cutout, hole] }, with: { data: '\${stages.digits}', model: convnet4, epochs: 1 } }
  bits: { uses: evaluate, with: { of: '\${stages.teacher[model=convnet4]}', data: '\${stages.digits}', extra_metrics: [nll_bits] } }
  files: { uses: export, with: { of: '\${stages.student[model=Tiny]}', to: [onnx, safetensors] } }
tables:
  bits: { from: bits, rows: [model], columns: [test.nll, test.nll_bits] }
`;

const weightsOf = (cell: string) => readModel(join(result.entries.get(cell)?.path ?? '', 'weights.safetensors'));

/** The cells that would run after edits of plugins. */
async function anewAfter(...edits: readonly (readonly [file: string, from: string, to: string])[]) {
  for (const [file, from, to] of edits) writeFileSync(join(folder, file), readmePlugin(file).replace(from, to));
  const previews = await preview('pipeline.yaml', { cwd: folder });
  for (const [file] of edits) writeFileSync(join(folder, file), readmePlugin(file));
  return previews.flatMap(({ cell, resolution: { status } }) => (status === 'reuse' ? [] : [cell.id]));
}

describe('a model of a plugin', () => {
  it('trains as ours, to the bit, as a teacher, and as a student of it', () => {
    expect(result.status).toBe('done');
    for (const stage of ['teacher', 'student']) {
      const [ours, theirs] = ['convnet4', 'Tiny'].map((model) => weightsOf(`${stage}[model=${model}]`));
      expect(theirs!.state).toEqual(ours!.state);
      expect(theirs!.network.parameters).toEqual(ours!.network.parameters);
    }
  });

  it('is evaluated as ours, on images of another size too', () => {
    const scores = [...result.entries].flatMap(([cell, entry]) =>
      cell.startsWith('score') ? [[cell, readFileSync(join(entry.path, 'metrics.json'), 'utf8')] as const] : [],
    );
    const theirs = scores.filter(([cell]) => cell.includes('Tiny'));
    expect(theirs).toHaveLength(4);
    for (const [cell, text] of theirs) expect(new Map(scores).get(cell.replace('Tiny', 'convnet4')), cell).toBe(text);
  });

  it('is exported: a card says whose it is, and its weights are read without the plugin', () => {
    const files = result.entries.get('files')?.path ?? '';
    expect(readFileSync(join(files, 'README.md'), 'utf8')).toContain('None of kdpipe’s own models: a plugin’s');
    expect(readModel(join(files, 'model.safetensors')).state).toEqual(weightsOf('student[model=Tiny]').state);
  });

  it('reruns the cells that train it when its file changes, and no others but those that read them', async () => {
    const anew = await anewAfter(['my-model.ts', 'kernel: 3', 'kernel: 5']);
    expect(anew.filter((cell) => !cell.includes('Tiny'))).toEqual(['files']);
    expect(anew).toHaveLength(7);
  });

  it('is refused where its name is one of ours', async () => {
    writeFileSync(join(folder, 'other.ts'), plugin.replaceAll('Tiny', 'resnet8'));
    const text = pipeline.replace(/plugins: .*/, 'plugins: [other.ts]');
    expect(await check({ file: join(folder, 'other.yaml'), text }, { cwd: folder })).toMatchObject({
      failures: [{ code: 'taken-name', message: 'the plugin adds models.resnet8, which is there already' }],
    });
  });

  it('is tried by kdpipe check', async () => {
    const { tried } = await describePlugin(join(folder, 'my-model.ts'), { shown: 'my-model.ts', checked: true });
    expect(tried).toEqual([expect.stringMatching(/^Tiny: 1,655 parameters, 16,176 multiply-accumulates at 8×8, /)]);
  });
});

describe('a metric of a plugin', () => {
  it('is measured beside ours', () => {
    const { val, test } = result.entries.get('bits')?.manifest().metrics as Record<string, Record<string, number>>;
    for (const scores of [val, test]) expect(scores?.['nll_bits']).toBeCloseTo(scores!['nll']! / Math.LN2, 12);
  });

  it('is refused where it is one of ours, which is measured in any case', async () => {
    const text = pipeline
      .replace(/plugins: .*/, '')
      .replace('[convnet4, Tiny]', '[convnet4]')
      .replace('extra_metrics: [nll_bits]', 'extra_metrics: [accuracy]');
    const checked = await check({ file: join(folder, 'other.yaml'), text }, { cwd: folder });
    expect(checked.ok ? [] : checked.failures).toContainEqual(
      expect.objectContaining({
        code: 'no-effect',
        message: expect.stringContaining('accuracy is measured') as unknown,
      }),
    );
  });
});

describe('an augmentation of a plugin', () => {
  it('varies pictures as ours, to the bit, in the threads that make batches', () => {
    const [ours, theirs] = ['cutout', 'hole'].map((augment) => weightsOf(`varied[augment=${augment}]`).state);
    expect(theirs).toEqual(ours);
    expect(theirs).not.toEqual(weightsOf('teacher[model=convnet4]').state);
  });

  it('reruns, as a metric does, the cells that name it when its file changes, and no others', async () => {
    const [metric, augmentation] = [
      ['my-metric.ts', 'LN2', 'LN10'] as const,
      ['my-augmentation.ts', '>> 2', '>> 3'] as const,
    ];
    expect(await anewAfter(metric, augmentation)).toEqual(['bits', 'varied[augment=hole]']);
  });
});
