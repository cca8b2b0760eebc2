import type { Counts } from '../trial.ts';

/** Kinds of broken promises: a run that does not go on, another result, a result made again, a run without end. */
export const sins = ['refused', 'wrong', 'done twice', 'hung'] as const;

/** Figures of a tally: by row what was counted and what was broken, stages that were hit, projects, and counts by seed. */
export interface TallyCounts extends Counts {
  readonly ways: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly during: Readonly<Record<string, number>>;
  readonly projects: number;
  readonly seeds: Readonly<Record<string, number>>;
}

/** A promise that was broken. */
export interface Broken {
  readonly sin: (typeof sins)[number];
  readonly text: string;
}

/** Counts of strikes, of what they hit, and of what was broken. */
export class Tally {
  readonly broken: string[] = [];
  readonly #rows: ReadonlyMap<string, { strikes: number; readonly sins: Map<Broken['sin'], number> }>;
  readonly #during = new Map<string, number>();
  readonly #unit: string;
  readonly #seed: number;
  projects = 0;
  strikes = 0;

  /** @param ways - names of the rows @param unit - what is counted @param seed - of the campaign */
  constructor(ways: readonly string[], unit: string, seed: number) {
    this.#rows = new Map(ways.map((way) => [way, { strikes: 0, sins: new Map<Broken['sin'], number>() }]));
    this.#unit = unit;
    this.#seed = seed;
  }

  #row(way: string) {
    const row = this.#rows.get(way);
    if (!row) throw new Error(`no row for ${way}`);
    return row;
  }

  /** Counts a strike, and the stages that ran then. */
  count(way: string, stages: readonly string[]): void {
    this.#row(way).strikes++;
    this.strikes++;
    if (this.strikes % 50 === 0) process.stderr.write(`${this.strikes} ${this.#unit}\n`);
    for (const stage of stages.length ? stages : ['none']) this.#during.set(stage, (this.#during.get(stage) ?? 0) + 1);
  }

  /** Notes what came of a strike. */
  blame(way: string, { sin, text }: Broken): void {
    const { sins: counts } = this.#row(way);
    counts.set(sin, (counts.get(sin) ?? 0) + 1);
    const line = `${sin}, after ${this.strikes} ${this.#unit} (${way}), in project ${this.projects}, seed ${this.#seed}: ${text}`;
    this.broken.push(line);
    process.stderr.write(`${line}\n`);
  }

  /** The figures so far. */
  counts(): TallyCounts {
    const rowOf = (row: { strikes: number; readonly sins: ReadonlyMap<Broken['sin'], number> }) => ({
      [this.#unit]: row.strikes,
      ...Object.fromEntries(sins.map((sin) => [sin, row.sins.get(sin) ?? 0])),
    });
    return {
      ways: Object.fromEntries([...this.#rows].map(([way, row]) => [way, rowOf(row)])),
      during: Object.fromEntries(this.#during),
      projects: this.projects,
      seeds: { [this.#seed]: this.strikes },
    };
  }
}

/**
 * Tells the figures of tallies.
 *
 * @param counts - of one, or added up
 * @param unit - what was counted
 * @returns Markdown: a table, and what was hit
 */
export function tellTally(counts: TallyCounts, unit: string): string {
  const head = ['', unit, ...sins];
  const rows = Object.entries(counts.ways).map(([way, row]) => [way, ...head.slice(1).map((name) => row[name] ?? 0)]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const stages = Object.entries(counts.during).sort(([, a], [, b]) => b - a);
  const hit = stages.map(([stage, count]) => `${stage} ${count}`).join(', ');
  return `${lines.join('\n')}\n\nStages that were running at that instant: ${hit}.`;
}

/**
 * Tells seeds.
 *
 * @param seeds - of parts, with how often each tried
 * @returns words
 */
export function tellSeeds(seeds: Readonly<Record<string, number>>): string {
  const names = Object.keys(seeds);
  return `${names.length > 1 ? 'seeds' : 'seed'} ${names.join(', ')}`;
}
