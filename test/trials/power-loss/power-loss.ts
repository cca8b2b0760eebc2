import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../../src/core/event.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { mapConcurrently } from '../../../src/util/async-pool.ts';
import { leaveAlone, type Undisturbed } from '../campaign/campaign.ts';
import { damage, resultsOf } from '../campaign/results.ts';
import { countOf, seedOf } from '../campaign/size.ts';
import { study } from '../campaign/study.ts';
import { Tally, type Broken } from '../campaign/tally.ts';
import { cellsOf, endWithin, unfinished, Victim } from '../campaign/victim.ts';
import type { Outcome, Scale, Trial } from '../trial.ts';
import { Disk, obstacle } from './disk.ts';

/** How the disk is mounted: ext4 as it comes, and with none of its courtesies to programs that do not flush; by the row's name. */
const ways = {
  'ext4, a commit every 5 s': 'data=ordered,commit=5',
  'ext4, a commit every second': 'data=ordered,commit=1',
  'ext4, writeback, no courtesies': 'data=writeback,commit=1,noauto_da_alloc',
} as const;
type Way = keyof typeof ways;
const wayNames = Object.keys(ways) as Way[];

/** Longest silence of a holder who may live, with a margin for a busy machine, and how long a whole run may take. Milliseconds. */
const longestWait = 60_000 + 15_000;
const longestRun = 240_000;
/** Runs after a loss that go on at once: nearly all that they do is wait for the dead. */
const atOnce = 8;

/** Milliseconds that stages waited for others, each wait by itself. */
function waits(events: readonly Event[]): readonly number[] {
  const since = new Map<string, number>();
  const all: number[] = [];
  for (const event of events) {
    if (event.type === 'stage-waiting') since.set(event.cell, event.at);
    const start = 'cell' in event && event.type !== 'stage-waiting' ? since.get(event.cell) : undefined;
    if (start === undefined || !('cell' in event)) continue;
    all.push(event.at - start);
    since.delete(event.cell);
  }
  return all;
}

/** What the losses of a trial have in common. */
interface Course {
  readonly whole: Undisturbed;
  readonly tally: Tally;
  readonly random: () => number;
  readonly waits: number[];
  /** Ends when the power of the disk before has gone: runs that lose it are not slowed down by each other. */
  turn: Promise<unknown>;
}

/** A disk whose power was lost. */
interface Lost {
  readonly disk: Disk;
  /** Stages that were running. */
  readonly during: readonly string[];
  /** Cells whose end had been told. */
  readonly told: readonly string[];
}

/** Runs the study on a disk of its own and takes its power away at a random instant. */
async function losePower(folder: string, way: Way, { random, whole }: Course): Promise<Lost> {
  const disk = new Disk(join(folder, 'disk'), join(folder, 'before'));
  const lost = new Disk(join(folder, 'lost'), join(folder, 'after'));
  disk.format();
  disk.mount(ways[way]);
  try {
    const victim = new Victim(study, { folder: disk.folder });
    disk.flush();
    const { runner, said } = victim.start();
    await endWithin(runner, random() * 1.1 * whole.length);
    const [during, told] = [unfinished(said()), [...cellsOf(said())].filter(([, finished]) => finished)];
    disk.copyTo(lost.image);
    victim.kin.killAll();
    await endWithin(runner, longestWait);
    return { disk: lost, during, told: told.map(([cell]) => cell) };
  } finally {
    await disk.unmount();
  }
}

/** What is wrong with what a loss has left, before anything goes on. */
async function wrongAfter({ told }: Lost, { project }: Victim): Promise<readonly Broken[]> {
  const broken: Broken[] = [];
  const kept = resultsOf(project);
  for (const cell of told)
    if (!kept.has(cell)) broken.push({ sin: 'wrong', text: `the end of ${cell} was told, and its result is gone` });
  const damaged = await damage(project);
  if (damaged !== undefined) broken.push({ sin: 'wrong', text: `the loss left ${damaged}` });
  const { stderr } = project.run('status');
  if (stderr.includes('internal error')) broken.push({ sin: 'refused', text: `status: ${stderr}` });
  return broken;
}

/** Goes on with what was left on a disk, after a boot. */
async function goOn(folder: string, lost: Lost, course: Course): Promise<readonly Broken[]> {
  const { disk } = lost;
  disk.recover();
  disk.mount('data=ordered');
  const boot = join(folder, 'boot');
  writeFileSync(boot, `${randomUUID()}\n`);
  const victim = new Victim({}, { folder: disk.folder, patience: longestRun, boot });
  try {
    const broken = [...(await wrongAfter(lost, victim))];
    const next = await victim.run();
    broken.push(...next.broken);
    const waited = waits(next.events);
    course.waits.push(...waited);
    for (const wait of waited.filter((one) => one > longestWait))
      broken.push({ sin: 'hung', text: `waited ${Math.round(wait / 1000)} s for the dead` });
    if (next.finished) broken.push(...(await victim.judge(course.whole.results)));
    return broken;
  } finally {
    victim.kin.killAll();
    await disk.unmount();
  }
}

/** One loss, and the run after it. */
async function tryLoss(number: number, course: Course): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-power-'));
  const way = wayNames[number % wayNames.length]!;
  course.tally.projects++;
  try {
    const losing = course.turn.then(() => losePower(folder, way, course));
    course.turn = losing.catch(() => undefined);
    const lost = await losing;
    course.tally.count(way, lost.during);
    for (const one of await goOn(folder, lost, course))
      course.tally.blame(way, { ...one, text: `loss ${number}: ${one.text}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(scale: Scale): Promise<Outcome> {
  const skipped = await obstacle();
  if (skipped !== undefined) return { broken: [], section: '', skipped };
  const count = countOf(scale, { smoke: 1, full: 200, variable: 'POWER_LOSS_COUNT' });
  const seed = seedOf('POWER_LOSS_SEED');
  process.stderr.write(`${count} losses of power, seed ${seed}\n`);
  const tally = new Tally(wayNames, 'losses');
  const random = uniforms(seed, 'term', 0, 0);
  const course: Course = { whole: await leaveAlone(study), tally, random, waits: [], turn: Promise.resolve() };
  await mapConcurrently([...Array(count).keys()], atOnce, (number) => tryLoss(number, course));
  const longest = (Math.max(0, ...course.waits) / 1000).toFixed(0);
  const waited = `Stages that waited for a lock of the dead: ${course.waits.length}, ${longest} s at most.`;
  return { broken: tally.broken, section: `${tally.strikes} losses, seed ${seed}.\n\n${tally.table()}\n\n${waited}` };
}

/** Takes the power of a disk away during a run. */
export const powerLoss: Trial = {
  promise:
    'Whenever the power of a disk is lost during a run, what is on it then is enough for the next run, after a boot: it ends with the results of an undisturbed one, waits for no lock of the dead for longer than a living holder is ever silent, what was committed is whole, and status can be asked. The disk keeps its own promises: what it was told to flush is there.',
  run,
};
