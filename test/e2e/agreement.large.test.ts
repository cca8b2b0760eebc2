import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project, type Ended } from '../support/project.ts';

/** A teacher, a student of it and one without; students are scored beside the teacher itself, and beside its kept logits. */
const pipeline = `name: trial
defaults:
  train-teacher: { data: "\${stages.digits}", model: convnet4, epochs: 2, lr: 5e-3 }
  distill-student: { data: "\${stages.digits}", model: convnet4, epochs: 2, lr: 5e-3 }
  evaluate: { data: "\${stages.digits}", tta: [none, ten-crop] }
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 200, val: 40, test: 60 }, mean_std: data } }
  teacher: { uses: train-teacher, with: { model: convnet8 } }
  alone: { uses: train-teacher, with: { seed: 1 } }
  student:
    uses: distill-student
    matrix: { teacher: ["\${stages.teacher}"] }
    with: { kd_method: SoftTarget, kd_ratio: 0.7 }
  says: { uses: predict, with: { data: "\${stages.digits}", of: "\${stages.teacher}", tta: [none, ten-crop] } }
  score:
    uses: evaluate
    matrix: { of: ["\${stages.teacher}", "\${stages.alone}", "\${stages.student}"] }
  read:
    uses: evaluate
    matrix: { of: ["\${stages.teacher}", "\${stages.alone}", "\${stages.student}"] }
    with: { teacher: "\${stages.says}" }
tables:
  score: { from: score, rows: [model, kd_method], columns: [test.accuracy, test.agreement], into: README.md }
  read:
    from: read
    rows: [model, kd_method]
    columns: [test.agreement, test.teacher_kl, test.tta.agreement]
    into: README.md
`;
const readme = ['score', 'read'].map((name) => `<!-- kdpipe:${name} -->\n<!-- /kdpipe:${name} -->\n`).join('\n');

let project: Project;
let ran: Ended;
beforeAll(() => {
  project = new Project({ 'trial.yaml': pipeline, 'README.md': readme });
  ran = project.run('run', 'trial.yaml');
});
afterAll(() => project.remove());

/** Cells of a table's rows, without its head. */
const rows = (name: string) =>
  [...(project.read('README.md').split(`kdpipe:${name} -->`)[1] ?? '').matchAll(/^\| (.*) \|$/gm)]
    .slice(2)
    .map(([, row = '']) => row.split('|').map((cell) => cell.replaceAll('*', '').trim()));

interface Shown {
  readonly metrics: Readonly<Record<'val' | 'test', Readonly<Record<string, number>>>>;
}
const shown = (cell: string) =>
  (JSON.parse(project.run('show', cell, '--json').stdout) as Readonly<Record<string, Shown>>)[cell]?.metrics;

describe('agreement with the teacher', () => {
  it('stands in a table for the student, and is missing for networks without a teacher', () => {
    expect(ran).toMatchObject({ code: 0 });
    const [teacher, alone, student] = rows('score');
    expect([teacher?.slice(0, 2), alone?.slice(0, 2)]).toEqual([
      ['convnet8', 'none'],
      ['convnet4', 'none'],
    ]);
    expect([teacher?.[3], alone?.[3]]).toEqual(['–', '–']);
    expect(student?.slice(0, 2)).toEqual(['convnet4', 'SoftTarget']);
    const agreement = Number(student?.[3]);
    expect(agreement).toBeGreaterThan(0.1);
    expect(agreement).toBeLessThan(1);
    expect(project.run('report', '--check', 'trial.yaml')).toMatchObject({ code: 0 });
  });

  it('is the same from kept logits, which give the baseline’s too; a network is not compared with itself', () => {
    const [teacher, alone, student] = rows('read');
    expect(teacher?.slice(2)).toEqual(['–', '–', '–']);
    expect(Number(alone?.[2])).toBeGreaterThan(0);
    expect(student?.[2]).toBe(rows('score')[2]?.[3]);
    const [run, kept] = ['score', 'read'].map((stage) => shown(`${stage}[of=student[teacher=teacher]]`));
    expect([kept?.val, kept?.test]).toEqual([run?.val, run?.test]);
    expect(run?.test['teacher_kl']).toBeGreaterThan(0);
  });

  it('leaves nothing to do for a second run, whatever the speed of the first', () => {
    expect(project.run('run', 'trial.yaml').stderr).toContain('nothing to do');
  });
});

describe('a column that no result has', () => {
  it('is answered with the nearest names', () => {
    project.write('wrong.yaml', pipeline.replace('test.teacher_kl', 'test.teacher_lk'));
    const { code, stderr } = project.run('run', 'wrong.yaml');
    expect(code).toBe(2);
    expect(stderr).toMatch(/"test\.teacher_lk"[^]*did you mean test\.teacher_kl/);
  });
});
