import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../src/store/local.ts';
import { kdpipe } from '../../support/project.ts';
import { inputsOf, shellOf, stageText, type Stage } from '../concurrent/workspace.ts';

/** Versions from PyPI. */
const packages = ['snakemake==9.27.1', 'dvc==3.67.1'] as const;
const python = join(tmpdir(), 'kdpipe-trials-peers');
const inPython = (name: string): string => join(python, 'bin', name);

/** First deed of each stage: long enough to be struck, also by those that start stages slowly. */
const before = 'sleep 0.2';

/** A runner of pipelines, as its manual has it used. */
export interface Tool {
  /** Files of a project with these stages, besides the sources. */
  readonly files: (stages: readonly Stage[]) => Readonly<Record<string, string>>;
  /** Called in a new project, before it is run for the first time. */
  readonly prepare: readonly (readonly string[])[];
  readonly run: readonly string[];
  /** What its manual says to do where a run refuses to go on; the run after it. */
  readonly recover: (folder: string) => readonly (readonly string[])[];
  readonly rerun: readonly string[];
  /** The number that a stage has made; undefined where there is none. */
  readonly result: (folder: string, stage: string) => string | undefined;
}

const textOf = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined);

/** Where stages of make-like runners keep what they make. */
const place = (from: string): string => (from.startsWith('source') ? from : `out/${from}`);
const plain = (stage: Stage, at: number): string =>
  shellOf(stage, at, { input: (_, from) => place(from), output: `out/s${at}`, before });
const reads = (stage: Stage): readonly string[] => inputsOf(stage).map(([, from]) => place(from));
const plainResult = (folder: string, stage: string) => textOf(join(folder, 'out', stage));

/** A result of kdpipe, by its cell: the project has but one of each. */
function storedResult(folder: string, stage: string): string | undefined {
  const store = openStore(join(folder, 'runs/.store'));
  for (const key of store.keys()) {
    const entry = store.find(key);
    if (entry?.manifest().cell === stage) return textOf(join(entry.path, 'v'));
  }
  return undefined;
}

/** All, by the names of rows. */
export const tools = {
  kdpipe: {
    files: (stages) => ({
      'study.yaml': `name: study\nstages:\n${stages.map((stage, at) => `  s${at}: ${stageText(stage, at, before)}\n`).join('')}`,
    }),
    prepare: [],
    run: [process.execPath, kdpipe, 'run', 'study.yaml', '-j', '2'],
    recover: () => [],
    rerun: [process.execPath, kdpipe, 'run', 'study.yaml', '-j', '2'],
    result: storedResult,
  },
  snakemake: {
    files: (stages) => ({
      Snakefile: [
        `rule all:\n    input: ${stages.map((_, at) => `"out/s${at}"`).join(', ')}\n`,
        ...stages.map((stage, at) => {
          const inputs = reads(stage).map((path) => `"${path}"`);
          return `rule s${at}:\n    input: ${inputs.join(', ')}\n    output: "out/s${at}"\n    shell: ${JSON.stringify(plain(stage, at))}\n`;
        }),
      ].join('\n'),
    }),
    prepare: [],
    run: [inPython('snakemake'), '--cores', '2'],
    // "If you are sure that no other instances of snakemake are running on this directory, the remaining lock was likely
    // caused by a kill signal or a power loss. It can be removed with the --unlock argument." Incomplete files: --rerun-incomplete.
    recover: () => [[inPython('snakemake'), '--unlock']],
    rerun: [inPython('snakemake'), '--cores', '2', '--rerun-incomplete'],
    result: plainResult,
  },
  dvc: {
    files: (stages) => ({
      'dvc.yaml': `stages:\n${stages
        .map((stage, at) => {
          const cmd = `mkdir -p out; ${plain(stage, at)}`;
          return `  s${at}: { cmd: ${JSON.stringify(cmd)}, deps: [${reads(stage).join(', ')}], outs: [out/s${at}] }\n`;
        })
        .join('')}`,
    }),
    prepare: [
      ['git', 'init', '--quiet'],
      [inPython('dvc'), 'init', '--quiet'],
      [inPython('dvc'), 'config', 'core.analytics', 'false'],
    ],
    run: [inPython('dvc'), 'repro'],
    // "If there are no other DVC processes, remove .dvc/tmp/rwlock (or lock) manually and try again."
    recover: (folder) => {
      for (const name of ['rwlock', 'rwlock.lock', 'lock']) rmSync(join(folder, '.dvc/tmp', name), { force: true });
      return [];
    },
    rerun: [inPython('dvc'), 'repro'],
    result: plainResult,
  },
} as const satisfies Record<string, Tool>;

/**
 * Installs the tools once, in the temporary folder.
 *
 * @returns why they cannot be had; undefined where they are there
 */
export function obstacle(): string | undefined {
  if (existsSync(inPython('dvc')) && existsSync(inPython('snakemake'))) return undefined;
  const steps = [
    ['python3', '-m', 'venv', python],
    [inPython('python'), '-m', 'pip', 'install', '--quiet', ...packages],
  ];
  for (const [command = '', ...args] of steps) {
    const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    const last = stderr.trim().split('\n').at(-1) ?? '';
    if (status !== 0) return `${packages.join(' and ')} cannot be had from PyPI: ${error?.message ?? last}`;
  }
  return undefined;
}
