import { readdirSync, readFileSync } from 'node:fs';

/** A process found by its environment. */
export interface TaggedProcess {
  readonly pid: number;
  /** Its program, as the system cuts it: 15 characters. */
  readonly name: string;
  /** Its process group. */
  readonly group: number;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Gone, or another user's.
    return '';
  }
};

/** The program and the group of a process: the second field of its state, in parentheses, and the fifth. */
function stateOf(pid: number): Pick<TaggedProcess, 'name' | 'group'> {
  const [, name = '', rest = ''] = /\((.*)\) (.*)/s.exec(read(`/proc/${pid}/stat`)) ?? [];
  return { name, group: Number(rest.split(' ')[2]) };
}

/**
 * Finds the processes that inherited variables, also those that have left their parent's group and session: a program may
 * start daemons, but these keep the environment.
 *
 * @param tags - `NAME=value`, as no process that is not meant has them all
 * @param after - only process ids above this one, where ids have not gone round since; all by default
 * @returns the processes that run; none where there is no /proc
 */
export function findTagged(tags: readonly string[], after = 0): readonly TaggedProcess[] {
  const wanted = tags.map((tag) => `\0${Buffer.from(tag).toString('latin1')}\0`);
  let names: readonly string[] = [];
  try {
    names = readdirSync('/proc');
  } catch {
    // Another system than Linux.
  }
  return names
    .map(Number)
    .filter((pid) => pid > after && pid !== process.pid)
    .filter((pid) => {
      const environment = `\0${read(`/proc/${pid}/environ`)}`;
      return wanted.every((tag) => environment.includes(tag));
    })
    .map((pid) => ({ pid, ...stateOf(pid) }));
}

/**
 * Sends a signal to processes; one that has gone meanwhile gets none.
 *
 * @param processes - from {@link findTagged}
 * @param signal - the signal
 */
export function signalAll(processes: readonly TaggedProcess[], signal: NodeJS.Signals): void {
  for (const { pid } of processes)
    try {
      process.kill(pid, signal);
    } catch {
      // Gone.
    }
}
