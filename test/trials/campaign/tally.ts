/** Kinds of broken promises: a run that does not go on, another result, a result made again, a run without end. */
export const sins = ['refused', 'wrong', 'done twice', 'hung'] as const;

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
  projects = 0;
  strikes = 0;

  /** @param ways - names of the rows @param unit - what is counted */
  constructor(ways: readonly string[], unit: string) {
    this.#rows = new Map(ways.map((way) => [way, { strikes: 0, sins: new Map<Broken['sin'], number>() }]));
    this.#unit = unit;
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
    const line = `${sin}, after ${this.strikes} ${this.#unit} (${way}), in project ${this.projects}: ${text}`;
    this.broken.push(line);
    process.stderr.write(`${line}\n`);
  }

  /** The figures, in Markdown. */
  table(): string {
    const rows = [...this.#rows].map(([way, { strikes, sins: counts }]) => [
      way,
      strikes,
      ...sins.map((sin) => counts.get(sin) ?? 0),
    ]);
    const head = ['', this.#unit, ...sins];
    const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
    const stages = [...this.#during].sort(([, a], [, b]) => b - a).map(([stage, count]) => `${stage} ${count}`);
    return `${lines.join('\n')}\n\nStages that were running at that instant: ${stages.join(', ')}.`;
  }
}
