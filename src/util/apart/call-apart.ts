import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { nodeArguments, type OwnModule } from '../own-module.ts';
import type { Answer } from './answer.ts';

/** What a call may use. */
export interface Limits {
  readonly seconds: number;
  /** Of the heap of JavaScript. */
  readonly mebibytes: number;
}

/** Far above what a template or a plugin needs, far below what a machine has. */
const usual: Limits = { seconds: 60, mebibytes: 512 };

/** How a file of the user's is run that may ask for more than there is. */
export interface ApartCall {
  /** Answers with `answer.ts`. */
  readonly module: OwnModule;
  /** What it is given; it is copied. */
  readonly input: object;
  /** The file as errors name it. */
  readonly file: string;
  readonly limits?: Limits | undefined;
}

/** Starts node with a heap of its own size; it gets no variables: what it runs is not trusted. */
function start(module: OwnModule, { mebibytes }: Limits) {
  return spawn(process.execPath, [`--max-old-space-size=${mebibytes}`, ...nodeArguments(module)], {
    // Not where a core would stand in the user's way.
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: {},
  });
}

/**
 * Calls a function of a module in a process of its own, with limits of time and memory: what it is given is not trusted, and
 * shall not take the run with it. (A thread would: V8 ends the whole process where one array outgrows the heap of a thread.)
 *
 * @param call - what is run
 * @returns its answer
 * @throws Error where the process ends without one
 */
export async function callApart<T, Failed>(call: ApartCall): Promise<Answer<T, Failed>> {
  const { module, input, file, limits = usual } = call;
  const child = start(module, limits);
  let words = '';
  child.stderr?.on('data', (text: Buffer) => (words = (words + text.toString()).slice(-4000)));
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Answer<T, Failed>>((resolve, reject) => {
      timer = setTimeout(() => resolve({ exceeded: `${limits.seconds} s` }), limits.seconds * 1000);
      child.once('message', (message) => resolve(message as Answer<T, Failed>));
      child.once('error', reject);
      child.once('close', () =>
        words.includes('heap out of memory') || words.includes('invalid size')
          ? resolve({ exceeded: `${limits.mebibytes} MiB` })
          : reject(new Error(`the process for ${file} ended: ${words}`)),
      );
      child.send(input);
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}
