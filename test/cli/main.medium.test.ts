import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/registry.ts';
import { kdpipe, Project } from '../support/project.ts';
import { stackTrace } from './trial.ts';

let project: Project;
beforeAll(() => {
  const many = '    matrix: { size: { from: 1, to: 2000, step: 1 } }\n';
  project = new Project({
    'many.yaml': `name: many\nstages:\n  make:\n    uses: command\n${many}    with: { shell: 'echo \${matrix.size}' }\n`,
  });
});
afterAll(() => project.remove());

describe('kdpipe', () => {
  it('says its version on standard output', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(project.run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('without a command shows on standard error what there is, and did nothing: exit 2', () => {
    const { code, stdout, stderr } = project.run();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const name of Object.keys(commands)) expect(stderr).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it('shows help on standard output when it is asked for it, of itself and of a command', () => {
    expect(project.run('--help')).toMatchObject({ code: 0, stderr: '' });
    const help = project.run('help', 'run');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('--keep-going');
    expect(project.run('run', '--help').stdout).toBe(help.stdout);
  });

  it.each([
    ['an unknown command', ['rum'], "unknown command 'rum'\n(Did you mean run?)"],
    [
      'an unknown flag',
      ['run', '--keep-goin', 'many.yaml'],
      "unknown option '--keep-goin'\n(Did you mean --keep-going?)",
    ],
    ['a missing argument', ['why'], "missing required argument 'stage'"],
    ['one argument too many', ['plan', 'many.yaml', 'more.yaml'], 'too many arguments'],
    ['a flag without its value', ['run', 'many.yaml', '--only'], "'--only <stage>' argument missing"],
    ['a value that is none', ['run', '-j', 'all', 'many.yaml'], 'expected a whole number of at least 1'],
    ['a name that is no choice', ['list', 'model'], 'Allowed choices are kinds, models, methods, '],
  ])('refuses %s with exit 2, on standard error', (_, words, message) => {
    const { code, stdout, stderr } = project.run(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(stackTrace);
  });
});

describe('kdpipe whose reader has gone', () => {
  /** Runs a pipe in a shell that tells how kdpipe itself ended. */
  const piped = (command: string, reader: string) => {
    const line = `{ node ${kdpipe} ${command}; echo "exit $?" >&2; } | ${reader}`;
    const { stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: project.folder, encoding: 'utf8' });
    return { stdout, stderr };
  };

  it.each([
    ['an answer of many lines', 'plan --json many.yaml', 'head -n 1', '{\n'],
    ['an answer that nobody reads', 'run -n many.yaml', 'true', ''],
  ])('ends well, without a stack trace: %s', (_, command, reader, stdout) => {
    expect(piped(command, reader)).toEqual({ stdout, stderr: 'exit 0\n' });
  });
});
