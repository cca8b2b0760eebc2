import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniforms } from '../../../src/ml/random/random.ts';
import { mapConcurrently } from '../../../src/util/async-pool.ts';
import { leaveAlone, type Undisturbed } from '../campaign/campaign.ts';
import { damage, resultsOf } from '../campaign/results.ts';
import { study } from '../campaign/study.ts';
import { Tally, tellSeeds, tellTally, type Broken, type TallyCounts } from '../campaign/tally.ts';
import { waits } from '../campaign/waits.ts';
import { cellsOf, endWithin, unfinished, Victim } from '../campaign/victim.ts';
import { countOf, type Counts, type Outcome, type Size, type Trial } from '../trial.ts';
import { Disk, obstacle } from './disk.ts';

/** How the disk is mounted: ext4 as it comes, and with none of its courtesies to programs that do not flush; by the row's name. */
const ways = {
  'ext4, a commit every 5 s': 'data=ordered,commit=5',
  'ext4, a commit every second': 'data=ordered,commit=1',
  'ext4, writeback, no courtesies': 'data=writeback,commit=1,noauto_da_alloc',
} as const;
type Way = keyof typeof ways;
const wayNames = Object.keys(ways) as Way[];

/** Longest silence of a holder who may live, with a margin for a busy machine. Milliseconds. */
const longestWait = 60_000 + 15_000;
/** What is counted. */
const unit = 'losses';
/** Runs after a loss that go on at once: nearly all that they do is wait for the dead. */
const atOnce = 8;

/** What the losses of a trial have in common. */
interface Course {
  readonly whole: Undisturbed;
  readonly tally: Tally;
  readonly random: () => number;
  /** How many waits for the dead took so many seconds. */
  readonly waits: Record<string, number>;
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
  const victim = new Victim({}, { folder: disk.folder, longestWait, boot });
  try {
    const broken = [...(await wrongAfter(lost, victim))];
    const next = await victim.run();
    broken.push(...next.broken);
    for (const wait of waits(next.events)) {
      const seconds = Math.round(wait / 1000);
      course.waits[seconds] = (course.waits[seconds] ?? 0) + 1;
    }
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

async function run(size: Size): Promise<Outcome> {
  const skipped = await obstacle();
  if (skipped !== undefined) return { broken: [], counts: {}, skipped };
  const count = countOf(size, { smoke: 1, full: 200 });
  const tally = new Tally(wayNames, unit, size.seed);
  const random = uniforms(size.seed, 'term', 0, 0);
  const course: Course = { whole: await leaveAlone(study), tally, random, waits: {}, turn: Promise.resolve() };
  await mapConcurrently([...Array(count).keys()], atOnce, (number) => tryLoss(number, course));
  return { broken: tally.broken, counts: { ...tally.counts(), waits: course.waits } };
}

function tell(counts: Counts): string {
  const { waits: waited, seeds } = counts as TallyCounts & { readonly waits: Readonly<Record<string, number>> };
  const number = Object.values(waited).reduce((sum, one) => sum + one, 0);
  const longest = Math.max(0, ...Object.keys(waited).map(Number));
  const losses = Object.values(seeds).reduce((sum, one) => sum + one, 0);
  return [
    `${losses} losses, ${tellSeeds(seeds)}.`,
    tellTally(counts as TallyCounts, unit),
    `Stages that waited for a lock of the dead: ${number}, ${longest} s at most.`,
  ].join('\n\n');
}

/** Takes the power of a disk away during a run. */
export const powerLoss: Trial = {
  promise:
    'Whenever the power of a disk is lost during a run, what is on it then is enough for the next run, after a boot: it ends with the results of an undisturbed one, waits for no lock of the dead for longer than a living holder is ever silent, what was committed is whole, and status can be asked. The disk keeps its own promises: what it was told to flush is there.',
  run,
  tell,
};
