// Not execa: it spends half a millisecond a call on conveniences that are not used here, and a sweep calls thousands.
import { spawn } from 'node:child_process';
import { signalGroup } from '../../util/process-group.ts';
import { findTagged, signalAll, type TaggedProcess } from '../../util/tagged-processes.ts';

/** A program to run as leader of its own process group. */
export interface Program {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** File descriptor that takes standard output and standard error. */
  readonly log: number;
  /** Variables of `env`, `NAME=value`, that no other program has: they find what has left the program's group. */
  readonly tags: readonly string[];
}

/** How a program ended: by itself with a code, or by a signal. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it had left in other sessions, and what was ended with it. */
  readonly strays: readonly TaggedProcess[];
}

/** How long a group may take to stop after SIGTERM before it is killed; milliseconds. */
const grace = 10_000;
/** How often a stopping group is asked whether it is gone; milliseconds. */
const glance = 20;

/** Process ids do not go round within this; milliseconds. */
const soon = 10_000;

/** A program with all that it has started. */
class Family {
  readonly #leader: number;
  readonly #tags: readonly string[];
  readonly #since = performance.now();

  constructor(leader: number, tags: readonly string[]) {
    this.#leader = leader;
    this.#tags = tags;
  }

  /** Those who have left the group. */
  #strays(): readonly TaggedProcess[] {
    if (!this.#tags.length) return [];
    const found = findTagged(this.#tags, performance.now() - this.#since < soon ? this.#leader : 0);
    return found.filter(({ group }) => group !== this.#leader);
  }

  /** Sends a signal to all, and returns those who have left the group. */
  signal(signal: NodeJS.Signals): readonly TaggedProcess[] {
    signalGroup(this.#leader, signal);
    const strays = this.#strays();
    signalAll(strays, signal);
    return strays;
  }

  /** A shell dies of SIGTERM at once while the trainer under it still saves: the others are waited for. */
  async gone(): Promise<void> {
    const deadline = performance.now() + grace;
    while ((signalGroup(this.#leader, 0) || this.#strays().length) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, glance));
  }
}

/**
 * Runs a program to its end. Nothing that it started survives, in its process group or in a session of its own: what a
 * program left in the background is killed when it ends, and when `signal` is aborted all get SIGTERM, and SIGKILL after a
 * grace.
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
  const { file, cwd, env, log, tags } = program;
  const child = spawn(file, program.arguments, { cwd, env, detached: true, stdio: ['ignore', log, log] });
  const ended = new Promise<Omit<ProgramEnd, 'strays'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => resolve({ code, signal: by }));
  });
  const leader = child.pid;
  if (leader === undefined) return { ...(await ended), strays: [] };
  onGroup(leader);
  const family = new Family(leader, tags);
  const letGo = stopOnAbort(signal, family);
  try {
    const end = await ended;
    if (signal.aborted) await family.gone();
    return { ...end, strays: family.signal('SIGKILL') };
  } catch (error) {
    family.signal('SIGKILL');
    throw error;
  } finally {
    letGo();
  }
}

/** Stops all when the signal is aborted; the returned function ends the watch. */
function stopOnAbort(signal: AbortSignal, family: Family): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    family.signal('SIGTERM');
    timer = setTimeout(() => family.signal('SIGKILL'), grace);
  };
  signal.addEventListener('abort', stop, { once: true });
  return () => {
    signal.removeEventListener('abort', stop);
    clearTimeout(timer);
  };
}
