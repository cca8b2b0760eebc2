import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { kill, type Kin } from './kin.ts';

/** A way to strike a run. */
export interface Way {
  /** Strikes; false where there was nothing to hit. */
  readonly strike: (runner: ChildProcess, kin: Kin, random: () => number) => boolean | Promise<boolean>;
  /** How the runner may end then; null by a signal. It may also have been done already. */
  readonly ends: readonly (number | null)[];
  /** Causes of failed stages that it may tell then. */
  readonly causes: readonly string[];
}

function killOne(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  kill(pid);
  return true;
}

/** Kills one of the workers; where there is none, the first that comes, a moment later. */
async function killWorker(runner: ChildProcess, kin: Kin, random: () => number): Promise<boolean> {
  while (runner.exitCode === null && runner.signalCode === null) {
    const workers = kin.living().filter(({ isWorker }) => isWorker);
    const one = workers[Math.floor(random() * workers.length)];
    if (one) return killOne(one.pid);
    await wait(300 * random());
  }
  return false;
}

function killAll(_runner: ChildProcess, kin: Kin): boolean {
  kin.killAll();
  return true;
}

/** All ways, by what the table of figures calls them. */
export const allWays = {
  runner: { strike: ({ pid }) => killOne(pid), ends: [null], causes: [] },
  'runner and children': { strike: killAll, ends: [null], causes: [] },
  worker: { strike: killWorker, ends: [0, 1], causes: ['worker-died'] },
  'Ctrl-C': { strike: (runner) => runner.kill('SIGINT'), ends: [130, null], causes: [] },
} as const satisfies Record<string, Way>;
