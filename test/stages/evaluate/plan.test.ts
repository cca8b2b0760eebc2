import { describe, expect, it } from 'vitest';
import { CellReference, type Cell } from '../../../src/core/plan.ts';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

/** Two teachers, a student of each, a baseline; then what a test adds. */
const stages = `name: trial
defaults:
  distill-student: { kd_method: SoftTarget, kd_ratio: 0.5 }
stages:
  digits: { uses: dataset, with: { source: mnist-digits } }
  teacher: { uses: train-teacher, matrix: { model: [resnet8, convnet8] }, with: { data: "\${stages.digits}" } }
  alone: { uses: train-teacher, with: { data: "\${stages.digits}", model: convnet4 } }
  student:
    uses: distill-student
    matrix: { teacher: ["\${stages.teacher}"] }
    with: { data: "\${stages.digits}", model: convnet4 }
`;

const planned = (text: string) =>
  planPipeline({ file: 'trial.yaml', text: stages + text }, { kinds, catalogue: catalogue(), env: {}, overrides: [] });
function cells(text: string): readonly Cell[] {
  const plan = planned(text);
  if (!plan.ok) throw new Error(plan.failures.map(({ message }) => message).join('\n'));
  return plan.value.plan.cells.filter(({ stage }) => stage === 'score');
}
const teachers = (text: string) => cells(text).map(({ params, needs }) => ({ teacher: params['teacher'], needs }));
const weightsOf = (model: string) => new CellReference(`teacher[model=${model}]`, 'weights');

describe('the teacher of an evaluation', () => {
  it('is the one that its network was distilled from, without a word; a network without one has none', () => {
    const found = teachers(`
  score:
    uses: evaluate
    matrix: { of: ["\${stages.teacher}", "\${stages.alone}", "\${stages.student}"] }
    with: { data: "\${stages.digits}" }
`);
    expect(found.map(({ teacher }) => teacher)).toEqual([
      ...[undefined, undefined, undefined],
      ...[weightsOf('resnet8'), weightsOf('convnet8')],
    ]);
    expect(found[3]?.needs).toContain('teacher[model=resnet8]');
    expect(found[2]?.needs).toEqual(['alone', 'digits']);
  });

  it('can be named through the student, or be another one', () => {
    const score = (matrix: string, teacher: string) =>
      teachers(`
  score:
    uses: evaluate
    matrix: { of: [${matrix}] }
    with: { data: "\${stages.digits}", teacher: "${teacher}" }
`).map(({ teacher }) => teacher);
    expect(score('"${stages.student}"', '${matrix.of.teacher}')).toEqual([weightsOf('resnet8'), weightsOf('convnet8')]);
    expect(score('"${stages.alone}"', '${stages.teacher[model=resnet8]}')).toEqual([weightsOf('resnet8')]);
  });

  it('can be what predict has kept, each student finding its own teacher’s', () => {
    const found = teachers(`
  says:
    uses: predict
    matrix: { teacher: ["\${stages.teacher}"] }
    with: { data: "\${stages.digits}", of: "\${matrix.teacher}" }
  score:
    uses: evaluate
    matrix: { of: ["\${stages.student}"] }
    with: { data: "\${stages.digits}", teacher: "\${stages.says}" }
`);
    expect(found.map(({ teacher }) => teacher)).toEqual([
      new CellReference('says[teacher=teacher[model=resnet8]]', 'logits'),
      new CellReference('says[teacher=teacher[model=convnet8]]', 'logits'),
    ]);
  });

  it('must have been asked for the splits and augmentations that are evaluated', () => {
    const plan = planned(`
  says: { uses: predict, with: { data: "\${stages.digits}", of: "\${stages.alone}", splits: [val] } }
  score:
    uses: evaluate
    with: { data: "\${stages.digits}", of: "\${stages.alone}", teacher: "\${stages.says}", tta: [none, ten-crop] }
`);
    expect(plan.ok ? [] : plan.failures).toMatchObject([
      {
        code: 'no-such-logits',
        message: "the teacher's logits were not kept for test, ten-crop",
        fix: 'add them to splits and tta of the predict stage, or let teacher be the network itself',
      },
    ]);
  });
});

describe('a column of a table', () => {
  const table = (columns: string, score: string) =>
    planned(`
  score:
    uses: evaluate
    matrix: { of: [${score}] }
    with: { data: "\${stages.digits}", splits: [val] }
tables:
  t: { from: [score], rows: [model], columns: [${columns}] }
`);
  const students = '"${stages.alone}", "${stages.student}"';

  it('may be any metric that one of the cells reports', () => {
    expect(table('val.accuracy, val.agreement, images_per_second', students)).toMatchObject({ ok: true });
  });

  it.each([
    ['val.acuracy', students, 'did you mean val.accuracy?'],
    ['test.accuracy', students, 'did you mean val.accuracy?'],
    ['val.tta.nll', students, 'val.nll'],
    ['val.agreement', '"${stages.alone}"', 'known: '],
  ])('that no cell will report is refused before anything runs: %s', (column, score, fix) => {
    const plan = table(column, score);
    const [failure, ...others] = plan.ok ? plan.value.faults : plan.failures;
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ code: 'unknown-column', place: { line: 18 } });
    expect(failure?.message).toBe(`no cell of table t reports "${column}"`);
    expect(failure?.fix).toContain(fix);
  });
});
