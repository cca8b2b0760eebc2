import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What `/usr/bin/time` saw of one whole process. */
interface Measured {
  readonly seconds: number;
  /** Largest resident set of the process itself, MiB. */
  readonly memory: number;
  /** False when the time limit ended it. */
  readonly finished: boolean;
}

interface Runner {
  readonly name: string;
  readonly prepare: (folder: string, stages: number) => void;
  readonly run: (folder: string) => readonly string[];
  readonly plan?: (folder: string) => readonly string[];
}

const kdpipe = resolve('dist/cli/main.js');
/** A copy of one line: all commands are shell built-ins, so that a stage costs one process in every runner. */
const copy = (from: string, to: string, more = '') => `read -r x < ${from}; echo "$x${more}" > ${to}`;

/** The DAG: N/10 teachers, 4 students each, an evaluation a student, an aggregate a teacher. */
function pipeline(stages: number): string {
  return `name: overhead
stages:
  teacher:
    uses: command
    matrix: { index: { from: 1, to: ${stages / 10}, step: 1 } }
    with: { shell: 'echo \${matrix.index} > "$KDPIPE_OUT/out"', outputs: { out: out } }
  student:
    uses: command
    matrix: { teacher: ["\${stages.teacher}"], seed: [0, 1, 2, 3] }
    with:
      shell: '${copy('"$KDPIPE_INPUT_TEACHER"', '"$KDPIPE_OUT/out"', ' $KDPIPE_SEED')}'
      inputs: { teacher: "\${matrix.teacher}" }
      outputs: { out: out }
  score:
    uses: command
    matrix: { of: ["\${stages.student}"] }
    with:
      shell: '${copy('"$KDPIPE_INPUT_OF"', '"$KDPIPE_OUT/out"')}'
      inputs: { of: "\${matrix.of}" }
      outputs: { out: out }
  summary:
    uses: command
    matrix: { teacher: ["\${stages.teacher}"] }
    with:
      shell: 'for f in $KDPIPE_INPUT_SCORES; do ${copy('"$f"', '"$KDPIPE_OUT/out"')}; done'
      inputs: { scores: "\${stages.score[*]}" }
      outputs: { out: out }
`;
}

function makefile(stages: number): string {
  const lines = ['.SUFFIXES:', 'MAKEFLAGS += -r'];
  const all: string[] = [];
  for (let t = 1; t <= stages / 10; t++) {
    lines.push(`out/t${t}:`, `\t@echo ${t} > $@`);
    const scores: string[] = [];
    for (let s = 0; s < 4; s++) {
      lines.push(`out/s${t}_${s}: out/t${t}`, `\t@${copy('$<', '$@', ` ${s}`).replaceAll('$x', '$$x')}`);
      lines.push(`out/e${t}_${s}: out/s${t}_${s}`, `\t@${copy('$<', '$@').replaceAll('$x', '$$x')}`);
      scores.push(`out/e${t}_${s}`);
    }
    lines.push(`out/a${t}: ${scores.join(' ')}`);
    lines.push(`\t@for f in $^; do ${copy('"$$f"', '$@').replaceAll('"$x"', '"$$x"')}; done`);
    all.push(`out/a${t}`);
  }
  return [`all: ${all.join(' ')}`, ...lines, ''].join('\n');
}

function snakefile(stages: number): string {
  const line = (name: string, wildcard: string, input: string, command: string) =>
    `rule ${name}:\n    output: "out/${wildcard}"\n${input ? `    input: ${input}\n` : ''}    shell: ${JSON.stringify(command)}\n`;
  return [
    `rule all:\n    input: expand("out/a{t}", t=range(1, ${stages / 10 + 1}))\n`,
    line('teacher', 't{t,[0-9]+}', '', 'echo {wildcards.t} > {output}'),
    line('student', 's{t,[0-9]+}_{s}', '"out/t{t}"', copy('{input}', '{output}', ' {wildcards.s}')),
    line('score', 'e{t,[0-9]+}_{s}', '"out/s{t}_{s}"', copy('{input}', '{output}')),
    line(
      'summary',
      'a{t,[0-9]+}',
      'expand("out/e{{t}}_{s}", s=range(4))',
      `for f in {input}; do ${copy('"$f"', '{output}')}; done`,
    ),
  ].join('\n');
}

const runners: readonly Runner[] = [
  {
    name: 'kdpipe',
    prepare: (folder, stages) => writeFileSync(join(folder, 'pipeline.yaml'), pipeline(stages)),
    run: () => ['node', kdpipe, 'run', '-j', '2', 'pipeline.yaml'],
    plan: () => ['node', kdpipe, 'check', 'pipeline.yaml'],
  },
  {
    name: 'make',
    prepare: (folder, stages) => {
      mkdirSync(join(folder, 'out'));
      writeFileSync(join(folder, 'Makefile'), makefile(stages));
    },
    run: () => ['make', '-j2'],
  },
  {
    name: 'snakemake',
    prepare: (folder, stages) => writeFileSync(join(folder, 'Snakefile'), snakefile(stages)),
    run: () => ['snakemake', '-j2', '--quiet'],
  },
];

/** A runner that takes longer is stopped, seconds. */
const limit = 120;

/** Runs a whole process under GNU time. Certificates that a machine adds to Node cost 60 ms a start and are not ours. */
function measure(argv: readonly string[], folder: string): Measured {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const report = join(folder, '.time');
  const ended = spawnSync('/usr/bin/time', ['-o', report, '-f', '%e %M', 'timeout', String(limit), ...argv], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 2 ** 30,
  });
  const [seconds = NaN, kilobytes = NaN] = (readFileSync(report, 'utf8').trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  if (ended.status !== 0 && ended.status !== 124)
    throw new Error(`${argv.join(' ')}: ${String(ended.stderr).slice(-2000)}`);
  return { seconds, memory: kilobytes / 1024, finished: ended.status === 0 };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const repeat = (argv: readonly string[], folder: string) => {
  const runs = [1, 2, 3, 4, 5].map(() => measure(argv, folder));
  return { seconds: median(runs.map((run) => run.seconds)), memory: median(runs.map((run) => run.memory)) };
};

/** The run of middle length of three that begin with nothing; the first, where one takes over a minute. */
function coldRun(runner: Runner, folder: string, stages: number): Measured {
  const runs: Measured[] = [];
  do {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    runner.prepare(folder, stages);
    runs.push(measure(runner.run(folder), folder));
  } while (runs.length < 3 && (runs[0]?.seconds ?? 0) < 60);
  const [, middle = runs[0]] = runs.toSorted((a, b) => a.seconds - b.seconds);
  if (!middle) throw new Error('nothing was measured');
  return middle;
}

/** A line of the table, from the fourth column on; without a repetition where the first run did not end. */
function figures(
  runner: Runner,
  folder: string,
  { cold, stages }: { readonly cold: Measured; readonly stages: number },
): readonly string[] {
  if (!cold.finished) return [`over ${limit}`, `over ${((limit / stages) * 1e3).toFixed(0)}`, '–', '–', '–'];
  const again = repeat(runner.run(folder), folder);
  const plan = runner.plan ? repeat(runner.plan(folder), folder).seconds.toFixed(2) : '–';
  const each = ((cold.seconds / stages) * 1e3).toFixed(2);
  const memory = `${cold.memory.toFixed(0)} / ${again.memory.toFixed(0)}`;
  return [cold.seconds.toFixed(1), each, again.seconds.toFixed(2), plan, memory];
}

/**
 * Cold overhead, no-op time, plan time and memory of generated pipelines of command stages, beside make and Snakemake.
 *
 * @param args - numbers of stages; 1,000 and 10,000 unless told
 * @returns a Markdown section
 */
export function overhead(args: readonly string[]): string {
  const sizes = args.length ? args.map(Number) : [1000, 10_000];
  const rows: string[] = [];
  for (const stages of sizes) {
    for (const runner of runners) {
      const folder = mkdtempSync(join(tmpdir(), `overhead-${runner.name}-`));
      const cold = coldRun(runner, folder, stages);
      rows.push(`| ${[stages, runner.name, ...figures(runner, folder, { cold, stages })].join(' | ')} |`);
      console.error(rows.at(-1));
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return [
    '## Overhead of command stages',
    '',
    'A stage copies one line with shell built-ins: its whole cost is overhead. Cold: nothing is there, two at a time (median of 3 where it takes less than a minute).',
    'No-op: everything is there (median of 5). Memory: largest resident set of the runner, cold / no-op.',
    '',
    '| stages | runner | cold (s) | a stage (ms) | no-op (s) | plan (s) | memory (MiB) |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}
