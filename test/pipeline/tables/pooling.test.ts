import { describe, expect, it } from 'vitest';
import { failuresOf, planOf } from '../support/planning.ts';

/** A teacher of two widths and seeds, students of two methods that differ in temperature, and a student alone. */
const stages = [
  'params: { lr: 0.1 }',
  'stages:',
  '  data: { uses: dataset, with: { source: mnist } }',
  '  teacher: { uses: train-teacher, seeds: 2, with: { data: "${stages.data}", model: resnet50 } }',
  '  alone: { uses: train-teacher, seeds: 2, with: { data: "${stages.data}", model: mobilenetv2, lr: "${params.lr}" } }',
  '  student:',
  '    uses: distill-student',
  '    matrix: { kd_method: [MGD, AT], kd_ratio: [0.2, 0.5], seed: [0, 1], teacher: ["${stages.teacher}"] }',
  '    with: { data: "${stages.data}", model: mobilenetv2, lr: "${params.lr}" }',
  '  score:',
  '    uses: evaluate',
  '    matrix: { of: ["${stages.alone}", "${stages.student}"] }',
  '    with: { data: "${stages.data}" }',
].join('\n');

const table = (body: string): string => `${stages}\ntables:\n  t: { columns: [x], ${body} }`;
const plot = (body: string): string => `${stages}\nplots:\n  p: { x: kd_ratio, y: x, into: p.svg, ${body} }`;
const said = (text: string) =>
  failuresOf(text).map(({ code, message, fix, place }) => [code, message, fix, place?.line]);

describe('rows that leave out more than seeds', () => {
  it('are refused, with the axis, its values and both ways out', () => {
    expect(said(table('from: student, rows: [kd_method]'))).toEqual([
      [
        'pooled-axis',
        'table t would take one mean over different kd_ratio (0.2, 0.5)',
        'add kd_ratio to rows, or say that the mean is meant: over: [kd_ratio]',
        15,
      ],
    ]);
    expect(said(table('from: student, rows: [model]'))).toMatchObject([
      ['pooled-axis', expect.stringContaining('kd_method (MGD, AT) and kd_ratio (0.2, 0.5)'), expect.anything(), 15],
    ]);
  });

  it('are refused where they mix what stages made', () => {
    const [failure] = failuresOf(table('from: score, rows: [model], over: kd_ratio'));
    expect(failure).toMatchObject({
      code: 'pooled-axis',
      message: expect.stringContaining('kd_method (none, MGD, AT)'),
    });
  });

  it.each([
    'rows: [kd_method], over: kd_ratio',
    'rows: [kd_method], over: [seed, kd_ratio]',
    'rows: [kd_method, kd_ratio]',
  ])('are taken as they are meant: %s', (body) => {
    expect(planOf(table(`from: student, ${body}`)).tables).toHaveLength(1);
  });

  it('are none where an axis goes along with one that is named', () => {
    const zipped = stages.replace(
      'kd_method: [MGD, AT], kd_ratio: [0.2, 0.5]',
      'zip: { kd_method: [MGD, AT], kd_ratio: [0.2, 0.5] }',
    );
    expect(
      planOf(`${zipped}\ntables:\n  t: { columns: [x], from: score, rows: [model, kd_method] }`).tables,
    ).toHaveLength(1);
  });

  it('are none where seeds alone differ, those of a teacher too', () => {
    expect(planOf(table('from: student, rows: [teacher, kd_method, kd_ratio]')).tables).toHaveLength(1);
  });

  it('name what -S sweeps by themselves', () => {
    const options = { overrides: ['lr=0.1,0.2'] };
    expect(planOf(table('from: alone, rows: [model]'), options).tables[0]?.rows).toEqual(['model', 'lr']);
    expect(planOf(plot('from: student, series: kd_method'), options).plots[0]?.series).toEqual(['kd_method', 'lr']);
  });

  it('are refused in plots', () => {
    expect(said(plot('from: student'))).toEqual([
      [
        'pooled-axis',
        'plot p would take one mean over different kd_method (MGD, AT)',
        'add kd_method to series, or say that the mean is meant: over: [kd_method]',
        15,
      ],
    ]);
    expect(planOf(plot('from: student, over: kd_method')).plots[0]?.over).toEqual(['kd_method']);
  });

  it('are not looked for over an axis that is none', () => {
    expect(failuresOf(table('from: student, rows: [kd_method, kd_ratio], over: kd_rato'))).toMatchObject([
      { code: 'unknown-row', fix: 'did you mean kd_ratio?' },
    ]);
  });
});

describe('names of rows', () => {
  it('are looked up to their end, with the nearest name', () => {
    expect(failuresOf(table('from: student, rows: [kd_method, kd_ratio, teacher.modle]'))).toMatchObject([
      { code: 'unknown-row', place: { line: 15 }, fix: expect.stringContaining('teacher.model') },
    ]);
  });
});
