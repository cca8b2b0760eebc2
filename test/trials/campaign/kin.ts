import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { namesIfReadable, textIfReadable } from '../../../src/util/if-readable.ts';

/** A process that lives. */
interface Living {
  readonly pid: number;
  readonly isWorker: boolean;
}

/** Sends SIGKILL; whoever has gone meanwhile is forgotten. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/**
 * The processes of one project, whoever started them and whether or not that one still lives: all inherit a variable, by
 * which /proc tells them. Linux only.
 */
export class Kin {
  /** Value of the variable. */
  readonly mark = randomUUID();
  /** What their common ancestor must have in its environment. */
  readonly environment = { KDPIPE_TRIAL: this.mark };

  living(): readonly Living[] {
    return namesIfReadable('/proc')
      .filter((name) => /^\d+$/.test(name) && textIfReadable(`/proc/${name}/environ`, 'latin1').includes(this.mark))
      .map((name) => ({
        pid: Number(name),
        isWorker: /worker\/main\.js/.test(textIfReadable(`/proc/${name}/cmdline`, 'latin1')),
      }));
  }

  /** Kills all, also those that are started while it does. */
  killAll(): void {
    for (let left = this.living(); left.length; left = this.living()) {
      for (const { pid } of left) kill(pid);
    }
  }

  /** Waits until all have left by themselves; false when some still live after so many milliseconds. */
  async haveLeft(within: number): Promise<boolean> {
    const end = performance.now() + within;
    while (this.living().length) {
      if (performance.now() > end) return false;
      await wait(50);
    }
    return true;
  }
}
