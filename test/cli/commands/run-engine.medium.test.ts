import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Project } from '../../support/project.ts';
import { stackTrace } from '../trial.ts';

let project: Project;
beforeEach(() => (project = new Project()));
afterEach(() => project.remove());

it.each([
  ['pytorch', { KDPIPE_PYTHON: '/nowhere/python' }, 'there is no /nowhere/python'],
  ['tensorflow', { KDPIPE_TENSORFLOW: '/nowhere' }, 'KDPIPE_TENSORFLOW is "/nowhere"'],
])('a run says before anything starts that the engine %s is not there', (engine, environment, reason) => {
  project.write(
    'trial.yaml',
    `name: trial
stages:
  first: { uses: command, with: { shell: touch began } }
  digits: { uses: dataset, with: { source: mnist-digits } }
  net: { uses: train-teacher, with: { data: "\${stages.digits}", model: resnet8, engine: ${engine} } }
`,
  );
  const ended = project.runWith(environment, 'run', 'trial.yaml');
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`net: the ${engine} engine cannot run here: ${reason}`);
  expect(ended.stderr).toContain('[engine-unavailable]');
  expect(ended.stderr).not.toMatch(stackTrace);
  expect(existsSync(project.path('began'))).toBe(false);
});
