import { execFile } from 'node:child_process';
import { fail } from '../core/failure.ts';

/** How long `nvidia-smi` may take: a driver that hangs is no GPU. Milliseconds. */
const patience = 20_000;

/**
 * Finds the GPUs that stages may use: those of `KDPIPE_GPUS` where it is set, else those of `CUDA_VISIBLE_DEVICES`, else
 * all that `nvidia-smi` lists.
 *
 * @param environment - environment variables; `PATH` finds `nvidia-smi`
 * @returns as `CUDA_VISIBLE_DEVICES` names them: indices or UUIDs; empty where there are none
 * @throws FailureError `bad-environment` where `KDPIPE_GPUS` is no list of indices
 */
export async function findGpus(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const { KDPIPE_GPUS: wanted, CUDA_VISIBLE_DEVICES: visible } = environment;
  if (wanted !== undefined) return readIndices(wanted);
  return visible === undefined ? askDriver(environment) : readVisible(visible);
}

function readIndices(text: string): readonly string[] {
  if (text.trim() === '') return [];
  const indices = text.split(',').map((part) => part.trim());
  if (indices.every((index) => /^\d+$/.test(index)) && new Set(indices).size === indices.length) return indices;
  return fail({
    code: 'bad-environment',
    message: `KDPIPE_GPUS is ${JSON.stringify(text)}`,
    expected: 'indices of GPUs, each once, or nothing for none',
    fix: 'KDPIPE_GPUS=0,1',
  });
}

/** CUDA sees the devices before the first name that is none. */
function readVisible(text: string): readonly string[] {
  const names = text.split(',').map((part) => part.trim());
  const end = names.findIndex((name) => !/^(?:\d+|(?:GPU|MIG)-\S+)$/.test(name));
  return [...new Set(end < 0 ? names : names.slice(0, end))];
}

function askDriver(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const options = { env, timeout: patience, killSignal: 'SIGKILL' } as const;
    execFile('nvidia-smi', ['--query-gpu=index', '--format=csv,noheader'], options, (error, stdout) => {
      // Without the program or its driver there are none.
      resolve(error ? [] : stdout.split('\n').flatMap((line) => /^\s*(\d+)\s*$/.exec(line)?.[1] ?? []));
    });
  });
}
