import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { FailureError, type Failure } from '../../core/failure.ts';
import { nodeArguments, type OwnModule } from '../../util/own-module.ts';
import type { Answer } from './answer.ts';

/** What a call may use. */
export interface Limits {
  readonly seconds: number;
  /** Of the heap of JavaScript. */
  readonly mebibytes: number;
}

/** Far above what a template needs, far below what a machine has. */
const usual: Limits = { seconds: 60, mebibytes: 512 };

/** How a file of the user's is run that may ask for more than there is. */
export interface ApartCall {
  /** Answers with `answer.ts`. */
  readonly module: OwnModule;
  /** What it is given; it is copied. */
  readonly input: object;
  /** The file as failures show it. */
  readonly file: string;
  readonly limits?: Limits | undefined;
}

/** The failure for what takes too much. */
const tooCostly = (what: string, file: string): Failure => ({
  code: 'costly-template',
  message: `rendering the template takes more than ${what}`,
  place: { file },
  expected: 'a template whose work grows with the rows of its table, not with their product',
  fix: 'look for loops inside of loops, and for sequences and densities with many values',
});

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
 * @returns what it returns
 * @throws FailureError with its failures, or with the limit that it broke
 */
export async function callApart<T>(call: ApartCall): Promise<T> {
  const { module, input, file, limits = usual } = call;
  const child = start(module, limits);
  let words = '';
  child.stderr?.on('data', (text: Buffer) => (words = (words + text.toString()).slice(-4000)));
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<Answer<T>>((resolve, reject) => {
      const refuse = (what: string): void => reject(new FailureError([tooCostly(what, file)]));
      timer = setTimeout(() => refuse(`${limits.seconds} s`), limits.seconds * 1000);
      child.once('message', (message) => resolve(message as Answer<T>));
      child.once('error', reject);
      child.once('close', () =>
        words.includes('heap out of memory') || words.includes('invalid size')
          ? refuse(`${limits.mebibytes} MiB`)
          : reject(new Error(`a process that renders ${file} ended: ${words}`)),
      );
      child.send(input);
    });
    if (answer.failures) throw new FailureError(answer.failures);
    return answer.value;
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}
