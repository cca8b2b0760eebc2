import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

const pipeline = (word = 'one'): string =>
  `name: study\nstages:\n  a: { uses: command, with: { run: [sh, -c, 'echo ${word} > "$KDPIPE_OUT/x"'] } }\n  b: { uses: command, with: { shell: 'ls "$KDPIPE_INPUT_A" > "$KDPIPE_OUT/y"', inputs: { a: "\${stages.a}" } } }\n`;

let elsewhere: string;
let project: Project;
beforeEach(() => {
  elsewhere = mkdtempSync(join(tmpdir(), 'kdpipe-elsewhere-'));
  writeFileSync(join(elsewhere, 'study.yaml'), pipeline());
  project = new Project({ 'own/study.yaml': pipeline() });
});
afterEach(() => {
  project.remove();
  rmSync(elsewhere, { recursive: true, force: true });
});

describe('the programs of a pipeline from elsewhere', () => {
  it('are listed, not started, until the file is trusted, and again when it changes', () => {
    const file = join(elsewhere, 'study.yaml');
    const refused = project.run('run', file);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('[untrusted-pipeline]');
    expect(refused.stderr).toContain('a: sh -c echo one > "$KDPIPE_OUT/x"');
    expect(refused.stderr).toContain('b: ls "$KDPIPE_INPUT_A"');
    expect(refused.stderr).toContain('--trust');
    expect(project.keys()).toEqual([]);
    expect(project.run('check', file).code).toBe(0);
    expect(project.run('run', '-n', file).code).toBe(0);
    expect(project.run('run', file, '--trust').code).toBe(0);
    expect(statSync(project.path('runs/.trusted')).mode & 0o777).toBe(0o600);
    expect(project.run('run', file, '--force', 'a').code).toBe(0);
    writeFileSync(file, pipeline('two'));
    expect(project.run('run', file).code).toBe(2);
  });

  it('of a link to it in the project are not started either', () => {
    symlinkSync(join(elsewhere, 'study.yaml'), project.path('linked.yaml'));
    expect(project.run('run', 'linked.yaml').stderr).toContain('[untrusted-pipeline]');
  });

  it('are started where the file is of the project: below the workspace, or in its repository', () => {
    expect(project.run('run', 'own/study.yaml').code).toBe(0);
    expect(() => readFileSync(project.path('runs/.trusted'))).toThrow();
    const inside = mkdtempSync(join(elsewhere, 'inside-'));
    mkdirSync(join(elsewhere, '.git'));
    const other = new Project();
    other.remove();
    Object.assign(other, { folder: inside });
    expect(other.run('run', '../study.yaml').code).toBe(0);
  });
});

it('a pipeline from elsewhere that starts no program is not asked about', () => {
  writeFileSync(join(elsewhere, 'data.yaml'), 'stages:\n  d: { uses: dataset, with: { source: digits } }\n');
  expect(project.run('run', join(elsewhere, 'data.yaml')).stderr).not.toContain('untrusted');
});
