import { namesIfReadable, textIfReadable } from './if-readable.ts';

/** A process found by its environment. */
export interface TaggedProcess {
  readonly pid: number;
  /** Its program, as the system cuts it: 15 characters. */
  readonly name: string;
  /** Its process group. */
  readonly group: number;
}

/** The program and the group of a process: the second field of its state, in parentheses, and the fifth. */
function stateOf(pid: number): Pick<TaggedProcess, 'name' | 'group'> {
  const [, name = '', rest = ''] = /\((.*)\) (.*)/s.exec(textIfReadable(`/proc/${pid}/stat`, 'latin1')) ?? [];
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
  return namesIfReadable('/proc')
    .map(Number)
    .filter((pid) => pid > after && pid !== process.pid)
    .filter((pid) => {
      const environment = `\0${textIfReadable(`/proc/${pid}/environ`, 'latin1')}`;
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
