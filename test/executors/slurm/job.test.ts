import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { ownJob } from '../../../src/executors/slurm/job.ts';

it.each([
  [
    { SLURM_JOB_ID: '7', SLURM_RESTART_COUNT: '2', SLURM_CPUS_PER_TASK: '3', SLURM_MEM_PER_CPU: '100' },
    { job: '7', restarts: 2, threads: 3, memory: 300 },
  ],
  [
    { SLURM_JOB_ID: '7', SLURM_CPUS_ON_NODE: '8', SLURM_STEP_TASKS_PER_NODE: '4(x2)', SLURM_MEM_PER_NODE: '4000' },
    { job: '7', restarts: 0, threads: 2, memory: 1000 },
  ],
  [{}, { job: '-', restarts: 0, threads: availableParallelism(), memory: 0 }],
])('what a process of a job was given: %o', (environment, expected) => {
  expect(ownJob(environment)).toEqual(expected);
});
