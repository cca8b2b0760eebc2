import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, preview, run } from '../../src/api.ts';
import { pluginTemplate } from '../../src/cli/init/plugin-template.ts';
import { describePlugin } from '../../src/project/plugins.ts';

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-plugins-')));
  mkdirSync(join(folder, 'methods'));
  write('pipeline.yaml', pipeline);
  write('methods/mine.ts', template);
  write('methods/loss.js', losses);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, text: string) => {
  writeFileSync(join(folder, path), text);
};
/** Soft targets, as our own method has them but for the name of its option. */
const template = pluginTemplate('mine').text;
/** Cross entropy without smoothing. */
const losses = `
import { logSoftmax, mean, mul, oneHot, sumRows } from 'kdpipe/plugin';
const of = (logits, labels) => mul(mean(sumRows(mul(oneHot(labels, logits.shape[1]), logSoftmax(logits)))), -1);
export default { losses: { plain: { summary: 'cross entropy', source: 'everybody', of } } };
`;

const pipeline = `
plugins: [methods/mine.ts, methods/loss.js]
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 60, val: 20 } } }
  teacher: { uses: train-teacher, with: { data: '\${stages.digits}', model: convnet4, epochs: 1 } }
  student:
    uses: distill-student
    matrix: { kd_method: [SoftTarget, Mine] }
    with: { data: '\${stages.digits}', model: convnet4, teacher: '\${stages.teacher}', kd_ratio: 0.5, epochs: 1 }
  both:
    uses: distill-student
    with: { data: '\${stages.digits}', model: convnet4, teacher: '\${stages.teacher}', epochs: 1, kd: [{ method: Mine, ratio: 0.5, softness: 2 }] }
  plain: { uses: train-teacher, with: { data: '\${stages.digits}', model: convnet4, epochs: 1, loss: plain } }
  ours: { uses: train-teacher, with: { data: '\${stages.digits}', model: convnet4, epochs: 1, label_smoothing: 0 } }
`;
const cells = ['student[kd_method=SoftTarget]', 'student[kd_method=Mine]', 'both'] as const;

/** What a pipeline with this plugin, or these names, is refused for. */
async function failuresOf(plugin: string, text = pipeline) {
  write('methods/other.ts', plugin);
  const file = join(folder, 'other.yaml');
  const checked = await check({ file, text: text.replace('mine.ts', 'other.ts') }, { cwd: folder });
  return checked.ok ? [] : checked.failures;
}

describe('plugins of a pipeline', () => {
  it('trains with a method of one: our own method written anew makes the same student, to the bit', async () => {
    const { status, entries } = await run('pipeline.yaml', { cwd: folder, slots: 2 });
    expect(status).toBe('done');
    const [ours, theirs, both] = cells.map((cell) =>
      readFileSync(join(entries.get(cell)?.path ?? '', 'weights.safetensors')),
    );
    expect(theirs?.equals(ours!)).toBe(true);
    expect(both?.equals(ours!)).toBe(false);
  });

  it('trains with a loss of one', async () => {
    const { entries, ran } = await run('pipeline.yaml', { cwd: folder });
    expect(ran).toBe(0);
    const [ours, theirs] = ['ours', 'plain'].map(
      (cell) => entries.get(cell)!.manifest().metrics['train'] as { loss: number },
    );
    expect(theirs!.loss).toBeCloseTo(ours!.loss, 4);
    expect(
      entries
        .get('plain')!
        .manifest()
        .sources.map(({ name }) => name),
    ).toEqual(['plugins.losses.plain']);
  });

  it('keeps results under the content of its file: cells that name it run anew when it changes, and no others', async () => {
    write('methods/mine.ts', template.replace('T ** 2', 'T * T'));
    const previews = await preview('pipeline.yaml', { cwd: folder });
    const anew = previews.filter(({ resolution }) => resolution.status !== 'reuse').map(({ cell }) => cell.id);
    expect(anew.sort()).toEqual([cells[2], cells[1]]);
    write('methods/mine.ts', template);
    expect((await run('pipeline.yaml', { cwd: folder })).ran).toBe(0);
  });

  it('checks its options as all others', async () => {
    const [failure] = await failuresOf(template, pipeline.replace('softness: 2', 'softness: -2'));
    expect(failure).toMatchObject({ code: 'out-of-range', place: { line: 12 } });
    const wrong = pipeline
      .replace('kd_method: [SoftTarget, Mine]', 'kd_method: [SoftTarget]')
      .replace('epochs: 1 }\n  both', 'softness: 3, epochs: 1 }\n  both');
    expect(await failuresOf(template, wrong)).toMatchObject([{ code: 'no-effect' }]);
  });

  it.each([
    ['a name of ours', template.replaceAll('Mine', 'AT'), 'methods.AT, which is there already'],
    ['a parameter of the stage among its options', template.replaceAll('softness', 'epochs'), 'an option epochs'],
    [
      'an option of another method with another default',
      template.replaceAll('softness', 'temperature'),
      'an option temperature',
    ],
    ['nothing', 'export const mine = 1;', 'no default export'],
    ['a registry that takes none', 'export default { engines: {} };', 'engines cannot be added to'],
    ['half a method', "export default { methods: { Mine: { source: 'x' } } };", 'methods.Mine.options is missing'],
    ['an error', "throw new TypeError('no such thing');", 'TypeError: no such thing'],
  ])('refuses one that has %s', async (_, plugin, said) => {
    const failures = await failuresOf(plugin);
    expect(failures.map(({ message }) => message).join()).toContain(said);
  });

  it('refuses a file that is not there, at its place', async () => {
    const text = pipeline.replace('methods/mine.ts', 'methods/none.ts');
    const checked = await check({ file: join(folder, 'other.yaml'), text }, { cwd: folder });
    expect(checked).toMatchObject({ failures: [{ code: 'unreadable-plugin', place: { line: 2, column: 11 } }] });
  });

  it('runs none of a pipeline from elsewhere that nobody trusts', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'kdpipe-elsewhere-'));
    try {
      const checked = await check(join(folder, 'pipeline.yaml'), { cwd: elsewhere });
      expect(checked).toMatchObject({ failures: [{ code: 'untrusted-pipeline' }] });
      const trusted = await check(join(folder, 'pipeline.yaml'), { cwd: elsewhere, trust: true });
      expect(trusted.ok).toBe(true);
      expect((await check(join(folder, 'pipeline.yaml'), { cwd: elsewhere })).ok).toBe(true);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('is tried by kdpipe check: the one that init writes stands', async () => {
    const path = join(folder, 'methods/mine.ts');
    const { tried } = await describePlugin(path, { shown: 'mine.ts', checked: true });
    expect(tried).toEqual([
      expect.stringMatching(/^Mine: L = 0\.\d+ on some batch, gradients within \de-1\d of finite differences$/),
    ]);
    expect(template.split('\n').length).toBeLessThan(40);
  });
});
