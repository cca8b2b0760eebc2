import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check, plan, asPlanned } from '../../src/project/plan.ts';
import { openProject } from '../../src/project/project.ts';
import { FailureError, type Failure } from '../../src/core/failure.ts';

let folder: string;
beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-project-')))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const planHere = (file: string, overrides: readonly string[] = []) => plan(file, { cwd: folder, overrides });

const stage = (shell: string) => `name: trial\nstages:\n  one: { uses: command, with: { shell: '${shell}' } }\n`;

async function failuresOf(action: () => Promise<unknown>): Promise<readonly Failure[]> {
  try {
    await action();
  } catch (error) {
    if (error instanceof FailureError) return error.failures;
    throw error;
  }
  return [];
}

describe('the working folder', () => {
  it('is opened without creating anything', () => {
    const { root, runsFolder, workingFolder, store } = openProject(folder);
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
  it('keeps in the plan the name that the user typed', async () => {
    write('pipelines/trial.yaml', stage('true'));
    expect((await planHere('pipelines/trial.yaml')).plan.file).toBe('pipelines/trial.yaml');
    expect(await planHere('./pipelines/trial.yaml')).toMatchObject({
      file: join(folder, 'pipelines/trial.yaml'),
      pipelineFolder: join(folder, 'pipelines'),
    });
  });

  it('may be a text that is not written yet', async () => {
    const { plan: made, file } = await plan({ file: 'new.yaml', text: stage('true') }, { cwd: folder });
    expect(made.cells.map(({ id }) => id)).toEqual(['one']);
    expect(file).toBe(join(folder, 'new.yaml'));
    expect(existsSync(file)).toBe(false);
  });

  it('tells which variables its plan asked for: set, unset with a default, and no others', async () => {
    write('trial.yaml', stage('echo ${env.KDPIPE_TEST_WORD} ${env.KDPIPE_TEST_NONE:-none}'));
    process.env['KDPIPE_TEST_WORD'] = 'hello';
    try {
      const { plan: made, environment } = await planHere('trial.yaml');
      expect(made.cells[0]?.params['shell']).toBe('echo hello none');
      expect(environment).toEqual({ KDPIPE_TEST_WORD: 'hello', KDPIPE_TEST_NONE: undefined });
    } finally {
      delete process.env['KDPIPE_TEST_WORD'];
    }
  });

  it('reads the environment that it is given', async () => {
    write('trial.yaml', stage('echo ${env.WORD}'));
    const { plan: made } = await plan('trial.yaml', { cwd: folder, environment: { WORD: 'given', OTHER: 'x' } });
    expect(made.cells[0]?.params['shell']).toBe('echo given');
  });

  it('that is not there is answered with the one that was meant', async () => {
    for (const name of ['trial.yaml', 'published-numbers.yml', 'trial.txt']) write(`pipelines/${name}`, stage('true'));
    expect(await failuresOf(() => planHere('pipelines/trail.yaml'))).toEqual([
      {
        code: 'unreadable-pipeline',
        message: 'there is no file pipelines/trail.yaml',
        expected: 'a pipeline in YAML',
        fix: 'did you mean pipelines/trial.yaml?',
      },
    ]);
  });

  it('in a folder that is not there is refused without advice', async () => {
    const [failure] = await failuresOf(() => planHere('nowhere/trial.yaml'));
    expect(failure).toMatchObject({ code: 'unreadable-pipeline', message: 'there is no file nowhere/trial.yaml' });
    expect(failure).not.toHaveProperty('fix');
  });

  it('that is a folder is refused with what the system says', async () => {
    mkdirSync(join(folder, 'trial.yaml'));
    const [failure] = await failuresOf(() => planHere('trial.yaml'));
    expect(failure?.message).toMatch(/^trial\.yaml cannot be read: EISDIR/);
  });
});

describe('a pipeline that is planned already', () => {
  it('is taken as it is, and refuses options that came too late', async () => {
    write('trial.yaml', stage('true'));
    const pipeline = await planHere('trial.yaml');
    expect(await asPlanned(pipeline)).toBe(pipeline);
    await expect(asPlanned(pipeline, { overrides: ['x=1'] })).rejects.toThrow(TypeError);
    await expect(asPlanned(pipeline, { cwd: '.' })).rejects.toThrow('planned already');
  });
});

describe('check', () => {
  it('gives the plan of a sound pipeline', async () => {
    write('trial.yaml', stage('true'));
    const checked = await check('trial.yaml', { cwd: folder });
    expect(checked).toMatchObject({ ok: true, value: { plan: { name: 'trial' } } });
  });

  it.each<[string, string, string]>([
    ['of the file', stage('true').replace('uses', 'use'), 'unknown-key'],
    [
      'of where its tables go',
      `${stage('true')}tables: { t: { from: one, rows: [seed], columns: [x], into: trial.yaml/T.md } }\n`,
      'unwritable-file',
    ],
  ])('gives the problems %s as values', async (_, text, code) => {
    write('trial.yaml', text);
    const checked = await check('trial.yaml', { cwd: folder });
    expect(checked.ok ? [] : checked.failures.map((failure) => failure.code)).toContain(code);
  });

  const swept = stage('true').replace('uses:', 'matrix: { seed: [1] }, uses:');

  it('makes nothing, not even the folders that plots will go into', async () => {
    const plot = 'plots: { p: { from: one, x: seed, y: x, into: plots/p.svg } }\n';
    write('trial.yaml', `${swept}${plot}`);
    expect(await check('trial.yaml', { cwd: folder })).toMatchObject({ ok: true });
    expect(readdirSync(folder)).toEqual(['trial.yaml']);
  });

  it('finds a plot whose folder cannot be made', async () => {
    write('plots', 'a file');
    const plot = 'plots: { p: { from: one, x: seed, y: x, into: plots/new/p.svg } }\n';
    write('trial.yaml', `${swept}${plot}`);
    expect(await check('trial.yaml', { cwd: folder })).toMatchObject({
      ok: false,
      failures: [{ code: 'unwritable-file' }],
    });
  });
});
