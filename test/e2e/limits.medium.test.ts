import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { latestRun, readRun } from '../../src/record/past-runs.ts';
import { kdpipe, Project } from '../support/project.ts';

let project: Project;
beforeEach(() => (project = new Project()));
afterEach(() => project.remove());

describe('a run without free file descriptors', () => {
  it('fails the cells that find none, with the way out, and ends with its summary', () => {
    const stage = "with: { run: [sleep, '2.${matrix.x}'], outputs: { out: '.' } }";
    project.write(
      'p.yaml',
      `name: p\nstages:\n  a: { uses: command, matrix: { x: { from: 10, to: 39, step: 1 } }, ${stage} }\n`,
    );
    const { status, stderr } = spawnSync('sh', ['-c', `ulimit -n 64; exec node ${kdpipe} run -j 16 p.yaml`], {
      cwd: project.folder,
      encoding: 'utf8',
      env: { ...process.env, CI: '1' },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/no worker process could be started: .*EMFILE[^]*ulimit -n[^]*^failed after/m);
    const { events } = readRun(latestRun(project.path('runs'), 'p') ?? '');
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', status: 'failed' });
  });
});
