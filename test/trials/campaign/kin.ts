import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A process that lives. */
interface Living {
  readonly pid: number;
  readonly isWorker: boolean;
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};

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
  readonly #mark = randomUUID();
  /** What their common ancestor must have in its environment. */
  readonly environment = { KDPIPE_TRIAL: this.#mark };

  living(): readonly Living[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && textOf(`/proc/${name}/environ`).includes(this.#mark))
      .map((name) => ({ pid: Number(name), isWorker: /worker\/main\.js/.test(textOf(`/proc/${name}/cmdline`)) }));
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
