import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadPlan, openProject, readPlan } from '../../src/cli/project.ts';
import { FailureError, type Failure } from '../../src/core/failure.ts';

const home = process.cwd();
let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-project-')));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

const stage = (shell: string) => `name: trial\nstages:\n  one: { uses: command, with: { shell: '${shell}' } }\n`;

function failuresOf(action: () => unknown): readonly Failure[] {
  try {
    action();
  } catch (error) {
    if (error instanceof FailureError) return error.failures;
    throw error;
  }
  return [];
}

describe('the working folder', () => {
  it('is opened without creating anything', () => {
    const { root, runsFolder, workingFolder, store } = openProject();
    expect({ root, runsFolder, workingFolder }).toEqual({
      root: folder,
      runsFolder: join(folder, 'runs'),
      workingFolder: folder,
    });
    expect(store.root).toBe(join(folder, 'runs/.store'));
    expect(store.keys()).toEqual([]);
    expect(existsSync(runsFolder)).toBe(false);
  });
});

describe('a pipeline file', () => {
  it('keeps in the plan the name that the user typed', () => {
    mkdirSync('pipelines');
    writeFileSync('pipelines/trial.yaml', stage('true'));
    expect(loadPlan('pipelines/trial.yaml').file).toBe('pipelines/trial.yaml');
    expect(readPlan('./pipelines/trial.yaml')).toMatchObject({ file: join(folder, 'pipelines/trial.yaml') });
  });

  it('tells which variables its plan asked for: set, unset with a default, and no others', () => {
    process.env['KDPIPE_TEST_WORD'] = 'hello';
    try {
      writeFileSync('trial.yaml', stage('echo ${env.KDPIPE_TEST_WORD} ${env.KDPIPE_TEST_NONE:-none}'));
      const { plan, environment } = readPlan('trial.yaml');
      expect(plan.cells[0]?.params['shell']).toBe('echo hello none');
      expect(environment).toEqual({ KDPIPE_TEST_WORD: 'hello', KDPIPE_TEST_NONE: undefined });
    } finally {
      delete process.env['KDPIPE_TEST_WORD'];
    }
  });

  it('that is not there is answered with the one that was meant', () => {
    mkdirSync('pipelines');
    for (const name of ['trial.yaml', 'published-numbers.yml', 'trial.txt'])
      writeFileSync(join('pipelines', name), stage('true'));
    expect(failuresOf(() => loadPlan('pipelines/trail.yaml'))).toEqual([
      {
        code: 'unreadable-pipeline',
        message: 'there is no file pipelines/trail.yaml',
        expected: 'a pipeline in YAML',
        fix: 'did you mean pipelines/trial.yaml?',
      },
    ]);
  });

  it('in a folder that is not there is refused without advice', () => {
    const [failure] = failuresOf(() => loadPlan('nowhere/trial.yaml'));
    expect(failure).toMatchObject({ code: 'unreadable-pipeline', message: 'there is no file nowhere/trial.yaml' });
    expect(failure).not.toHaveProperty('fix');
  });

  it('that is a folder is refused with what the system says', () => {
    mkdirSync('trial.yaml');
    const [failure] = failuresOf(() => loadPlan('trial.yaml'));
    expect(failure?.message).toMatch(/^trial\.yaml cannot be read: EISDIR/);
  });
});
