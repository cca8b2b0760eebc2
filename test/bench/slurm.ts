import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { SlurmCluster, whyNoSlurm } from '../support/slurm-cluster.ts';
import { Counted, type Calls } from './slurm/counted.ts';

const KDPIPE = resolve('dist/cli/main.js');
/** Teachers, and so students and scores; with the data 1,000 cells. */
const SEEDS = 333;
/** The same for the driver's memory: 10,000 cells. */
const MANY = 3333;
/** Cells in one task of the run that goes to its end. */
const PACK = 25;
/** After so many submissions the other runner is stopped. */
const ENOUGH = 100;
/** Or after so many seconds. */
const PATIENCE = 120;
/** How long `kdpipe logs -f` follows one of them. Seconds. */
const LOOKED = 20;
/** How long the process that submits 10,000 cells may live. Seconds. */
const FOLLOWED = 60;

const pipeline = (seeds: number, slurm: string): string => `name: sweep
executor: slurm
slurm: ${slurm}
stages:
  data: { uses: command, with: { shell: 'echo digits > $KDPIPE_OUT/data' } }
  teacher:
    uses: command
    seeds: ${seeds}
    with: { inputs: { data: '\${stages.data}' }, shell: 'echo teacher \${matrix.seed} > $KDPIPE_OUT/weights' }
  student:
    uses: command
    matrix: { teacher: ['\${stages.teacher}'] }
    with: { inputs: { teacher: '\${matrix.teacher}' }, shell: 'cp $KDPIPE_INPUT_TEACHER/weights $KDPIPE_OUT/weights' }
  score:
    uses: command
    matrix: { of: ['\${stages.student}'] }
    with: { inputs: { of: '\${matrix.of}' }, shell: 'wc -l < $KDPIPE_INPUT_OF/weights > $KDPIPE_OUT/lines' }
`;

const snakefile = `seeds = range(${SEEDS})
rule all:
    input: expand("score/{seed}", seed=seeds)
rule data:
    output: "data"
    shell: "echo digits > {output}"
rule teacher:
    input: "data"
    output: "teacher/{seed}"
    shell: "echo teacher {wildcards.seed} > {output}"
rule student:
    input: "teacher/{seed}"
    output: "student/{seed}"
    shell: "cp {input} {output}"
rule score:
    input: "student/{seed}"
    output: "score/{seed}"
    shell: "wc -l < {input} > {output}"
`;

/** A throw-away folder with a pipeline, in which `sbatch` is counted. */
async function inFolder<T>(
  cluster: SlurmCluster,
  files: Readonly<Record<string, string>>,
  action: (folder: string, programs: Counted) => T | Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-bench-slurm-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return await action(folder, new Counted(folder, cluster.environment));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Everything is submitted and held, so that only the submission takes its time. */
const submission = (cluster: SlurmCluster) =>
  inFolder(cluster, { 'p.yaml': pipeline(SEEDS, '{ options: [--hold] }') }, (_folder, programs) => {
    const { seconds } = programs.run('node', KDPIPE, 'run', 'p.yaml', '--detach');
    const calls = programs.calls();
    programs.run('scancel', '--me');
    return { calls, seconds };
  });

/** A run that is left, attached to, and followed to its end. */
const wholeRun = (cluster: SlurmCluster, pack: number) =>
  inFolder(cluster, { 'p.yaml': pipeline(SEEDS, `{ pack: ${pack} }`) }, (folder, programs) => {
    programs.run('node', KDPIPE, 'run', 'p.yaml', '--detach');
    const { said, seconds } = programs.run('node', KDPIPE, 'attach');
    const [run = ''] = readdirSync(join(folder, 'runs/sweep')).filter((name) => name.includes('Z-'));
    const arrays = join(folder, 'runs/sweep', run, 'arrays');
    const records = readdirSync(arrays, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\/\d+\.json$/.test(name),
    );
    return { ran: /(\d+) ran/.exec(said)?.[1] ?? '0', seconds, tasks: records.length, calls: programs.calls() };
  });

/** Seconds that a program takes, and the largest resident set of one, MiB. */
interface Cost {
  readonly seconds: number;
  readonly mebibytes: number;
}

/** Runs a command of kdpipe on a run of 10,000 cells, `logs -f` for so many seconds. */
function costOf(folder: string, programs: Counted, ...words: readonly string[]): Cost {
  const note = join(folder, 'cost');
  programs.start('/usr/bin/time', '--quiet', '--format=%e %M %U', `--output=${note}`, ...words);
  const [seconds = 0, kibibytes = 0, user = 0] = readFileSync(note, 'utf8').trim().split(' ').map(Number);
  return { seconds: words[0] === 'timeout' ? user : seconds, mebibytes: kibibytes / 1024 };
}

/** Largest resident set of the process that submits 10,000 cells and follows them for a while, MiB; and what looking at them costs. */
const memory = (cluster: SlurmCluster) =>
  inFolder(cluster, { 'p.yaml': pipeline(MANY, '{ options: [--hold] }') }, (folder, programs) => {
    const cost = (...words: readonly string[]) => costOf(folder, programs, ...words);
    const { mebibytes } = cost('timeout', '--signal=INT', String(FOLLOWED), 'node', KDPIPE, 'run', 'p.yaml');
    const status = cost('node', KDPIPE, 'status');
    const logs = cost('timeout', '--signal=INT', String(LOOKED), 'node', KDPIPE, 'logs', '-f', 'teacher[seed=7]');
    programs.run('scancel', '--me');
    return { mebibytes, status, logs, calls: programs.calls() };
  });

/** Snakemake with its plugin for Slurm, until it has submitted enough, or is done. */
const snakemake = (cluster: SlurmCluster, python: string, more: readonly string[]) =>
  inFolder(cluster, { Snakefile: snakefile }, async (_folder, programs) => {
    const options = [
      '--executor=slurm',
      '--jobs=1000',
      '--slurm-no-account',
      '--slurm-status-command=squeue',
      '--slurm-init-seconds-before-status-checks=5',
    ];
    const resources = ['--default-resources', 'slurm_partition=debug', 'mem_mb=10', 'runtime=10'];
    const child = programs.begin(join(python, 'bin/snakemake'), ...options, ...more, ...resources);
    const deadline = performance.now() + PATIENCE * 1000;
    while (programs.calls().submissions < ENOUGH && child.exitCode === null && performance.now() < deadline)
      await setTimeout(500);
    // The first one is the data, which all others wait for.
    const calls = programs.calls(1);
    const isDone = child.exitCode === 0;
    child.kill('SIGKILL');
    programs.run('scancel', '--me');
    return { calls, isDone };
  });

/** An installation of Snakemake with its plugin: that of KDPIPE_BENCH_SNAKEMAKE, or one that is made once. */
function snakemakeFolder(): string {
  const folder = process.env['KDPIPE_BENCH_SNAKEMAKE'] ?? join(tmpdir(), 'kdpipe-bench-snakemake');
  if (!existsSync(folder)) {
    execFileSync('python3', ['-m', 'venv', folder]);
    const packages = ['snakemake==9.27.1', 'snakemake-executor-plugin-slurm==2.8.0'];
    execFileSync(join(folder, 'bin/pip'), ['install', '--quiet', ...packages], { stdio: 'inherit' });
  }
  return folder;
}

const oneDigit = (value: number): string => value.toFixed(1);
const row = (what: string, { submissions, tests, seconds }: Calls, more: string): string =>
  `| ${what} | ${submissions}${tests > 0 ? ` (and ${tests} to ask)` : ''} | ${oneDigit(seconds)} | ${more} |`;

/**
 * A sweep of 1,000 cells on a Slurm cluster of this machine, beside Snakemake's plugin.
 *
 * @param args - `unpacked` to run each cell to its end as a job of its own: some ten minutes
 * @returns the section
 */
export async function slurm(args: readonly string[] = []): Promise<string> {
  const why = whyNoSlurm();
  if (why !== undefined) throw new Error(why);
  const load = oneDigit(loadavg()[0] ?? 0);
  const python = snakemakeFolder();
  const cluster = await SlurmCluster.start({ settings: ['MaxArraySize=10001', 'MaxJobCount=100000'] });
  try {
    const submitted = await submission(cluster);
    const many = await memory(cluster);
    const peer = await snakemake(cluster, python, []);
    const arrays = await snakemake(cluster, python, ['--slurm-array-jobs=all']);
    const pack = args.includes('unpacked') ? 1 : PACK;
    const whole = await wholeRun(cluster, pack);
    const enough = ({ isDone, calls }: { readonly isDone: boolean; readonly calls: Calls }): string =>
      isDone ? 'to its end' : `stopped ${calls.submissions < ENOUGH ? `after ${PATIENCE} s` : 'then'}`;
    return [
      '## A sweep of 1,000 cells on Slurm',
      '',
      `${SEEDS} teachers, a student of each, and its score, commands of some milliseconds; a controller and two nodes of 4 CPUs on this`,
      `machine, whose load average was ${load} before. Seconds are those from the first call of \`sbatch\` to the end of the last.`,
      '',
      '| what | calls of sbatch | seconds | |',
      '| :-- | --: | --: | :-- |',
      row(
        'kdpipe, 1,000 tasks, held',
        submitted.calls,
        `${oneDigit(submitted.seconds)} s for all of \`kdpipe run --detach\``,
      ),
      row(
        `kdpipe, 10,000 tasks, held`,
        many.calls,
        `largest resident set of kdpipe: ${many.mebibytes.toFixed(0)} MiB, followed for what is left of ${FOLLOWED} s`,
      ),
      row(
        `kdpipe, \`pack: ${pack}\`, to its end`,
        whole.calls,
        `${whole.ran} cells ran in ${whole.tasks} tasks, each with a record; attached for ${oneDigit(whole.seconds)} s`,
      ),
      `| \`kdpipe status\` of 10,000 cells | | ${oneDigit(many.status.seconds)} | ${many.status.mebibytes.toFixed(0)} MiB |`,
      `| \`kdpipe logs -f\` of one of them, ${LOOKED} s | | ${oneDigit(many.logs.seconds)} of processor time | ${many.logs.mebibytes.toFixed(0)} MiB |`,
      row('Snakemake', peer.calls, enough(peer)),
      row('Snakemake, `--slurm-array-jobs=all`', arrays.calls, enough(arrays)),
      '',
      'Snakemake 9.27.1 with snakemake-executor-plugin-slurm 2.8.0, `--jobs=1000`. It asks `sacct` by default, which needs a data base of',
      `accounting; here it asks \`squeue\`. Its first call, for the data, is not counted. It is stopped after ${ENOUGH} submissions, or ${PATIENCE} s.`,
    ].join('\n');
  } finally {
    await cluster.stop();
  }
}
