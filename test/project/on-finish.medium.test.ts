import { afterAll, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

const project = new Project();
afterAll(() => project.remove());

const write = (onFinish: string, stage = 'true'): void =>
  project.write(
    'p.yaml',
    `name: p\non_finish: '${onFinish}'\nstages:\n  a: { uses: command, with: { shell: "${stage}" } }\n`,
  );
const tell =
  'echo "$KDPIPE_PIPELINE $KDPIPE_STATUS $KDPIPE_RAN $KDPIPE_FAILED $(basename "$KDPIPE_RUN_FOLDER" | grep -c "$KDPIPE_RUN")" >> told';

it('is run once a run has ended, with how it ended, and not where nothing had to run', () => {
  write(tell);
  expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0 });
  expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0 });
  write(tell, 'exit 3');
  expect(project.run('run', 'p.yaml')).toMatchObject({ code: 1 });
  expect(project.read('told')).toBe('p done 1 0 1\np failed 0 1 1\n');
});

it('is a note where it fails: the run stands', () => {
  write('echo no such server >&2; exit 7', 'echo more');
  const { code, stderr } = project.run('run', 'p.yaml');
  expect(code).toBe(0);
  expect(stderr).toContain('on_finish ended with code 7: no such server');
});

it('takes no expression', () => {
  write('echo ${params.x}');
  const { code, stderr } = project.run('check', 'p.yaml');
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('on_finish holds an expression') });
});
