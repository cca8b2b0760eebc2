import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Event } from '../../../src/core/event.ts';
import { latestRun, readEvents } from '../../../src/record/past-runs.ts';
import { kdpipe, Project } from '../../support/project.ts';
import { Kin } from './kin.ts';
import { committed, damage, differences, litter, resultsOf, type Results } from './results.ts';
import type { Broken } from './tally.ts';
import { waits } from './waits.ts';
import type { Way } from './ways.ts';

/** Name of the pipeline and its file. */
const pipeline = 'study';
const command = ['run', `${pipeline}.yaml`, '-j', '2'] as const;
/** How long orphans may take to save what they have and leave, milliseconds. */
const farewell = 20_000;

/** Where a project is, and how long its runs may take. */
export interface Home {
  /** Its folder; a new one by default. */
  readonly folder?: string;
  /** A run that says nothing for so long hangs, milliseconds: long also for a machine that others use. */
  readonly patience?: number;
  /** A stage that waits longer for a lock waits for the dead, milliseconds. On this machine they are known to be dead at once. */
  readonly longestWait?: number;
  /** File with the identity of the boot that runs shall see; that of the machine by default. */
  readonly boot?: string;
}

/** Starts a program that sees another boot. */
const afterBoot = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';

/** A strike, and when it comes. */
interface Blow {
  readonly way: Way;
  /** Milliseconds after the run's start. */
  readonly delay: number;
  readonly random: () => number;
}

/** A run that goes. */
interface Running {
  readonly runner: ChildProcess;
  /** What it has printed so far. */
  readonly said: () => string;
}

/** How a run went. */
export interface Struck {
  /** Whether the strike found it alive. */
  readonly hit: boolean;
  /** Stages that were running then. */
  readonly during: readonly string[];
  readonly finished: boolean;
  /** What the run recorded; nothing where it died before. */
  readonly events: readonly Event[];
  readonly broken: readonly Broken[];
}

const nameOf = (cell: string): string => cell.split('[')[0] ?? cell;

/**
 * Cells that a run has begun, as far as it has said: its record is written a moment later.
 *
 * @param said - what it printed
 * @returns whether each has finished
 */
export function cellsOf(said: string): ReadonlyMap<string, boolean> {
  const cells = new Map<string, boolean>();
  for (const [, started, finished] of said.matchAll(/^(?:(\S+) started\b|\[\d+\/\d+\] (\S+) finished\b)/gm)) {
    if (started !== undefined) cells.set(started, false);
    if (finished !== undefined) cells.set(finished, true);
  }
  return cells;
}

/**
 * Stages that were running when a run was struck.
 *
 * @param said - what it had printed
 * @returns their names
 */
export const unfinished = (said: string): readonly string[] => [
  ...new Set([...cellsOf(said)].filter(([, finished]) => !finished).map(([cell]) => nameOf(cell))),
];

/** What a run's record tells that must not be. */
function* wrongIn(events: readonly Event[], before: ReadonlyMap<string, string>, causes: readonly string[] = []) {
  for (const event of events) {
    if (event.type === 'stage-failed' && !causes.includes(event.failure.code))
      yield { sin: 'refused', text: `${event.cell} failed: ${event.failure.message}` } as const;
    if (event.type === 'stage-warned') yield { sin: 'wrong', text: `${event.cell} warned: ${event.message}` } as const;
    if (event.type === 'stage-tainted') yield { sin: 'wrong', text: `${event.cell} was tainted` } as const;
    if (event.type === 'stage-started' && before.has(event.key))
      yield { sin: 'done twice', text: `${event.cell} ran again: ${event.reason}` } as const;
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/**
 * Waits for the end of a process.
 *
 * @param child - the process
 * @param limit - milliseconds after which it waits no longer
 */
export async function endWithin(child: ChildProcess, limit: number): Promise<void> {
  const over = new AbortController();
  const end = hasEnded(child) ? undefined : once(child, 'exit', { signal: over.signal }).catch(() => undefined);
  await Promise.race([end, wait(limit, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
}

/** Nothing talks for longer than so many times the longest silence. */
const longestTalk = 10;

/**
 * Waits for the end of a process, or until it has long said nothing.
 *
 * @param child - the process
 * @param said - all that it has printed so far
 * @param silence - longest time without a word, milliseconds
 */
export async function endOrSilence(child: ChildProcess, said: () => string, silence: number): Promise<void> {
  for (let before = -1, times = 0; before < said().length && times < longestTalk; times++) {
    before = said().length;
    await endWithin(child, silence);
    if (hasEnded(child)) return;
  }
}

/** A project whose runs are struck, one after another, until it has finished. */
export class Victim {
  readonly project: Project;
  readonly kin = new Kin();
  readonly #patience: number;
  readonly #longestWait: number;
  readonly #boot: string | undefined;

  constructor(
    files: Readonly<Record<string, string>>,
    { folder, patience = 240_000, longestWait = 30_000, boot }: Home = {},
  ) {
    this.project = new Project(files, folder);
    this.#patience = patience;
    this.#longestWait = longestWait;
    this.#boot = boot;
  }

  /** Starts a run and leaves it running. */
  start(): Running {
    const runner = this.#spawn();
    let text = '';
    runner.stderr?.on('data', (more: Buffer) => (text += more.toString()));
    runner.stdout?.resume();
    return { runner, said: () => text };
  }

  #spawn(): ChildProcess {
    if (this.#boot === undefined) return this.project.startWith(this.kin.environment, ...command);
    const args = ['--mount', 'sh', '-c', afterBoot, this.#boot, process.execPath, kdpipe, ...command];
    const env = { ...process.env, CI: '1', ...this.kin.environment };
    return spawn('unshare', args, { cwd: this.project.folder, env });
  }

  /** One run, struck or left alone. */
  async run(blow?: Blow): Promise<Struck> {
    const before = committed(this.project);
    const earlier = this.#record();
    const { runner, said } = this.start();
    const hit = blow ? await this.#hit(runner, blow) : false;
    const during = hit ? unfinished(said()) : [];
    await endOrSilence(runner, said, this.#patience);
    const lines = said().trim().split('\n').slice(-4).join(' / ');
    const events = this.#record() === earlier ? [] : this.events();
    const causes = hit ? blow?.way.causes : [];
    const ends: readonly (number | null)[] = hit && blow ? [0, ...blow.way.ends] : [0];
    const broken: Broken[] = [...wrongIn(events, before, causes), ...this.#madeAgain(before)];
    for (const waited of waits(events).filter((one) => one > this.#longestWait))
      broken.push({ sin: 'hung', text: `waited ${Math.round(waited / 1000)} s for the dead` });
    if (!hasEnded(runner)) {
      broken.push({ sin: 'hung', text: `nothing for ${this.#patience / 1000} s after: ${lines}` });
      this.kin.killAll();
    } else if (!ends.includes(runner.exitCode) || said().includes('internal error'))
      broken.push({ sin: 'refused', text: `exit ${runner.exitCode ?? runner.signalCode}: ${lines}` });
    return { hit, during, finished: runner.exitCode === 0, events, broken };
  }

  async #hit(runner: ChildProcess, { way, delay, random }: Blow): Promise<boolean> {
    await endWithin(runner, delay);
    return hasEnded(runner) ? false : way.strike(runner, this.kin, random);
  }

  /** Results that were there before, and are others or gone. */
  #madeAgain(before: ReadonlyMap<string, string>): readonly Broken[] {
    const after = committed(this.project);
    const again = [...before].filter(([key, stamp]) => after.get(key) !== stamp);
    return again.map(([key]) => ({ sin: 'done twice', text: `${key} was made again, or has gone` }));
  }

  /** What the latest run has recorded. */
  events(): readonly Event[] {
    const record = this.#record();
    return record === undefined ? [] : readEvents(record);
  }

  #record(): string | undefined {
    return latestRun(this.project.path('runs'), pipeline);
  }

  /** Looks at all that a finished project has. */
  async judge(expected: Results): Promise<readonly Broken[]> {
    const broken: Broken[] = [];
    if (!(await this.kin.haveLeft(farewell))) broken.push({ sin: 'hung', text: 'a process outlived its run' });
    const other = differences(resultsOf(this.project), expected);
    if (other.length) broken.push({ sin: 'wrong', text: `other results: ${other.join(', ')}` });
    const damaged = await damage(this.project);
    if (damaged !== undefined) broken.push({ sin: 'wrong', text: damaged });
    this.project.run('gc', '--yes');
    const left = litter(this.project);
    if (left.length) broken.push({ sin: 'wrong', text: `gc leaves ${left.join(', ')}` });
    const { stderr } = this.project.run(...command);
    if (!stderr.startsWith('nothing to do')) broken.push({ sin: 'done twice', text: `then: ${stderr.trim()}` });
    return broken;
  }

  remove(): void {
    this.kin.killAll();
    this.project.remove();
  }
}
