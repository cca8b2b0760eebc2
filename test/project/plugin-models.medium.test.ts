import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, preview, run, type RunResult } from '../../src/api.ts';
import { isFailure } from '../../src/core/failure.ts';
import { readModel } from '../../src/ml/inference/trained-model.ts';
import { describePlugin } from '../../src/project/plugins.ts';

let folder: string;
let result: RunResult;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-plugin-models-')));
  writeFileSync(join(folder, 'pipeline.yaml'), pipeline);
  writeFileSync(join(folder, 'my-model.ts'), plugin);
  result = await run('pipeline.yaml', { cwd: folder, slots: 2 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What README.md shows: convnet4 written anew. */
const plugin = /```ts\n\/\/ pipelines\/my-model\.ts\n(.*?)```/s.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';

const pipeline = `
plugins: [my-model.ts]
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
  files: { uses: export, with: { of: '\${stages.student[model=Tiny]}', to: [onnx, safetensors] } }
`;

const weightsOf = (cell: string) => readModel(join(result.entries.get(cell)?.path ?? '', 'weights.safetensors'));

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
    writeFileSync(join(folder, 'my-model.ts'), plugin.replace('kernel: 3', 'kernel: 5'));
    const previews = await preview('pipeline.yaml', { cwd: folder });
    const anew = previews.filter(({ resolution }) => resolution.status !== 'reuse').map(({ cell }) => cell.id);
    expect(anew.filter((cell) => !cell.includes('Tiny'))).toEqual(['files']);
    expect(anew).toHaveLength(7);
    writeFileSync(join(folder, 'my-model.ts'), plugin);
    expect((await run('pipeline.yaml', { cwd: folder })).ran).toBe(0);
  });

  it.each([
    ['a name of ours', plugin.replaceAll('Tiny', 'resnet8'), 'models.resnet8, which is there already'],
    [
      'no table',
      plugin.replace('return net.classifier', 'return { ...input, layers: [], taps: {} }; net.classifier'),
      'models.Tiny: Tiny does not end in a linear layer',
    ],
    ['half a model', plugin.replace('minimumSize: 8,', ''), 'models.Tiny.minimumSize is missing'],
    [
      'other classes than are asked for',
      plugin.replace("'fc', classes", "'fc', classes: 7"),
      'it has 7 logits for 10 classes',
    ],
  ])('is refused where it has %s', async (_, text, said) => {
    writeFileSync(join(folder, 'other.ts'), text);
    const other = { file: join(folder, 'other.yaml'), text: pipeline.replace('my-model.ts', 'other.ts') };
    const checked = await check(other, { cwd: folder });
    expect(checked.ok ? '' : checked.failures.map(({ message }) => message).join()).toContain(said);
  });

  it('is tried by kdpipe check', async () => {
    const tried = async (text: string) => {
      const path = join(folder, 'tried.ts');
      writeFileSync(path, text);
      try {
        return (await describePlugin(path, { shown: 'tried.ts', checked: true })).tried;
      } catch (error) {
        return isFailure(error, 'invalid-plugin') ? error.message : error;
      }
    };
    expect(await tried(plugin)).toEqual([
      expect.stringMatching(/^Tiny: 1,655 parameters, 16,176 multiply-accumulates/),
    ]);
    const unread = plugin.replace('if (block > 1)', "net.dropout('d', x, 0.5);\n      if (block > 1)");
    expect(await tried(unread.replace('dropout: false', 'dropout: true'))).toContain('nothing reads its layer d');
    expect(await tried(unread)).toContain('its dropout is false, and a layer of it draws');
    expect(await tried(plugin.replace('[1, 2, 3], //', '[1, 2], //'))).toContain('its blocks are [1, 2], and its taps');
  });
});
