import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Event } from '../../../src/core/event.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { readEvents } from '../../../src/record/past-runs.ts';
import { openStore } from '../../../src/store/local.ts';
import { Project } from '../../support/project.ts';
import { Kin } from '../campaign/kin.ts';
import { damage } from '../campaign/results.ts';
import { sins, tellSeeds, type Broken } from '../campaign/tally.ts';
import { endOrSilence } from '../campaign/victim.ts';
import { allWays, type Way } from '../campaign/ways.ts';
import { countOf, type Counts, type Outcome, type Size, type Trial } from '../trial.ts';
import { executionsIn, judgeOnce, type Execution, type RunFacts } from './once.ts';
import { pick, Workspace, type Random } from './workspace.ts';

/** How many runs go at once. */
const crowd = 8;
/** A run that says nothing for so long hangs, milliseconds: long also for a machine that others use. */
const patience = 240_000;
const wayNames = ['runner', 'runner and children', 'worker'] as const;

const forms = {
  smoke: { stages: 12, disturbances: 6, minutes: 5 },
  full: { stages: 300, disturbances: 24, minutes: 60 },
} as const;

/** A run that goes on. */
interface Running {
  readonly runner: ChildProcess;
  readonly kin: Kin;
  /** How it was struck; nothing where it was not. */
  way?: Way;
}

/** Runs at once on one workspace, and what comes of it. */
class Concurrent {
  readonly #workspace: Workspace;
  readonly #project: Project;
  readonly #form: (typeof forms)[Size['scale']];
  readonly #seed: number;
  readonly #running = new Set<Running>();
  /** Marks of the processes of runs that were struck. */
  readonly #struck = new Set<string>();
  readonly broken: string[] = [];
  readonly counts: Record<string, number> = {};
  /** What is wrong with the ledger, and was said. */
  readonly #told = new Set<string>();
  #round = 0;
  /** Milliseconds of a run in a fresh folder. */
  #length = 0;

  constructor({ scale, seed }: Size) {
    this.#form = forms[scale];
    this.#seed = seed;
    this.#workspace = new Workspace(this.#form.stages, uniforms(seed, 'term', 0, 0));
    this.#project = new Project(this.#workspace.files());
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  #blame({ sin, text }: Broken): void {
    this.#count(sin);
    this.broken.push(`${sin}, in round ${this.#round}, seed ${this.#seed}: ${text}`);
    process.stderr.write(`${this.broken.at(-1) ?? ''}\n`);
  }

  /** Rounds until there were enough, or the time is over. */
  async run(rounds: number): Promise<void> {
    const end = performance.now() + this.#form.minutes * 60_000;
    this.#compare();
    while (this.#round < rounds && performance.now() < end) {
      this.#round++;
      await this.#disturb();
      await this.#calmDown();
      this.#judgeOnce();
      this.#count('rounds');
      if (this.#round % 10 === 0) process.stderr.write(`${this.#round} rounds\n`);
    }
    const damaged = await damage(this.#project);
    if (damaged !== undefined) this.#blame({ sin: 'wrong', text: damaged });
  }

  /** Eight runs at once, each with one after it, until all edits and kills have come. */
  async #disturb(): Promise<void> {
    let over = false;
    const one = async (slot: number) => {
      const random = uniforms(this.#seed, 'term', this.#round, 1 + slot);
      do await this.#runOne(random);
      while (!over);
    };
    const random = uniforms(this.#seed, 'term', this.#round, 0);
    // So that there is work for all.
    for (let edits = this.#form.stages / 6; edits > 0; edits--) this.#edit(random);
    const strikes = async () => {
      for (let left = this.#form.disturbances; left > 0; left--) {
        await wait(random() * this.#length);
        if (random() < 0.3) this.#edit(random);
        else await this.#strike(random);
      }
      over = true;
    };
    await Promise.all([strikes(), ...Array.from({ length: crowd }, (_, slot) => one(slot))]);
  }

  #edit(random: Random): void {
    this.#count('edits');
    this.#workspace.edit(this.#project.folder, random);
  }

  async #strike(random: Random): Promise<void> {
    const all = [...this.#running];
    const one = all[pick(random, all.length)];
    if (!one || one.way) return;
    const name = wayNames[pick(random, wayNames.length)]!;
    one.way = allWays[name];
    if (await one.way.strike(one.runner, one.kin, random)) this.#count(name);
  }

  /** One run of everything, or of what one stage needs. */
  async #runOne(random: Random): Promise<void> {
    const { names } = this.#workspace;
    const target = random() < 0.5 ? [] : ['--to', names[pick(random, names.length)]!];
    const args = ['run', 'study.yaml', '-j', `${1 + pick(random, 3)}`, ...(random() < 0.5 ? ['-k'] : []), ...target];
    const kin = new Kin();
    const environment = { ...kin.environment, TRIAL_LEDGER: this.#project.path('ledger') };
    const runner = this.#project.startWith(environment, ...args);
    const running: Running = { runner, kin };
    let said = '';
    runner.stderr?.on('data', (more: Buffer) => (said += more.toString()));
    runner.stdout?.resume();
    this.#running.add(running);
    await endOrSilence(runner, () => said, patience);
    await drained(runner);
    this.#running.delete(running);
    this.#count('runs');
    const [, name] = / run (\S+)$/m.exec(said) ?? [];
    if (running.way) this.#struck.add(kin.mark);
    const tail = `${args.join(' ')}: ${said.trim().split('\n').slice(-4).join(' / ')}`;
    if (runner.exitCode === null && runner.signalCode === null) {
      this.#blame({ sin: 'hung', text: `nothing for ${patience / 1000} s after: ${tail}` });
      kin.killAll();
    } else if (said.includes('internal error') || !this.#mayEnd(runner.exitCode, running.way, name))
      this.#blame({ sin: 'refused', text: `exit ${runner.exitCode ?? runner.signalCode}: ${tail}` });
  }

  /** Whether a run may end so: a failure is one of what struck it, or of a source that changed while it was read. */
  #mayEnd(exit: number | null, way: Way | undefined, name: string | undefined): boolean {
    if (exit === 0 || exit === null) return exit === 0 || way !== undefined;
    const events = name === undefined ? [] : this.#events(name);
    const causes = events.flatMap((event) => (event.type === 'stage-failed' ? [event.failure.code] : []));
    const tainted = events.some(({ type }) => type === 'stage-tainted');
    return exit === 1 && (causes.length > 0 || tainted) && causes.every((code) => way?.causes.includes(code));
  }

  #events(run: string): readonly Event[] {
    const folder = this.#project.path(`runs/study/${run}`);
    return existsSync(folder) ? readEvents(folder) : [];
  }

  /** A run that nobody disturbs ends well, and its results are those of a fresh folder. */
  async #calmDown(): Promise<void> {
    await this.#runOne(() => 0);
    this.#compare();
  }

  /** Compares with a run in a fresh folder. */
  #compare(): void {
    const clean = new Project(this.#workspace.files());
    try {
      const start = performance.now();
      const { code, stderr } = clean.runWith({ TRIAL_LEDGER: clean.path('ledger') }, 'run', 'study.yaml');
      if (code !== 0) throw new Error(`a run in a fresh folder failed: ${stderr}`);
      this.#length ||= performance.now() - start;
      if (this.#round === 0) return;
      const results = storeOf(this.#project);
      const expected = storeOf(clean);
      const keys = [...expected.keys()];
      if (keys.length !== this.#workspace.names.length) throw new Error(`${keys.length} results in a fresh folder`);
      for (const key of keys) {
        const [here, there] = [results, expected].map((store) => store.find(key)?.manifest());
        if (JSON.stringify(here?.files) !== JSON.stringify(there?.files))
          this.#blame({ sin: 'wrong', text: `${there?.cell ?? key} is not as in a fresh folder` });
      }
    } finally {
      clean.remove();
    }
  }

  /** Looks at the ledger: every stage once, but for what was lost with a run. */
  #judgeOnce(): void {
    const standing = new Map<string, string>();
    const store = storeOf(this.#project);
    for (const key of store.keys()) {
      const manifest = store.find(key)?.manifest();
      if (manifest)
        standing.set(this.#project.read(`runs/.store/${key.slice(0, 2)}/${key}/identity`).trim(), manifest.run);
    }
    const facts = new Map<string, RunFacts>();
    const factsOf = (execution: Execution): RunFacts => {
      let known = facts.get(execution.run);
      if (!known) facts.set(execution.run, (known = this.#facts(execution)));
      return known;
    };
    const executions = executionsIn(this.#project.read('ledger'));
    const { twice, gone, lost } = judgeOnce(executions, standing, factsOf);
    const all = [
      ...twice.map((text) => ({ sin: 'done twice', text }) as const),
      ...gone.map((text) => ({ sin: 'wrong', text: `the result is gone of ${text}` }) as const),
    ];
    for (const one of all.filter(({ text }) => !this.#told.has(text))) {
      this.#told.add(one.text);
      this.#blame(one);
    }
    this.counts['executions'] = executions.length;
    this.counts['lost'] = lost;
  }
  #facts({ run, by }: Execution): RunFacts {
    const events = this.#events(run);
    const cells = (wanted: Event['type']) =>
      new Set(events.flatMap((event) => (event.type === wanted && 'cell' in event ? [event.cell] : [])));
    return { struck: this.#struck.has(by), finished: cells('stage-finished'), tainted: cells('stage-tainted') };
  }

  /** Ends all; false where somebody does not leave. */
  async close(): Promise<void> {
    for (const { kin } of this.#running) kin.killAll();
    await wait(0);
    this.#project.remove();
  }
}

/** Waits for the last words of a process that has ended; those that it has left behind may hold its streams for longer. */
async function drained({ stderr }: ChildProcess): Promise<void> {
  if (stderr && !stderr.closed) await Promise.race([once(stderr, 'close'), wait(2000)]);
}

const storeOf = (project: Project) => openStore(project.path('runs/.store'));

async function run(size: Size): Promise<Outcome> {
  const concurrent = new Concurrent(size);
  try {
    await concurrent.run(countOf(size, { smoke: 2, full: Infinity }));
    const { broken, counts } = concurrent;
    return {
      broken,
      counts: { counts, seeds: { [size.seed]: counts['rounds'] ?? 0 }, stages: { [forms[size.scale].stages]: 1 } },
    };
  } finally {
    await concurrent.close();
  }
}

function tell({ counts, seeds, stages }: Counts): string {
  const all = counts as Readonly<Record<string, number>>;
  const of = (name: string) => all[name] ?? 0;
  const head = ['rounds', 'runs', 'edits', ...wayNames, 'executions', 'lost', ...sins];
  const lines = [head, head.map(() => '---'), head.map(of)].map((cells) => `| ${cells.join(' | ')} |`);
  return [
    `${Object.keys(stages as object).join(', ')} stages, ${crowd} runs at once, ${tellSeeds(seeds as Record<string, number>)}.`,
    lines.join('\n'),
    'Executions: stages that said in a ledger outside of the store that they had come to their end. Lost: those of them whose run was struck, or whose source was edited, before the result was kept.',
  ].join('\n\n');
}

/** Runs that go at once on one workspace, while it is edited and they are killed. */
export const concurrent: Trial = {
  promise:
    'However many runs go at once on one workspace, whoever edits it meanwhile and whoever of them is killed: none is refused, none waits for ever, each stage is executed once for what it reads, and the results are those of a run in a fresh folder.',
  run,
  tell,
};
