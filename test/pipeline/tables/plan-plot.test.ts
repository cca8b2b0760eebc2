import { describe, expect, it } from 'vitest';
import type { PlotPlan } from '../../../src/core/plan.ts';
import type { StageKind } from '../../../src/stages/stage-kind.ts';
import { kinds } from '../support/kinds.ts';
import { failuresOf, planOf, problemsOf, underlined } from '../support/planning.ts';

const stages = [
  'params: { metric: test.accuracy, swept: 1 }',
  'stages:',
  '  data: { uses: dataset, with: { source: mnist } }',
  '  teacher:',
  '    uses: train-teacher',
  '    with: { data: "${stages.data}", model: resnet50 }',
  '  student:',
  '    uses: distill-student',
  '    matrix: { teacher: ["${stages.teacher}"], kd_method: [MGD, AT], kd_ratio: [0.2, 0.5], seed: [0, 1] }',
  '    with: { data: "${stages.data}", model: mobilenetv2 }',
  '  score:',
  '    uses: evaluate',
  '    matrix: { of: ["${stages.teacher}", "${stages.student}"] }',
  '    with: { data: "${stages.data}" }',
].join('\n');

/** The stages with one plot, whose body is given; the body stands in line 16. */
const withPlot = (body: string): string => `${stages}\nplots:\n  p: { ${body} }`;

/** What a plot needs at least. */
const least = 'from: score, x: kd_ratio, y: test.accuracy, over: kd_method, into: p.svg';

const plotOf = (body: string): PlotPlan | undefined => planOf(withPlot(body)).plots[0];

describe('a plot', () => {
  it('is in the plan with the cells that it reads', () => {
    expect(plotOf(least)).toEqual({
      name: 'p',
      cells: planOf(stages).cells.flatMap(({ id, stage }) => (stage === 'score' ? [id] : [])),
      x: 'kd_ratio',
      y: 'test.accuracy',
      series: [],
      over: ['kd_method'],
      scale: 'linear',
      into: 'p.svg',
    });
  });

  it('keeps all that it says', () => {
    const rest = 'series: kd_method, scale: log, title: Birds, baseline: { kd_method: none }, template: own.vl.json';
    expect(plotOf(`${least}, ${rest}`)).toMatchObject({
      series: ['kd_method'],
      scale: 'log',
      title: 'Birds',
      baseline: { kd_method: 'none' },
      template: 'own.vl.json',
    });
    expect(plotOf(`${least}, series: [kd_method, teacher.model]`)?.series).toEqual(['kd_method', 'teacher.model']);
  });

  it('takes a metric for x that no axis and no parameter is called, but no level lines beside it', () => {
    const evaluate = { ...kinds['evaluate'], metrics: () => ['test.accuracy', 'macs'] } as StageKind;
    const options = { kinds: { ...kinds, evaluate } };
    const body = 'from: score, x: macs, y: test.accuracy, series: [kd_method, kd_ratio], into: p.svg';
    expect(planOf(withPlot(body), options).plots[0]).toMatchObject({ x: 'macs', xFrom: 'metrics' });
    expect(planOf(withPlot(least), options).plots[0]).not.toHaveProperty('xFrom');
    expect(failuresOf(withPlot(`${body}, baseline: { kd_method: none }`), options)).toMatchObject([
      { code: 'useless-baseline', message: 'plot p has a baseline, and x: macs is a metric, which every row has' },
    ]);
  });

  it('may hold params and the pipeline’s name', () => {
    const text = 'from: score, x: kd_ratio, y: "${params.metric}", over: kd_method, into: "plots/${run.name}.svg"';
    expect(plotOf(text)).toMatchObject({
      y: 'test.accuracy',
      into: expect.stringMatching(/^plots\/.+\.svg$/) as string,
    });
  });

  it.each<[string, string, string, string]>([
    ['an unknown stage', least.replace('score', 'scroe'), 'unknown-stage', 'scroe'],
    ['no cell', least.replace('score', '"score[of=nobody]"'), 'empty-table', '"score[of=nobody]"'],
    ['an empty from', least.replace('score', '[]'), 'empty-table', 'from'],
    ['empty series', `${least}, series: []`, 'empty-table', 'series'],
    ['an x that no cell has', least.replace('kd_ratio', 'kd_raito'), 'unknown-row', 'kd_raito'],
    ['a series that no cell has', `${least}, series: kd_metod`, 'unknown-row', 'kd_metod'],
    ['a baseline that no cell has', `${least}, baseline: { kd_metod: none }`, 'unknown-row', 'none'],
    ['an empty baseline', `${least}, baseline: {}`, 'empty-baseline', 'baseline'],
    ['a baseline that is no row', `${least}, baseline: { kd_method: mgd }`, 'unclear-baseline', 'mgd'],
    ['x among the series', `${least}, series: [kd_ratio]`, 'named-twice', 'kd_ratio'],
    ['an unknown scale', `${least}, scale: logg`, 'unknown-scale', 'logg'],
    ['a file that is no SVG', least.replace('p.svg', 'README.md'), 'wrong-ending', 'README.md'],
    ['a template that is no JSON', `${least}, template: own.hbs`, 'wrong-ending', 'own.hbs'],
    ['an unknown key', `${least}, z: 1`, 'unknown-key', 'z'],
    ['a number as x', least.replace('kd_ratio', '3'), 'wrong-type', '3'],
  ])('is refused for %s', (_what, body, code, place) => {
    const failures = failuresOf(withPlot(body));
    expect(failures.map((failure) => `${failure.code}: ${underlined(failure)}`)).toEqual([`${code}: ${place}`]);
  });

  it('is refused for each key that it lacks', () => {
    expect(problemsOf(withPlot('title: x'))).toEqual(
      ['from', 'into', 'x', 'y'].map((key) => expect.stringContaining(`plot p has no ${key}`) as string),
    );
  });

  it('is refused for a metric that no cell reports, where their kind says what it does', () => {
    const evaluate = { ...kinds['evaluate'], metrics: () => ['test.accuracy', 'test.mpa'] } as StageKind;
    const text = withPlot(least.replace('accuracy', 'acuracy'));
    expect(failuresOf(text, { kinds: { ...kinds, evaluate } })).toMatchObject([
      {
        code: 'unknown-column',
        message: 'no cell of plot p reports "test.acuracy"',
        fix: expect.stringContaining('test.accuracy') as string,
      },
    ]);
  });

  it('is refused for what only cells have', () => {
    expect(failuresOf(withPlot(least.replace('kd_ratio', '"${matrix.kd_ratio}"')))).not.toEqual([]);
  });
});
