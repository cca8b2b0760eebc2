// Not execa: it spends half a millisecond a call on conveniences that are not used here, and a sweep calls thousands.
import { spawn } from 'node:child_process';
import { signalGroup } from '../../util/process-group.ts';

/** A program to run as leader of its own process group. */
export interface Program {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** File descriptor that takes standard output and standard error. */
  readonly log: number;
}

/** How a program ended: by itself with a code, or by a signal. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long a group may take to stop after SIGTERM before it is killed; milliseconds. */
const grace = 10_000;
/** How often a stopping group is asked whether it is gone; milliseconds. */
const glance = 20;

/**
 * Runs a program to its end. Nothing of its process group survives: what a program left in the background is killed
 * when it ends, and when `signal` is aborted the group gets SIGTERM, and SIGKILL after a grace.
 *
 * @param program - what to run
 * @param signal - aborted when the program shall stop; not aborted yet
 * @param onGroup - told the group's leader as soon as it exists
 * @returns how it ended
 * @throws Error of the system when it cannot be started
 */
export async function runProgram(
  program: Program,
  signal: AbortSignal,
  onGroup: (leader: number) => void,
): Promise<ProgramEnd> {
  const { file, cwd, env, log } = program;
  const child = spawn(file, program.arguments, { cwd, env, detached: true, stdio: ['ignore', log, log] });
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => resolve({ code, signal: by }));
  });
  const leader = child.pid;
  if (leader === undefined) return ended;
  onGroup(leader);
  const letGo = stopOnAbort(signal, leader);
  try {
    const end = await ended;
    if (signal.aborted) await groupGone(leader);
    return end;
  } finally {
    letGo();
    signalGroup(leader, 'SIGKILL');
  }
}

/** Stops the group when the signal is aborted; the returned function ends the watch. */
function stopOnAbort(signal: AbortSignal, leader: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    signalGroup(leader, 'SIGTERM');
    timer = setTimeout(() => signalGroup(leader, 'SIGKILL'), grace);
  };
  signal.addEventListener('abort', stop, { once: true });
  return () => {
    signal.removeEventListener('abort', stop);
    clearTimeout(timer);
  };
}

/** A shell dies of SIGTERM at once while the trainer under it still saves: the others of the group are waited for. */
async function groupGone(leader: number): Promise<void> {
  const deadline = performance.now() + grace;
  while (signalGroup(leader, 0) && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, glance));
}
