import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { executors } from '../../../src/executors/registry.ts';
import { Project } from '../../support/project.ts';
import { stackTrace } from '../trial.ts';

/** Stages that ask for a GPU each and write which one they see; each waits until all of them are up. */
const gpuStages = (ids: readonly string[], gpu = 1) =>
  `name: trial\nstages:\n${ids
    .map((id) => {
      const all = ids.map((other) => `[ -e ${other}.up ]`).join(' && ');
      const shell = `touch ${id}.up; until ${all}; do sleep 0.02; done; echo "$CUDA_VISIBLE_DEVICES" > ${id}.gpu`;
      return `  ${id}:\n    uses: command\n    with: { shell: ${JSON.stringify(shell)} }\n    resources: { gpu: ${gpu} }\n`;
    })
    .join('')}`;

let project: Project;
beforeEach(() => (project = new Project()));
afterEach(() => project.remove());

const visible = process.env['CUDA_VISIBLE_DEVICES'];
beforeAll(() => delete process.env['CUDA_VISIBLE_DEVICES']);
afterAll(() => {
  if (visible !== undefined) process.env['CUDA_VISIBLE_DEVICES'] = visible;
});

/** Runs the pipeline on a machine whose `nvidia-smi` lists GPUs, and notes that it was asked. */
const runWith = (gpus: readonly string[], environment: Record<string, string> = {}, ...flags: readonly string[]) => {
  const script = `#!/bin/sh\necho asked >> ${project.path('asked')}\nprintf '${gpus.map((gpu) => `${gpu}\\n`).join('')}'\n`;
  project.writeProgram('bin/nvidia-smi', script);
  const PATH = [project.path('bin'), process.env['PATH']].join(delimiter);
  return project.runWith({ PATH, ...environment }, 'run', 'trial.yaml', '-j', '4', ...flags);
};
const gpusOf = (...ids: readonly string[]) => ids.map((id) => project.read(`${id}.gpu`).trim());

describe.each(Object.keys(executors))('kdpipe run --executor %s', (name) => {
  it('gives each stage that runs a GPU of its own, found once', () => {
    project.write('trial.yaml', gpuStages(['a', 'b']));
    expect(runWith(['0', '1'], {}, '--executor', name)).toMatchObject({ code: 0 });
    expect(gpusOf('a', 'b').sort()).toEqual(['0', '1']);
    expect(readFileSync(project.path('asked'), 'utf8')).toBe('asked\n');
  });
});

describe('kdpipe run with GPUs', () => {
  it('takes those of CUDA_VISIBLE_DEVICES, and those of KDPIPE_GPUS before them', () => {
    project.write('trial.yaml', gpuStages(['a']));
    expect(runWith(['0'], { CUDA_VISIBLE_DEVICES: '3,5' })).toMatchObject({ code: 0 });
    expect(gpusOf('a')).toEqual(['3']);
    expect(runWith(['0'], { CUDA_VISIBLE_DEVICES: '3,5', KDPIPE_GPUS: '5' }, '--force', 'a')).toMatchObject({
      code: 0,
    });
    expect(gpusOf('a')).toEqual(['5']);
  });

  it.each<[string, readonly string[], Record<string, string>, string]>([
    ['none', ['0'], { KDPIPE_GPUS: '' }, 'a asks for 2 GPUs, but this machine has none'],
    ['too few', ['0'], {}, 'a asks for 2 GPUs, but this machine has 1'],
  ])('refuses a stage that asks for more than there are, before anything runs: %s', (_what, gpus, more, message) => {
    project.write('trial.yaml', gpuStages(['a'], 2));
    const ended = runWith(gpus, more);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).toContain('[not-enough-gpus]');
    expect(ended.stderr).toContain('KDPIPE_GPUS=0,1');
    expect(ended.stderr).not.toMatch(stackTrace);
  });

  it('looks for none where no stage asks for one', () => {
    project.write('trial.yaml', 'name: trial\nstages: { a: { uses: command, with: { shell: "true" } } }\n');
    expect(runWith(['0'])).toMatchObject({ code: 0 });
    expect(() => project.read('asked')).toThrow('ENOENT');
  });
});

describe('kdpipe run --executor', () => {
  it('names those that there are', () => {
    const { code, stderr } = project.run('run', 'trial.yaml', '--executor', 'slrum');
    expect(code).toBe(2);
    for (const name of Object.keys(executors)) expect(stderr).toContain(name);
    expect(stderr).not.toMatch(stackTrace);
  });
});
