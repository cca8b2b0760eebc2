import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listCheckpoints } from '../../src/store/checkpoints.ts';
import { openStore } from '../../src/store/local.ts';
import { Project } from '../support/project.ts';

const PIPELINE = `name: study
params: { epochs: 2, schedule: constant, ratios: [0.5] }
defaults:
  train-teacher: { epochs: 1, batch_size: 32 }
  distill-student: { epochs: "\${params.epochs}", schedule: "\${params.schedule}", batch_size: 32 }
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 160, val: 60, test: 20 } } }
  teacher: { uses: train-teacher, with: { data: "\${stages.digits}", model: convnet8 } }
  student:
    uses: distill-student
    matrix: { kd_ratio: "\${params.ratios}" }
    with:
      data: "\${stages.digits}"
      teacher: "\${stages.teacher}"
      model: convnet4
      kd_method: CRD
      crd_dimension: 8
      ema: true
`;

/** Everything that students have in the store, by key: files, and numbers but for times. */
function students(project: Project) {
  const store = openStore(project.path('runs/.store'));
  const made = store.keys().map((key) => store.find(key)!.manifest());
  return Object.fromEntries(
    made
      .filter(({ kind }) => kind === 'distill-student')
      .map(({ key, files, metrics }) => [key, { files, metrics: { ...metrics, images_per_second: null } }]),
  );
}
const projects: Project[] = [];
const open = (): Project => {
  const project = new Project({ 'study.yaml': PIPELINE });
  projects.push(project);
  return project;
};
afterAll(() => projects.forEach((project) => project.remove()));

function run(project: Project, ...args: readonly string[]): string {
  const { code, stderr } = project.run('run', 'study.yaml', ...args);
  expect(code, stderr).toBe(0);
  return stderr;
}

describe('more epochs of a finished study', () => {
  it('go on, alone and beside new students, and end as those that were never shorter', () => {
    const [straight, stepwise] = [open(), open()];
    run(straight, '-S', 'epochs=4', '-S', 'ratios=[0.5,0.7]');
    expect(Object.keys(students(straight))).toHaveLength(2);
    run(stepwise);
    const preview = stepwise.run('run', '-n', 'study.yaml', '-S', 'epochs=4').stdout;
    expect(preview).toMatch(/epochs 2 → 4; continues after 2 epochs of student\[kd_ratio=0\.5\] \([0-9a-f]{12}\)/);
    const said = run(stepwise, '-S', 'epochs=4', '-S', 'ratios=[0.5,0.7]');
    expect(said).toMatch(/student\[kd_ratio=0\.5\] started.*: .*continues after 2 epochs of student\[kd_ratio=0\.5\]/);
    expect(stepwise.run('logs', 'student[kd_ratio=0.5]').stdout).toMatch(/continues after 2 epochs .*\nepoch 2: /);
    expect(students(stepwise)).toMatchObject(students(straight));
    expect(run(stepwise)).toContain('nothing to do');
  });

  it('start anew, with a line, where the checkpoint is damaged or gone', () => {
    const [straight, damaged] = [open(), open()];
    run(straight, '-S', 'epochs=3');
    run(damaged);
    const root = damaged.path('runs/.store');
    const kept = () => listCheckpoints(root).map(({ path }) => join(path, 'checkpoint.safetensors'));
    for (const file of kept()) {
      const bytes = readFileSync(file);
      bytes[bytes.length - 1]! ^= 1;
      writeFileSync(file, bytes);
    }
    expect(run(damaged, '-S', 'epochs=3')).toMatch(
      /\(2 epochs of student\[kd_ratio=0\.5\]\) is damaged and is not used/,
    );
    expect(students(damaged)).toMatchObject(students(straight));
    rmSync(join(root, '.checkpoints'), { recursive: true });
    expect(damaged.run('run', '-n', 'study.yaml', '-S', 'epochs=4').stdout).toContain(
      'starts from the beginning: its checkpoint is not kept any more',
    );
  });

  it('of a cosine are an extension, which is the same whatever the store holds', () => {
    const cosine = ['-S', 'schedule=cosine'] as const;
    const extended = [...cosine, '-S', 'epochs=4', '-S', 'student.with.extend=2'] as const;
    const [straight, stepwise] = [open(), open()];
    run(straight, ...extended);
    run(stepwise, ...cosine);
    expect(stepwise.run('run', '-n', 'study.yaml', ...cosine, '-S', 'epochs=4').stdout).toContain(
      'starts from the beginning: schedule: cosine falls over all epochs; extend: 2 would go on from there',
    );
    expect(run(stepwise, ...extended)).toContain('continues after 2 epochs of student[kd_ratio=0.5]');
    expect(students(stepwise)).toMatchObject(students(straight));
    const refused = stepwise.run('run', 'study.yaml', ...cosine, '-S', 'student.with.extend=true');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/extend: got true.*\n(.*\n)*.*must not depend on what the store holds/);
  });

  it('cost disk, which gc names and gives back', () => {
    const project = open();
    run(project);
    const sizes = project.run('gc', '--checkpoints').stdout;
    expect(sizes).toMatch(/^checkpoint .* [KM]iB +the end of a result, kept for longer ones/m);
    expect(project.run('gc').stdout).toContain('would remove 0 items');
    expect(project.run('gc', '--checkpoints', '--yes').code).toBe(0);
    expect(readdirSync(project.path('runs/.store/.checkpoints'))).toEqual([]);
    expect(run(project)).toContain('nothing to do');
  });
});
