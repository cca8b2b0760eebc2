import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNothingToDo } from '../../src/project/nothing-to-do.ts';
import { Project } from '../support/project.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-idle-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('kdpipe that runs from its sources', () => {
  it('never recalls: they change without a sign', async () => {
    const file = join(folder, 'p.yaml');
    writeFileSync(file, 'stages: { one: { uses: command, with: { shell: "true" } } }\n');
    expect(await findNothingToDo(file)).toBeUndefined();
  });
});

describe('a run that leaves no answer for the next', () => {
  const pipeline = (shell: string): string =>
    `name: trial\nstages:\n  one: { uses: command, with: { shell: "${shell}" } }\n  two: { uses: command, with: { shell: "true", seed: 2 } }\n`;
  let project: Project;
  beforeEach(() => (project = new Project()));
  afterEach(() => project.remove());
  const notes = (): readonly string[] =>
    readdirSync(project.path('runs/.store')).includes('.settled')
      ? readdirSync(project.path('runs/.store/.settled'))
      : [];

  it.each<[string, string, readonly string[], number]>([
    ['one that failed', 'exit 3', ['-k'], 1],
    ['one of a part of the cells', 'true', ['--only', 'one'], 0],
    ['one up to a cell', 'true', ['--to', 'two'], 0],
  ])('%s', (_, shell, flags, code) => {
    project.write('trial.yaml', pipeline(shell));
    expect(project.run('run', 'trial.yaml', ...flags).code).toBe(code);
    expect(notes()).toEqual([]);
    const again = project.run('run', 'trial.yaml', '-k');
    expect(again.stderr).not.toContain('nothing to do');
  });

  it.each<[string, readonly string[]]>([
    ['run -n', ['run', '-n', 'trial.yaml']],
    ['plan', ['plan', 'trial.yaml']],
    ['check', ['check', 'trial.yaml']],
  ])('%s, which runs nothing', (_, command) => {
    project.write('trial.yaml', pipeline('true'));
    expect(project.run(...command).code).toBe(0);
    expect(readdirSync(project.folder)).toEqual(['trial.yaml']);
    expect(project.run('run', 'trial.yaml').stderr).toMatch(/: 2 ran/);
    expect(notes()).toHaveLength(1);
  });
});
