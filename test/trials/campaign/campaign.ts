import { uniforms } from '../../../src/ml/random/random.ts';
import type { Counts, Outcome } from '../trial.ts';
import { resultsOf, type Results } from './results.ts';
import { Tally, tellSeeds, tellTally, type TallyCounts } from './tally.ts';
import { Victim } from './victim.ts';
import { allWays } from './ways.ts';

/** What is counted. */
const unit = 'strikes';

/** Strikes at random instants of the runs of projects, each project until it has finished. */
export interface Campaign {
  /** Files of the projects; the pipeline is `study.yaml`. */
  readonly files: Readonly<Record<string, string>>;
  readonly ways: readonly (keyof typeof allWays)[];
  readonly count: number;
  readonly seed: number;
  /** Longest time from the start of a run to a strike: a part of what an undisturbed run takes. */
  readonly share: number;
}

/** A project that nobody disturbs. */
export interface Undisturbed {
  readonly results: Results;
  /** Milliseconds that it takes. */
  readonly length: number;
}

/**
 * Runs a project that nobody disturbs.
 *
 * @param files - of the project
 * @returns what it makes, and how long it takes
 */
export async function leaveAlone(files: Campaign['files']): Promise<Undisturbed> {
  const victim = new Victim(files);
  try {
    const start = performance.now();
    const { finished, broken } = await victim.run();
    if (!finished || broken.length)
      throw new Error(`an undisturbed run failed: ${broken.map(({ text }) => text).join('; ')}`);
    return { results: resultsOf(victim.project), length: performance.now() - start };
  } finally {
    victim.remove();
  }
}

/** What one campaign goes by. */
interface Course {
  readonly campaign: Campaign;
  readonly whole: Undisturbed;
  readonly tally: Tally;
  readonly random: () => number;
}

/** About how long a project still takes, in milliseconds: the part of an undisturbed run that its missing results are. */
function timeLeft({ project }: Victim, { results, length }: Undisturbed): number {
  const missing = 1 - project.keys().length / results.size;
  return length * Math.max(0.2, 0.8 * missing);
}

/** Strikes one project until it has finished, or a promise is broken; left alone once there were enough strikes. */
async function bringDown({ campaign: { files, ways, count, share }, whole, tally, random }: Course): Promise<void> {
  const victim = new Victim(files);
  tally.projects++;
  try {
    for (;;) {
      const way = ways[Math.floor(random() * ways.length)] ?? ways[0]!;
      const blow = {
        way: allWays[way],
        delay: random() * Math.min(share * whole.length, timeLeft(victim, whole)),
        random,
      };
      const struck = await victim.run(tally.strikes < count ? blow : undefined);
      if (struck.hit) tally.count(way, struck.during);
      const broken = struck.broken.length || !struck.finished ? struck.broken : await victim.judge(whole.results);
      for (const one of broken) tally.blame(way, one);
      if (struck.finished || broken.length) return;
    }
  } finally {
    victim.remove();
  }
}

/**
 * Strikes runs at random instants, and compares what comes of them in the end with what an undisturbed run makes.
 *
 * @param campaign - project, ways and number of strikes
 * @returns broken promises, and figures
 */
export async function wage(campaign: Campaign): Promise<Outcome> {
  const { seed, count, ways, files } = campaign;
  const whole = await leaveAlone(files);
  const tally = new Tally(ways, unit, seed);
  const course = { campaign, whole, tally, random: uniforms(seed, 'term', 0, 0) };
  while (tally.strikes < count) await bringDown(course);
  return { broken: tally.broken, counts: tally.counts() };
}

/**
 * Tells the figures of campaigns.
 *
 * @param counts - of one, or added up
 * @returns Markdown
 */
export function tellCampaign(counts: Counts): string {
  const { ways, projects, seeds } = counts as TallyCounts;
  const strikes = Object.values(ways).reduce((sum, row) => sum + (row[unit] ?? 0), 0);
  const total = `${strikes} strikes, ${projects} projects brought to their end, ${tellSeeds(seeds)}.`;
  return `${total}\n\n${tellTally(counts as TallyCounts, unit)}`;
}
