import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { uniforms } from '../../../src/ml/random/random.ts';
import { Project } from '../../support/project.ts';
import { Kin } from '../campaign/kin.ts';
import { sins, tellSeeds, type Broken } from '../campaign/tally.ts';
import { endOrSilence } from '../campaign/victim.ts';
import { allWays } from '../campaign/ways.ts';
import { inputsOf, pick, resultOf, Workspace } from '../concurrent/workspace.ts';
import { countOf, type Counts, type Outcome, type Size, type Trial } from '../trial.ts';
import { obstacle, tools, type Tool } from './tools.ts';

const wayNames = ['runner', 'runner and children'] as const;
const stageCount = 10;
/** Stages that run at once: as many may have said their last word without the runner's knowing. */
const atOnce = 2;
/** A run that says nothing for so long hangs, milliseconds. */
const patience = 180_000;

type Sin = Broken['sin'];
type Name = keyof typeof tools;
const names = Object.keys(tools) as Name[];

/** How a run ended. */
interface Ended {
  readonly code: number | null;
  readonly hung: boolean;
  readonly said: string;
}

/** A project of one of the tools. */
class Trialled {
  readonly #tool: Tool;
  readonly #workspace: Workspace;
  readonly #project: Project;
  readonly #kin = new Kin();
  readonly #environment: NodeJS.ProcessEnv;

  constructor(tool: Tool, workspace: Workspace) {
    this.#tool = tool;
    this.#workspace = workspace;
    const sources = workspace.sources.map((value, at) => [`source-${at}`, `${value}\n`] as const);
    this.#project = new Project({ ...tool.files(workspace.stages), ...Object.fromEntries(sources) });
    const own = {
      TRIAL_LEDGER: this.#project.path('ledger'),
      CI: '1',
      DVC_NO_ANALYTICS: '1',
      HOME: this.#project.folder,
    };
    this.#environment = { ...process.env, ...this.#kin.environment, ...own };
    for (const command of tool.prepare) this.#call(command);
  }

  #call([command = '', ...args]: readonly string[]): void {
    spawnSync(command, args, { cwd: this.#project.folder, env: this.#environment, stdio: 'ignore' });
  }

  start([command = '', ...args]: readonly string[]): { readonly runner: ChildProcess; readonly said: () => string } {
    const runner = spawn(command, args, { cwd: this.#project.folder, env: this.#environment });
    let said = '';
    for (const stream of [runner.stdout, runner.stderr]) stream.on('data', (more: Buffer) => (said += more.toString()));
    return { runner, said: () => said };
  }

  async run(command: readonly string[]): Promise<Ended> {
    const { runner, said } = this.start(command);
    await endOrSilence(runner, said, patience);
    const hung = runner.exitCode === null && runner.signalCode === null;
    if (hung) this.#kin.killAll();
    return { code: runner.exitCode, hung, said: said().trim().split('\n').slice(-3).join(' / ') };
  }

  /** Strikes a run after so many milliseconds; false where it had ended. */
  async strike(way: (typeof wayNames)[number], delay: number): Promise<boolean> {
    const { runner, said } = this.start(this.#tool.run);
    await endOrSilence(runner, () => '', delay);
    if (runner.exitCode !== null) return false;
    allWays[way].strike(runner, this.#kin);
    await endOrSilence(runner, said, patience);
    return true;
  }

  /** Goes on as before; then, where that was refused, as the manual says. */
  async goOn(): Promise<readonly [plain: Ended, recovered: Ended]> {
    const plain = await this.run(this.#tool.run);
    if (plain.code === 0 || plain.hung) return [plain, plain];
    for (const command of this.#tool.recover(this.#project.folder)) this.#call(command);
    return [plain, await this.run(this.#tool.rerun)];
  }

  /** Lines of the ledger so far. */
  get ledger(): readonly string[] {
    if (!existsSync(this.#project.path('ledger'))) return [];
    return this.#project.read('ledger').split('\n').filter(Boolean);
  }

  /** Stages with another result than plain computation has, or none. */
  wrong(): readonly string[] {
    const { stages, sources } = this.#workspace;
    const values = new Map(sources.map((value, at) => [`source-${at}`, value]));
    stages.forEach((stage, at) => {
      const inputs = inputsOf(stage).map(([, from]) => values.get(from) ?? 0);
      values.set(`s${at}`, resultOf(inputs, stage.value));
    });
    const result = (name: string) => this.#tool.result(this.#project.folder, name);
    return this.#workspace.names.filter((name) => result(name) !== `${values.get(name)}`);
  }

  remove(): void {
    this.#kin.killAll();
    this.#project.remove();
  }
}

const stageIn = (line: string): string => /\bs\d+\b/.exec(line)?.[0] ?? '';

/** What is wrong after a strike, when `before` was in the ledger. */
function sinsOf({ code, hung }: Ended, project: Trialled, before: readonly string[]): readonly Sin[] {
  if (hung) return ['hung'];
  if (code !== 0) return ['refused'];
  const done = before.slice(0, -atOnce).map(stageIn);
  const again = project.ledger.slice(before.length).map(stageIn);
  return [
    ...(project.wrong().length ? (['wrong'] as const) : []),
    ...(done.some((stage) => again.includes(stage)) ? (['done twice'] as const) : []),
  ];
}

/** Figures of a row, and what is broken of ours. */
class Rows {
  readonly rows: Record<string, Record<string, number>> = {};
  readonly broken: string[] = [];

  add(row: string, found: readonly Sin[], said: string): void {
    const counts = (this.rows[row] ??= {});
    for (const name of ['kills', ...found]) counts[name] = (counts[name] ?? 0) + 1;
    if (row.startsWith('kdpipe') && found.length) this.broken.push(`${found.join(', ')}: ${said}`);
    if (found.length) process.stderr.write(`${row}: ${found.join(', ')}: ${said}\n`);
  }
}

async function lengthOf(name: Name, workspace: Workspace): Promise<number> {
  const project = new Trialled(tools[name], workspace);
  try {
    const start = performance.now();
    const { code, said } = await project.run(tools[name].run);
    const wrong = project.wrong();
    if (code !== 0 || wrong.length)
      throw new Error(`an undisturbed run of ${name} failed: ${wrong.join(', ')} ${said}`);
    return performance.now() - start;
  } finally {
    project.remove();
  }
}

/** One kill; false where the run had ended before. */
async function tryOne(
  name: Name,
  workspace: Workspace,
  { delay, way }: { readonly delay: number; readonly way: (typeof wayNames)[number] },
  rows: Rows,
): Promise<boolean> {
  const project = new Trialled(tools[name], workspace);
  try {
    if (!(await project.strike(way, delay))) return false;
    const before = project.ledger;
    const [plain, recovered] = await project.goOn();
    const found = plain.code === 0 || plain.hung ? sinsOf(plain, project, before) : (['refused'] as const);
    rows.add(`${name} | ${way} | the same again`, found, plain.said);
    rows.add(`${name} | ${way} | as its manual says`, sinsOf(recovered, project, before), recovered.said);
    return true;
  } finally {
    project.remove();
  }
}

async function run(size: Size): Promise<Outcome> {
  const skipped = obstacle();
  if (skipped !== undefined) return { broken: [], counts: {}, skipped };
  const count = countOf(size, { smoke: 2, full: 40 });
  const workspace = new Workspace(stageCount, uniforms(size.seed, 'term', 0, 0));
  const rows = new Rows();
  const lengths = new Map<Name, number>();
  for (const name of names) lengths.set(name, await lengthOf(name, workspace));
  for (let kill = 0; kill < count; kill++) {
    const random = uniforms(size.seed, 'term', 1, kill);
    const [part, way] = [random(), wayNames[pick(random, wayNames.length)]!];
    for (const name of names) {
      // One that came too late is made again, earlier.
      let delay = part * (lengths.get(name) ?? 0);
      while (!(await tryOne(name, workspace, { delay, way }, rows))) delay *= 0.7;
    }
    process.stderr.write(`${kill + 1} kills\n`);
  }
  return { broken: rows.broken, counts: { rows: rows.rows, seeds: { [size.seed]: count } } };
}

function tell({ rows, seeds }: Counts): string {
  const columns = ['kills', ...sins];
  const head = ['', 'killed', 'then', ...columns];
  const all = Object.entries(rows as Record<string, Record<string, number>>).sort(
    ([a], [b]) => names.findIndex((name) => a.startsWith(name)) - names.findIndex((name) => b.startsWith(name)),
  );
  const body = all.map(([row, counts]) => [row, ...columns.map((name) => counts[name] ?? 0)]);
  const lines = [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`);
  return [
    `${stageCount} stages, two at once (dvc: one), each kill at the same part of an undisturbed run of each tool, ${tellSeeds(seeds as Record<string, number>)}; snakemake 9.27.1, dvc 3.67.1.`,
    lines.join('\n'),
    'Done twice: a stage that had come to its end before the kill, and was not among the last two that had, ran again. As its manual says: snakemake --unlock, then --rerun-incomplete; dvc: its lock files removed; only where the same command was refused.',
  ].join('\n\n');
}

/** The same pipeline, and the same kills, for Snakemake and DVC. */
export const peers: Trial = {
  promise: 'After a kill at whatever instant, the same command goes on; beside it, what others do.',
  run,
  tell,
  onlyByName: true,
};
