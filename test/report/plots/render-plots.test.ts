import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
  lstatSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan, PlotPlan } from '../../../src/core/plan.ts';
import { checkPlotPlaces, checkPlots, writePlots } from '../../../src/report/plots/plot-files.ts';
import { plotFiles, plotProblems, renderPlots, type RenderedPlot } from '../../../src/report/plots/render-plots.ts';
import { accuracy, cell, outcomes, plan } from '../sample-plan.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'kdpipe-plots-'))));
afterEach(() => {
  chmodSync(root, 0o755);
  rmSync(root, { recursive: true, force: true });
});

const cells = [0.2, 0.8].map((kd_ratio) => cell(`s[${kd_ratio}]`, { kd_ratio, kd_method: 'AT' }));
const results = outcomes({ 's[0.2]': accuracy(0.7), 's[0.8]': accuracy(0.75) });
const context = { run: 'r1', commit: 'abc', command: 'kdpipe run study.yaml', pipelineFolder: '' };
const least: PlotPlan = {
  ...{ name: 'ratio', cells: cells.map(({ id }) => id), x: 'kd_ratio', y: 'test.accuracy', series: [] },
  ...{ scale: 'linear', into: 'plots/ratio.svg' },
};

/** A plan with plots. */
const withPlots = (...changes: readonly Partial<PlotPlan>[]): Plan => ({
  ...plan(cells),
  plots: changes.map((change) => ({ ...least, ...change })),
});

/** Draws plots of a run. */
const draw = (
  run = 'r1',
  found = results,
  ...changes: readonly Partial<PlotPlan>[]
): Promise<readonly RenderedPlot[]> =>
  renderPlots(withPlots(...(changes.length > 0 ? changes : [{}])), found, { ...context, run, pipelineFolder: root });

const file = (): string => join(root, 'plots/ratio.svg');
const other = outcomes({ 's[0.2]': accuracy(0.71), 's[0.8]': accuracy(0.75) });

describe('drawn plots', () => {
  it('name the run, commit and command that they are of', async () => {
    const [plot] = await draw();
    expect(plot?.text.split('\n')[1]).toBe(
      '<desc>kdpipe plot ratio of study. Run r1, commit abc: kdpipe run study.yaml</desc>',
    );
    const [escaped] = await renderPlots(withPlots({}), results, { ...context, commit: null, command: 'a </desc> & b' });
    expect(escaped?.text.split('\n')[1]).toBe(
      '<desc>kdpipe plot ratio of study. Run r1: a &lt;/desc&gt; &amp; b</desc>',
    );
  });

  it('may have a look of their own', async () => {
    const encoding = { x: { field: 'kd_ratio', type: 'ordinal' }, y: { field: 'y', type: 'quantitative' } };
    writeFileSync(join(root, 'own.vl.json'), JSON.stringify({ data: { name: 'points' }, mark: 'bar', encoding }));
    const [plot] = await draw('r1', results, { template: 'own.vl.json' });
    expect(plot?.text.match(/aria-roledescription="bar"/g)).toHaveLength(2);
    expect(plot?.text).toContain('kd_ratio: 0.8; y: 0.75');
  });

  it('fail with the failures of all', async () => {
    await expect(draw('r1', results, { x: 'nothing' }, {}, { template: 'gone.json' })).rejects.toMatchObject({
      failures: [{ code: 'unknown-row-name' }, { code: 'unreadable-template', place: { file: 'gone.json' } }],
    });
  });
});

describe('what is wrong with plots before anything has run', () => {
  it('is found without results, their templates included', async () => {
    writeFileSync(join(root, 'own.json'), '{ "data": { "url": "https://example.invalid/" }, "mark": "bar" }');
    writeFileSync(join(root, 'list.json'), '[]');
    const whole = withPlots({}, { x: 'kd_method' }, { template: 'own.json' }, { template: 'list.json' });
    expect((await plotProblems(whole, root)).map(({ code }) => code)).toEqual([
      ...['bad-plot', 'bad-plot', 'unreadable-template'],
    ]);
    expect(await plotProblems(withPlots({}), root)).toEqual([]);
  });

  it('is a place that may not be written, is no plot, or is taken', async () => {
    mkdirSync(join(root, 'plots'));
    writeFileSync(join(root, 'plots/mine.svg'), '<svg/>');
    writeFileSync(join(root, 'flat'), '');
    const plots = withPlots({}, { name: 'twice' }, { into: 'plots/mine.svg' }, { into: 'flat/p.svg' }).plots;
    expect((await checkPlotPlaces(plots, root)).map(({ code, place }) => `${place?.file ?? ''}: ${code}`)).toEqual([
      'plots/ratio.svg: one-file',
      'plots/mine.svg: not-a-plot',
      'flat/p.svg: unwritable-file',
    ]);
  });
});

describe('writing plots', () => {
  it('makes files and folders, and says so', async () => {
    const plots = await draw();
    expect(await writePlots(plots, root)).toEqual([{ what: 'plot ratio', file: 'plots/ratio.svg', changed: true }]);
    expect(readFileSync(file(), 'utf8')).toBe(plots[0]?.text);
  });

  it('does not touch a file of the same results, whichever run made it', async () => {
    await writePlots(await draw('r1'), root);
    const before = readFileSync(file(), 'utf8');
    expect(await writePlots(await draw('r2'), root)).toMatchObject([{ changed: false }]);
    expect(readFileSync(file(), 'utf8')).toBe(before);
    expect(await writePlots(await draw('r3', other), root)).toMatchObject([{ changed: true }]);
    expect(readFileSync(file(), 'utf8')).toContain('Run r3');
  });

  it('does not overwrite what is no plot, and then writes none', async () => {
    mkdirSync(join(root, 'plots'));
    writeFileSync(join(root, 'plots/mine.svg'), '<svg><desc>by hand</desc></svg>');
    const plots = await draw('r1', results, {}, { name: 'mine', into: 'plots/mine.svg' });
    await expect(writePlots(plots, root)).rejects.toMatchObject({
      failures: [{ code: 'not-a-plot', place: { file: 'plots/mine.svg' } }],
    });
    expect(existsSync(file())).toBe(false);
    expect(readFileSync(join(root, 'plots/mine.svg'), 'utf8')).toBe('<svg><desc>by hand</desc></svg>');
  });

  it('follows a link to the file that it names, as a table does, and refuses one that leads nowhere', async () => {
    mkdirSync(join(root, 'plots'));
    mkdirSync(join(root, 'kept'));
    const [drawn] = await draw('r1', other);
    writeFileSync(join(root, 'kept/ratio.svg'), drawn?.text ?? '');
    symlinkSync('../kept/ratio.svg', file());
    const plots = await draw('r2');
    expect(await writePlots(plots, root)).toMatchObject([{ changed: true }]);
    expect(lstatSync(file()).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(root, 'kept/ratio.svg'), 'utf8')).toBe(plots[0]?.text);
    const both = withPlots({}, { name: 'same', into: 'kept/ratio.svg' }).plots;
    expect(await checkPlotPlaces(both, root)).toMatchObject([{ code: 'one-file' }]);
    rmSync(join(root, 'kept/ratio.svg'));
    expect(await checkPlotPlaces(both.slice(0, 1), root)).toMatchObject([{ code: 'unwritable-file' }]);
    await expect(writePlots(plots, root)).rejects.toMatchObject({ failures: [{ code: 'unwritable-file' }] });
  });

  it('says why a folder cannot be written', async () => {
    writeFileSync(join(root, 'plots'), '');
    await expect(writePlots(await draw(), root)).rejects.toMatchObject({ failures: [{ code: 'unwritable-file' }] });
  });
});

describe('checking plots', () => {
  it('finds nothing where the results are the same, of whichever run', async () => {
    await writePlots(await draw('r1'), root);
    expect(await checkPlots(await draw('r2'), root)).toEqual([]);
  });

  it('finds a missing file, other results, and an edited number, and shows the marks that differ', async () => {
    const plots = await draw();
    expect(await checkPlots(plots, root)).toEqual([
      { what: 'plot ratio', file: 'plots/ratio.svg', diff: ['there is no such file'] },
    ]);
    await writePlots(await draw('r1', other), root);
    const [drift] = await checkPlots(plots, root);
    expect(drift?.diff).toContain('-kd_ratio: 0.2; test.accuracy: 0.71');
    expect(drift?.diff).toContain('+kd_ratio: 0.2; test.accuracy: 0.7');
    await writePlots(plots, root);
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('test.accuracy: 0.75', 'test.accuracy: 0.76'));
    expect((await checkPlots(plots, root))[0]?.diff).toEqual([
      '-kd_ratio: 0.8; test.accuracy: 0.76',
      '+kd_ratio: 0.8; test.accuracy: 0.75',
    ]);
    await writePlots(plots, root);
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('M0,0h480v300h-480Z', 'M0,0h480v300h-400Z'));
    expect((await checkPlots(plots, root))[0]?.diff).toHaveLength(2);
  });
});

describe('the files of plots', () => {
  it('are what they are made from, and where they stand', () => {
    expect(plotFiles(withPlots({}, { template: 'own.json', into: 'b.svg' }).plots, '/study', '/root')).toEqual([
      '/root/plots/ratio.svg',
      '/root/b.svg',
      '/study/own.json',
    ]);
  });
});
