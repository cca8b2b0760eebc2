import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distillStudent } from '../../src/stages/distill-student/kind.ts';
import { trainTeacher } from '../../src/stages/train-teacher/kind.ts';
import { Project } from '../support/project.ts';
import { Workshop } from '../support/stage-workshop.ts';

const digits = { limit: { train: 100, val: 20, test: 20 }, mean_std: 'data' } as const;
const teacher = { model: 'convnet4', epochs: 3, batch_size: 16, augment: 'autoaugment', flip: true, mixup: 'mixup' };
const student = { ...teacher, augment: 'augmix', mixup: 'cutmix', kd_method: 'SoftTarget', kd_ratio: 0.5 };
const yaml = (params: object) => JSON.stringify(params).slice(1, -1);
const pipeline = `name: trial
stages:
  digits: { uses: dataset, with: { source: mnist-digits, ${yaml(digits)} } }
  teacher: { uses: train-teacher, with: { data: "\${stages.digits}", ${yaml(teacher)} } }
  student: { uses: distill-student, with: { data: "\${stages.digits}", teacher: "\${stages.teacher}", ${yaml(student)} } }
`;

let project: Project;
let workshop: Workshop;
beforeAll(() => {
  project = new Project({ 'trial.yaml': pipeline });
  workshop = new Workshop();
});
afterAll(() => {
  project.remove();
  workshop.remove();
});

/** Weights files of all results that have one, as text that compares byte for byte. */
function weightsIn(of: Project): readonly string[] {
  const files = of.keys().map((key) => of.path(join('runs/.store', key.slice(0, 2), key, 'weights.safetensors')));
  return files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'base64'));
}

describe('augmented and mixed training', () => {
  it('gives in the built program, whose threads run from the bundle, the bytes that the sources give', async () => {
    expect(project.run('run', 'trial.yaml')).toMatchObject({ code: 0 });
    const data = await workshop.digits(digits.limit);
    const made = await workshop.make(trainTeacher, teacher, { data });
    const weights = join(made.folder, 'weights.safetensors');
    const distilled = await workshop.make(distillStudent, student, { data, teacher: weights });
    const expected = [weights, join(distilled.folder, 'weights.safetensors')];
    expect([...weightsIn(project)].sort()).toEqual(expected.map((file) => readFileSync(file, 'base64')).sort());
    expect(project.run('run', 'trial.yaml').stderr).toContain('nothing to do: 3 cells reused');
  });
});
