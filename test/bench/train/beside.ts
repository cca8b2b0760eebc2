import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import type { Case, Outcome } from './case.ts';
import { median } from './median.ts';
import type { Variant } from './variants.ts';

const BUNDLE = resolve('dist/bench');

/** One process's figures. */
interface Figures {
  /** Images a second, from the fastest step: what the machine does when nobody else has it. */
  readonly rate: number;
  /** Seconds from the process's start to the end of its first step. */
  readonly start: number;
  readonly memory: number;
}

const OURS: Variant = { name: 'ours', program: ['node', join(BUNDLE, 'ours.js')], flags: [], env: {} };

function measure({ program, flags, env: more }: Variant, wanted: Case): Figures {
  const [command, ...args] = program;
  // Certificates that a machine adds to Node cost 60 ms a start and are not ours.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const start = Date.now() / 1e3;
  const ended = spawnSync(command, [...args, JSON.stringify(wanted), ...flags], {
    env: { ...env, OMP_NUM_THREADS: String(wanted.threads), ...more },
    encoding: 'utf8',
  });
  if (ended.status !== 0) throw new Error(`${program.join(' ')}: ${ended.stderr.slice(-2000)}`);
  const outcome = JSON.parse(ended.stdout) as Outcome;
  return { rate: wanted.batch / Math.min(...outcome.steps), start: outcome.first - start, memory: outcome.memory };
}

/** Who is measured beside us. */
export interface Peer {
  readonly name: string;
  readonly variants: readonly Variant[];
}

/** One round of a case: our figures, and the peer's in each variant. */
interface Round {
  readonly ours: Figures;
  readonly theirs: readonly Figures[];
}

function row(wanted: Case, rounds: number, variants: readonly Variant[]): string {
  const all = Array.from({ length: rounds }, (): Round => ({
    ours: measure(OURS, wanted),
    theirs: variants.map((variant) => measure(variant, wanted)),
  }));
  const rateOf = (variant: number): number => median(all.map(({ theirs }) => theirs[variant]!.rate));
  const rates = variants.map((_, variant) => rateOf(variant));
  const best = rates.indexOf(Math.max(...rates));
  const pairs = all.map(({ ours, theirs }) => ({ ours, theirs: theirs[best]! }));
  const middle = (of: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(of));
  const ratios = pairs.map(({ ours, theirs }) => ours.rate / theirs.rate);
  return [
    `| ${wanted.teacher === undefined ? '' : `${wanted.teacher} → `}${wanted.model} ${wanted.size}² b${wanted.batch} ${wanted.mode}${wanted.method === undefined ? '' : ` ${wanted.method}`}`,
    wanted.threads,
    middle((pair) => pair.ours.rate).toFixed(1),
    rates.map((rate, variant) => (variant === best ? `**${rate.toFixed(1)}**` : rate.toFixed(1))).join(' / '),
    `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
    `${middle((pair) => pair.ours.memory).toFixed(0)} / ${middle((pair) => pair.theirs.memory).toFixed(0)}`,
    `${middle((pair) => pair.ours.start).toFixed(1)} / ${middle((pair) => pair.theirs.start).toFixed(1)} |`,
  ].join(' | ');
}

/**
 * Measures cases with our best engine and with a peer in each of its variants, in turn, each in a process of its own.
 *
 * @param cases - what is measured
 * @param rounds - processes a case and side
 * @param peer - who else
 * @param peer.name - of them all
 * @param peer.variants - how it is run
 * @returns a Markdown table: rates are medians over the rounds of the fastest step, the ratio is the median (least–largest)
 *   to the peer's best variant
 */
export function comparison(cases: readonly Case[], rounds: number, { name, variants }: Peer): readonly string[] {
  buildSync({
    entryPoints: ['test/bench/train/ours.ts'],
    outdir: BUNDLE,
    ...({ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20' } as const),
    // As for dist: tfjs is bundled, and its CommonJS parts call require for Node's own modules.
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  });
  const rows = cases.map((wanted) => {
    const line = row(wanted, rounds, variants);
    console.error(line);
    return line;
  });
  return [
    `${name}’s rates are, in this order: ${variants.map((variant) => variant.name).join('; ')}. The best one counts.`,
    '',
    `| case | threads | ours (img/s) | ${name} (img/s) | ratio | memory (MiB) ours / ${name} | start (s) ours / ${name} |`,
    '| :-- | --: | --: | --: | --: | --: | --: |',
    ...rows,
  ];
}
