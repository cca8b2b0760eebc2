import { mkdirSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

let project: Project;
afterEach(() => project.remove());

const pipeline = (stages: Readonly<Record<string, string>>) =>
  [
    'name: p',
    'stages:',
    ...Object.entries(stages).map(([id, params]) => `  ${id}: { uses: command, with: { ${params} } }`),
    '',
  ].join('\n');

it('what a program leaves beside the code that it was given taints nothing; an edited file is named', () => {
  project = new Project({
    'src/train.py': 'X = 1',
    'p.yaml': pipeline({
      t: `inputs: { code: src }, shell: 'mkdir -p src/__pycache__; echo $$ > src/__pycache__/a.pyc; cat src/train.py'`,
    }),
  });
  expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0, stderr: expect.not.stringContaining('tainted') });
  expect(project.run('run', 'p.yaml').stderr).toContain('nothing to do');
  project.write('src/train.py', 'X = 2');
  expect(project.run('why', 't').stdout).toContain('sources.inputs.code changed: edited train.py');
  expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0, stderr: expect.not.stringContaining('tainted') });
});

it('a file that is edited while it is read is named', () => {
  project = new Project({
    'src/train.py': 'X = 1',
    'p.yaml': pipeline({ t: `inputs: { code: src }, shell: 'echo >> src/train.py; echo > src/new.py'` }),
  });
  const { code, stderr } = project.run('run', 'p.yaml');
  expect(code).toBe(1);
  expect(stderr).toContain('t tainted: changed while it ran: inputs.code (edited train.py; added new.py)');
});

it('an empty folder that has come is something that a command sees', () => {
  project = new Project({ 'few/a': '1', 'p.yaml': pipeline({ list: `inputs: { few: few }, shell: 'ls few'` }) });
  project.run('run', 'p.yaml');
  mkdirSync(project.path('few/b'));
  expect(project.run('run', '-n', 'p.yaml').stdout).toContain('sources.inputs.few changed: added b/');
  project.run('run', 'p.yaml');
  expect(project.run('logs', 'list').stdout).toBe('a\nb\n');
});

it('a command that changes the result of another stage spoils nothing that others make of it', () => {
  const change = 'chmod u+w "$KDPIPE_INPUT_DATA/x"; sed -i s/1/100/ "$KDPIPE_INPUT_DATA/x"';
  project = new Project({
    'p.yaml': pipeline({
      a: `shell: 'echo 1 > "$KDPIPE_OUT/x"'`,
      b: `inputs: { data: "\${stages.a}" }, shell: '${change}'`,
      c: `inputs: { data: "\${stages.a}" }, shell: 'cat "$KDPIPE_INPUT_DATA/x"'`,
    }),
  });
  const first = project.run('run', '-k', '-j', '1', 'p.yaml');
  expect(first.code).toBe(1);
  expect(first.stderr).toContain('b tainted: changed while it ran: inputs.data ← a (edited x)');
  expect(first.stderr).toContain(
    'a result that it reads was changed in the store: inputs.data ← a (edited x) [changed-result]',
  );
  expect(project.run('verify').code).not.toBe(0);
  project.write('p.yaml', project.read('p.yaml').replace(change, 'true'));
  const second = project.run('run', 'p.yaml');
  expect(second.stderr).toContain('a started: its ');
  expect(second.code).toBe(0);
  expect(project.run('logs', 'c').stdout).toBe('1\n');
  expect(project.run('verify').code).toBe(0);
});

it('a script that is no input is named by check, plan and run, also when there is nothing to do', () => {
  project = new Project({ 'train.sh': 'echo 1', 'p.yaml': pipeline({ a: 'run: [sh, train.sh]' }) });
  const note =
    'note: p.yaml:3:41: train.sh is a file here and no input: edits of it rerun nothing; inputs: { script: train.sh }';
  expect(project.run('check', 'p.yaml')).toMatchObject({ code: 0, stderr: expect.stringContaining(note) });
  expect(project.run('plan', 'p.yaml').stderr).toContain(note);
  expect(project.run('run', 'p.yaml').stderr).toContain(note);
  const again = project.run('run', 'p.yaml').stderr;
  expect(again).toContain(note);
  expect(again).toContain('nothing to do');
});
