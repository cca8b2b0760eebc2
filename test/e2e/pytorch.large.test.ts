import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';
import { missing, python } from '../support/pytorch.ts';

const script = readFileSync('test/fixtures/train.py', 'utf8');

let project: Project;
beforeAll(() => {
  project = new Project({
    'pytorch.yaml': readFileSync('pipelines/pytorch.yaml', 'utf8'),
    'test/fixtures/train.py': script,
    'README.md': '<!-- kdpipe:pytorch -->\n<!-- /kdpipe:pytorch -->\n',
  });
});
afterAll(() => project.remove());

const run = (environment: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  project.runWith(environment, 'run', 'pytorch.yaml', ...args);

describe('the pipeline around a PyTorch trainer', () => {
  it('plans without any Python: two datasets, a teacher, students alone and by ratio and seed', () => {
    const planned = run({ KDPIPE_PYTHON: '/no/python' }, '-n');
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining('15 cells to run, 0 reused') });
    expect(planned.stdout.match(/^ {2}run +student\[/gm)).toHaveLength(9);
  });

  it('says that PyTorch is missing, in the words of the trainer', (context) => {
    if (spawnSync('python3', ['-c', '']).status !== 0) context.skip('needs python3');
    // Without its packages, no Python has torch.
    project.write('bare', '#!/bin/sh\nexec python3 -I -S "$@"\n');
    chmodSync(project.path('bare'), 0o755);
    const ended = run({ KDPIPE_PYTHON: project.path('bare') });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/has no PyTorch .*pip install torch, or name another Python in KDPIPE_PYTHON/);
  });

  it('trains, reads metrics into a table, and reruns what an edited trainer made', (context) => {
    const lack = missing('torch');
    if (lack !== undefined) context.skip(lack);
    const cut = ['-S', 'epochs=1', '-S', 'kd_ratio=0.5', '-S', 'student.seeds=1', '-S', 'alone.seeds=1'];
    const environment = { KDPIPE_PYTHON: python };
    expect(run(environment, ...cut)).toMatchObject({ code: 0 });
    // A run with -S leaves tables as they were.
    expect(project.run('report', 'pytorch.yaml', ...cut)).toMatchObject({ code: 0 });
    const rows = [...project.read('README.md').matchAll(/^\| (\d+) +\| (\S+) +\| +\**(0\.\d{4})\** \|/gm)];
    expect(rows.map(([, width, ratio]) => [width, ratio])).toEqual([
      ['8', 'none'],
      ['32', 'none'],
      ['8', '0.5'],
    ]);
    // Eight epochs over 4,000 digits: a teacher that knows most of the 2,000 others.
    expect(Number(rows[1]?.[3])).toBeGreaterThan(0.8);
    expect(run(environment, '-n', ...cut).stdout).toContain('nothing to do: 5 cells reused');
    project.write('test/fixtures/train.py', `${script}# edited\n`);
    expect(run(environment, '-n', ...cut).stdout).toContain('3 cells to run, 2 reused');
  });
});
