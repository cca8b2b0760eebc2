import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { python } from '../python.ts';
import type { Case, Outcome } from './case.ts';
import { median } from './median.ts';

const BUNDLE = resolve('dist/bench');

/** One process's figures. */
interface Figures {
  /** Images a second, from the fastest step: what the machine does when nobody else has it. */
  readonly rate: number;
  /** Seconds from the process's start to the end of its first step. */
  readonly start: number;
  readonly memory: number;
}

function measure(argv: readonly [string, ...string[]], wanted: Case): Figures {
  const [command, ...args] = argv;
  // Certificates that a machine adds to Node cost 60 ms a start and are not ours.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const start = Date.now() / 1e3;
  const ended = spawnSync(command, [...args, JSON.stringify(wanted)], {
    env: { ...env, OMP_NUM_THREADS: String(wanted.threads) },
    encoding: 'utf8',
  });
  if (ended.status !== 0) throw new Error(`${argv.join(' ')}: ${ended.stderr.slice(-2000)}`);
  const outcome = JSON.parse(ended.stdout) as Outcome;
  return { rate: wanted.batch / Math.min(...outcome.steps), start: outcome.first - start, memory: outcome.memory };
}

function row(wanted: Case, rounds: number): string {
  const pairs = Array.from({ length: rounds }, () => ({
    ours: measure(['node', join(BUNDLE, 'ours.js')], wanted),
    theirs: measure([python(), 'test/bench/train/torch_step.py'], wanted),
  }));
  const middle = (of: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(of));
  const ratios = pairs.map(({ ours, theirs }) => ours.rate / theirs.rate);
  return [
    `| ${wanted.teacher === undefined ? '' : `${wanted.teacher} → `}${wanted.model} ${wanted.size}² b${wanted.batch} ${wanted.mode}`,
    wanted.threads,
    middle((pair) => pair.ours.rate).toFixed(1),
    middle((pair) => pair.theirs.rate).toFixed(1),
    `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
    `${middle((pair) => pair.ours.memory).toFixed(0)} / ${middle((pair) => pair.theirs.memory).toFixed(0)}`,
    `${middle((pair) => pair.ours.start).toFixed(1)} / ${middle((pair) => pair.theirs.start).toFixed(1)} |`,
  ].join(' | ');
}

/**
 * Measures cases with our wasm engine and with PyTorch, in turn, each in a process of its own.
 *
 * @param cases - what is measured
 * @param rounds - processes a case and side
 * @returns a Markdown table: rates are medians over the rounds of the fastest step, the ratio is the median (least–largest)
 */
export function comparison(cases: readonly Case[], rounds: number): readonly string[] {
  buildSync({
    entryPoints: ['test/bench/train/ours.ts'],
    outdir: BUNDLE,
    ...({ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20' } as const),
    // As for dist: tfjs is bundled, and its CommonJS parts call require for Node's own modules.
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const rows = cases.map((wanted) => {
    const line = row(wanted, rounds);
    console.error(line);
    return line;
  });
  return [
    '| case | threads | ours (img/s) | PyTorch (img/s) | ratio | memory (MiB) ours / PyTorch | start (s) ours / PyTorch |',
    '| :-- | --: | --: | --: | --: | --: | --: |',
    ...rows,
  ];
}
