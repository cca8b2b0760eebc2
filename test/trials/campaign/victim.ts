import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Event } from '../../../src/core/event.ts';
import { latestRun, readEvents } from '../../../src/record/past-runs.ts';
import { Project } from '../../support/project.ts';
import { Kin } from './kin.ts';
import { committed, damage, differences, litter, resultsOf, type Results } from './results.ts';
import type { Broken } from './tally.ts';
import type { Way } from './ways.ts';

/** Name of the pipeline and its file. */
const pipeline = 'study';
const command = ['run', `${pipeline}.yaml`, '-j', '2'] as const;
/** A run that takes longer hangs: no lock of the dead on this machine costs any wait. Milliseconds. */
const patience = 60_000;
/** How long orphans may take to save what they have and leave, milliseconds. */
const farewell = 20_000;

/** A strike, and when it comes. */
interface Blow {
  readonly way: Way;
  /** Milliseconds after the run's start. */
  readonly delay: number;
  readonly random: () => number;
}

/** How a run went. */
export interface Struck {
  /** Whether the strike found it alive. */
  readonly hit: boolean;
  /** Stages that were running then. */
  readonly during: readonly string[];
  readonly finished: boolean;
  readonly broken: readonly Broken[];
}

const nameOf = (cell: string): string => cell.split('[')[0] ?? cell;

/** Stages that had not ended when a run was struck. */
function unfinished(events: readonly Event[]): readonly string[] {
  const cells = new Set<string>();
  for (const event of events) {
    if (event.type === 'stage-started') cells.add(event.cell);
    if (event.type === 'stage-finished') cells.delete(event.cell);
  }
  return [...new Set([...cells].map(nameOf))];
}

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

/** Waits for the end of a process, no longer than so many milliseconds. */
async function endWithin(child: ChildProcess, limit: number): Promise<void> {
  const over = new AbortController();
  const end = hasEnded(child) ? undefined : once(child, 'exit', { signal: over.signal }).catch(() => undefined);
  await Promise.race([end, wait(limit, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
}

/** A project whose runs are struck, one after another, until it has finished. */
export class Victim {
  readonly project: Project;
  readonly #kin = new Kin();

  constructor(files: Readonly<Record<string, string>>) {
    this.project = new Project(files);
  }

  /** One run, struck or left alone. */
  async run(blow?: Blow): Promise<Struck> {
    const before = committed(this.project);
    const earlier = this.#record();
    const runner = this.project.startWith(this.#kin.environment, ...command);
    let stderr = '';
    runner.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    runner.stdout?.resume();
    const hit = blow ? await this.#hit(runner, blow) : false;
    await endWithin(runner, patience);
    const said = stderr.trim().split('\n').slice(-4).join(' / ');
    const record = this.#record();
    const events = record === undefined || record === earlier ? [] : readEvents(record);
    const causes = hit ? blow?.way.causes : [];
    const ends: readonly (number | null)[] = hit && blow ? [0, ...blow.way.ends] : [0];
    const broken: Broken[] = [...wrongIn(events, before, causes), ...this.#madeAgain(before)];
    if (!hasEnded(runner)) {
      broken.push({ sin: 'hung', text: `no end after ${patience / 1000} s: ${said}` });
      this.#kin.killAll();
    } else if (!ends.includes(runner.exitCode) || /internal error/.test(stderr))
      broken.push({ sin: 'refused', text: `exit ${runner.exitCode ?? runner.signalCode}: ${said}` });
    return { hit, during: hit ? unfinished(events) : [], finished: runner.exitCode === 0, broken };
  }

  async #hit(runner: ChildProcess, { way, delay, random }: Blow): Promise<boolean> {
    await endWithin(runner, delay);
    return hasEnded(runner) ? false : way.strike(runner, this.#kin, random);
  }

  /** Results that were there before, and are others or gone. */
  #madeAgain(before: ReadonlyMap<string, string>): readonly Broken[] {
    const after = committed(this.project);
    const again = [...before].filter(([key, stamp]) => after.get(key) !== stamp);
    return again.map(([key]) => ({ sin: 'done twice', text: `${key} was made again, or has gone` }));
  }

  #record(): string | undefined {
    return latestRun(this.project.path('runs'), pipeline);
  }

  /** Looks at all that a finished project has. */
  async judge(expected: Results): Promise<readonly Broken[]> {
    const broken: Broken[] = [];
    if (!(await this.#kin.haveLeft(farewell))) broken.push({ sin: 'hung', text: 'a process outlived its run' });
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
    this.#kin.killAll();
    this.project.remove();
  }
}
