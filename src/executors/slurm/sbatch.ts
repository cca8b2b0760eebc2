import type { JobRequest } from '../../core/array-job.ts';
import { shellWord } from '../../util/shell-word.ts';
import type { ArrayJob } from '../cluster.ts';
import { startLines } from '../start-lines.ts';
import { indexExpression } from './squeue.ts';

/** How long before its time is over a task is asked to save what it has. Seconds. */
const grace = 120;

/** Slurm counts time in minutes. */
const minutes = (seconds: number): number => Math.max(1, Math.ceil(seconds / 60));

/** The time that a task asks for: that of the settings, or what it may take at most, with room to save and to write results. */
function timeOf({ time, settings }: JobRequest): readonly string[] {
  const wanted = settings.time ?? (time > 0 ? time + 2 * grace : undefined);
  // Unsaid, it is that of the partition.
  if (wanted === undefined) return [`--signal=B:USR1@${grace}`];
  // Of a short time a quarter is left to save.
  return [`--time=${minutes(wanted)}`, `--signal=B:USR1@${Math.min(grace, Math.floor(wanted / 4))}`];
}

/**
 * The options of `sbatch` by which a task gets what it asks for.
 *
 * @param request - resources, time and settings
 * @returns options; those of the user stand last, where they win
 */
export function requestOptions(request: JobRequest): readonly string[] {
  const { resources, settings } = request;
  const { partition, account, qos, options = [] } = settings;
  return [
    '--nodes=1',
    '--ntasks=1',
    `--cpus-per-task=${resources.cpu}`,
    ...(resources.memory > 0 ? [`--mem=${Math.ceil(resources.memory)}M`] : []),
    ...(resources.gpu > 0 ? [`--gres=gpu:${resources.gpu}`] : []),
    ...timeOf(request),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
    ...(qos === undefined ? [] : [`--qos=${qos}`]),
    ...options,
  ];
}

/**
 * The options of `sbatch` that submit an array.
 *
 * @param job - the array
 * @returns options and the script's path
 */
export function sbatchArguments(job: ArrayJob): readonly string[] {
  const { name, folder, indices, after, cwd } = job;
  const dependencies = after.map(({ type, job: other }) => `${type}:${other}`).join(',');
  return [
    '--parsable',
    `--job-name=${name}`,
    `--array=${indexExpression(indices)}`,
    `--chdir=${cwd}`,
    // In a file name Slurm puts something in the place of %.
    `--output=${folder.replaceAll('%', '%%')}/%a.out`,
    '--open-mode=append',
    '--requeue',
    ...(dependencies === '' ? [] : [`--dependency=${dependencies}`, '--kill-on-invalid-dep=yes']),
    ...requestOptions(job),
    scriptPath(folder),
  ];
}

/**
 * The script of an array.
 *
 * @param folder - of the array
 * @returns its path
 */
export const scriptPath = (folder: string): string => `${folder}/script.sh`;

/** Holds back what waits of the array that a job is of: it would fare no better on the same node. */
const holdArray = '[ -z "${SLURM_ARRAY_JOB_ID:-}" ] || scontrol uhold "$SLURM_ARRAY_JOB_ID" > /dev/null 2>&1';

/**
 * The script that Slurm runs for each task of an array; a person may run it as well.
 *
 * @param job - the array
 * @returns text of the script
 */
export function scriptText(job: ArrayJob): string {
  const { folder, cwd, settings } = job;
  const setup = settings.setup === undefined ? [] : ['', settings.setup.trimEnd()];
  return [
    '#!/bin/bash',
    `# Submitted with: sbatch ${sbatchArguments(job).map(shellWord).join(' ')}`,
    `# By hand, the task of index 0: bash ${shellWord(scriptPath(folder))} 0`,
    ...setup,
    '',
    ...startLines(cwd, `task ${shellWord(folder)} "\${SLURM_ARRAY_TASK_ID:-$1}"`, holdArray),
    '',
  ].join('\n');
}
