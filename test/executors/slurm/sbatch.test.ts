import { describe, expect, it } from 'vitest';
import type { ArrayJob } from '../../../src/executors/cluster.ts';
import { requestOptions, sbatchArguments, scriptText } from '../../../src/executors/slurm/sbatch.ts';

const job: ArrayJob = {
  ...{
    name: 'kdpipe-run-student',
    folder: '/data/50% done/arrays/student',
    indices: [0, 1, 2],
    after: [],
    cwd: '/data',
  },
  ...{ resources: { cpu: 2, gpu: 0, memory: 0 }, time: 0, settings: {} },
};

describe('options of sbatch', () => {
  it('ask for what a stage asks for, and for nothing else', () => {
    expect(requestOptions(job)).toEqual(['--nodes=1', '--ntasks=1', '--cpus-per-task=2', '--signal=B:USR1@120']);
    const resources = { cpu: 1, gpu: 2, memory: 1500.5 };
    expect(requestOptions({ ...job, resources })).toEqual(expect.arrayContaining(['--mem=1501M', '--gres=gpu:2']));
  });

  it('give a job the time of its stage, and room to save', () => {
    expect(requestOptions({ ...job, time: 600 })).toEqual(expect.arrayContaining(['--time=14', '--signal=B:USR1@120']));
    expect(requestOptions({ ...job, time: 600, settings: { time: 120 } })).toEqual(
      expect.arrayContaining(['--time=2', '--signal=B:USR1@30']),
    );
  });

  it('are those of the settings, with further ones last', () => {
    const settings = { partition: 'gpu', account: 'lab', qos: 'long', options: ['--constraint=a100'] };
    expect(requestOptions({ ...job, settings }).slice(-4)).toEqual([
      ...['--partition=gpu', '--account=lab', '--qos=long', '--constraint=a100'],
    ]);
  });

  it('name what an array waits for, and end it where that cannot be any more', () => {
    const after = [
      { type: 'aftercorr', job: '12' },
      { type: 'afterok', job: '13' },
    ] as const;
    expect(sbatchArguments({ ...job, after })).toEqual(
      expect.arrayContaining(['--array=0-2', '--dependency=aftercorr:12,afterok:13', '--kill-on-invalid-dep=yes']),
    );
    expect(sbatchArguments(job).join(' ')).not.toContain('dependency');
  });

  it('keep Slurm from reading anything into the name of a folder', () => {
    expect(sbatchArguments(job)).toContain('--output=/data/50%% done/arrays/student/%a.out');
  });
});

describe('the script of an array', () => {
  it('sets the node up, and gives way to the task', () => {
    const lines = scriptText({ ...job, settings: { setup: 'module load node/20\n' } }).split('\n');
    expect(lines[0]).toBe('#!/bin/bash');
    expect(lines).toContain('module load node/20');
    expect(lines.at(-2)).toMatch(
      /^exec "\$node" \S+main\.js task '\/data\/50% done\/arrays\/student' "\$\{SLURM_ARRAY_TASK_ID:-\$1\}"$/,
    );
  });
});
