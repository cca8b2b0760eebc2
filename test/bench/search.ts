import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from '../../src/api.ts';
import type { Search } from '../../src/core/plan.ts';
import { Bracket } from '../../src/core/search.ts';
import { permutation } from '../../src/ml/random/random.ts';
import { draw } from '../../src/pipeline/sampling/draw.ts';
import { mean, sampleDeviation } from '../../src/report/rows/statistics.ts';
import { python } from './python.ts';

const FOLDER = 'test/bench/search';
const TABLE = join(FOLDER, 'table.ndjson');
const RANGES = { lr: [0.001, 0.3], kd_ratio: 0.99 } as const;
const RUNGS = [3, 9, 27];
const ETA = 3;
const ORDERS = 20;
const BUDGETS = [54, 108, 216, 324, 432];

/** A recorded training: its parameters, and the validation accuracy after each epoch. */
interface Recorded {
  readonly lr: number;
  readonly kd_ratio: number;
  readonly temperature: number;
  readonly val_accuracy: readonly number[];
}

/** Trains all configurations of search/table.yaml, in `folder`, where results are reused, and writes their curves. */
async function record(folder: string): Promise<void> {
  const { entries, status } = await run(resolve(FOLDER, 'table.yaml'), { cwd: folder });
  if (status !== 'done') throw new Error(`the table's pipeline ended as ${status}`);
  const rows = [...entries].flatMap(([cell, entry]) => {
    const [, ratio, lr, temperature] = /^student\[kd_ratio=(.*),lr=(.*),temperature=(.*)\]$/.exec(cell) ?? [];
    if (lr === undefined) return [];
    const [head = '', ...lines] = readFileSync(join(entry.path, 'curves.csv'), 'utf8').trim().split('\n');
    const column = head.split(',').indexOf('val_accuracy');
    const accuracies = lines.map((line) => Number(line.split(',')[column]));
    return [{ lr: Number(lr), kd_ratio: Number(ratio), temperature: Number(temperature), val_accuracy: accuracies }];
  });
  writeFileSync(TABLE, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** Best value after each epoch spent, of every order. */
type Found = readonly (readonly number[])[];

/** Collects what is found while epochs are spent. */
class Ledger {
  readonly found: number[] = [];
  #best = 0;

  /** Trains a configuration from one number of epochs to another. */
  train({ val_accuracy: values }: Recorded, from: number, to: number): void {
    for (const value of values.slice(from, to)) this.found.push((this.#best = Math.max(this.#best, value)));
  }
}

/** Replays a search that stops trials, one job after another: promoted trials before new ones, the furthest first. */
function stopped(order: readonly Recorded[], method: Search['method']): readonly number[] {
  const ledger = new Ledger();
  const cells = order.map((_, trial) => RUNGS.map((rung) => [`${trial} ${rung}`]));
  const search = {
    stage: 'student',
    method,
    metric: 'val.accuracy',
    eta: ETA,
    rungs: RUNGS,
    unit: 'epochs',
    trials: cells,
  };
  const trained = new Set<string>();
  const bracket = new Bracket(search, ({ trial, rung }) =>
    trained.has(`${trial} ${rung}`) ? Math.max(...(order[trial]?.val_accuracy.slice(0, RUNGS[rung]) ?? [])) : undefined,
  );
  const jobs: { readonly trial: number; readonly rung: number }[] = [];
  const first = [...order.keys()];
  for (;;) {
    jobs.push(...bracket.advance().filter((at) => bracket.verdict(at) === true));
    jobs.sort((a, b) => a.rung - b.rung);
    const trial = jobs.length === 0 ? first.shift() : undefined;
    const job = trial === undefined ? jobs.pop() : { trial, rung: 0 };
    const of = job && order[job.trial];
    if (!of) return ledger.found;
    ledger.train(of, RUNGS[job.rung - 1] ?? 0, RUNGS[job.rung] ?? 0);
    trained.add(`${job.trial} ${job.rung}`);
  }
}

/** Replays trials that are all trained to the end. */
function whole(order: readonly Recorded[]): readonly number[] {
  const ledger = new Ledger();
  for (const one of order) ledger.train(one, 0, RUNGS.at(-1) ?? 0);
  return ledger.found;
}

/** The table in the order in which a Sobol sequence asks for it: each point gets the nearest configuration that is left. */
function sobolOrder(table: readonly Recorded[], seed: number): readonly Recorded[] {
  const temperatures = [...new Set(table.map(({ temperature }) => temperature))].sort((a, b) => a - b);
  const [low, high] = RANGES.lr;
  const places = new Map(
    table.map((one) => [
      one,
      [
        one.kd_ratio / RANGES.kd_ratio,
        Math.log(one.lr / low) / Math.log(high / low),
        temperatures.indexOf(one.temperature) / (temperatures.length - 1),
      ],
    ]),
  );
  return table.map((_, trial) => {
    const point = ['kd_ratio', 'lr', 'temperature'].map((parameter, dimension) =>
      draw('sobol', { seed, trial, parameter, dimension }),
    );
    // As temperatures are drawn: one of equal parts.
    point[2] = Math.floor((point[2] ?? 0) * temperatures.length) / (temperatures.length - 1);
    const distance = (place: readonly number[]): number =>
      place.reduce((sum, value, at) => sum + (value - (point[at] ?? 0)) ** 2, 0);
    const [[nearest] = []] = [...places].sort(([, a], [, b]) => distance(a) - distance(b));
    if (!nearest) throw new Error('the table is used up');
    places.delete(nearest);
    return nearest;
  });
}

/** What Optuna finds. */
function optuna(
  table: readonly Recorded[],
  orders: readonly (readonly number[])[],
): Readonly<Record<string, Found | string>> {
  const input = JSON.stringify({ table, orders, rungs: RUNGS, eta: ETA, ...RANGES });
  const path = python('optuna', ['optuna']);
  const { stdout, status, stderr } = spawnSync(path, [join(FOLDER, 'optuna_replay.py')], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Readonly<Record<string, Found | string>>;
}

const row = (name: string, found: Found): string => {
  const at = (epochs: number): string => {
    if (found.every((order) => order.length < epochs)) return '–';
    return mean(found.map((order) => order[epochs - 1] ?? order.at(-1) ?? 0)).toFixed(4);
  };
  const ends = found.map((order) => order.at(-1) ?? 0);
  const spent = Math.round(mean(found.map((order) => order.length)));
  return `| ${[name, ...BUDGETS.map(at), `${mean(ends).toFixed(4)} ± ${(sampleDeviation(ends) ?? 0).toFixed(4)}`, spent].join(' | ')} |`;
};

/**
 * Compares searches with Optuna's on a recorded table: the best validation accuracy that each has found by the epochs that it has spent.
 *
 * @param args - `--record FOLDER` trains the table anew, in a working folder
 * @returns the section
 */
export async function search(args: readonly string[]): Promise<string> {
  const at = args.indexOf('--record');
  if (at >= 0) {
    const folder = args[at + 1] ?? mkdtempSync(join(tmpdir(), 'kdpipe-search-table-'));
    await record(folder);
    if (args[at + 1] === undefined) rmSync(folder, { recursive: true });
  }
  const table = readFileSync(TABLE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded);
  const orders = Array.from({ length: ORDERS }, (_, seed) => [...permutation(table.length, seed, 'shuffle', 0)]);
  const shuffled = orders.map((order) => order.flatMap((one) => table[one] ?? []));
  const sobol = orders.map((_, seed) => sobolOrder(table, seed));
  const { version, ...theirs } = optuna(table, orders);
  const best = Math.max(...table.flatMap(({ val_accuracy: values }) => values));
  const ours: Readonly<Record<string, Found>> = {
    'method: random': shuffled.map(whole),
    'method: sobol': sobol.map(whole),
    'method: halving': shuffled.map((order) => stopped(order, 'halving')),
    'method: asha': shuffled.map((order) => stopped(order, 'asha')),
    'method: asha, sampler: sobol': sobol.map((order) => stopped(order, 'asha')),
  };
  return [
    '## Searches beside Optuna, on a recorded table',
    '',
    `${table.length} students of 200 digits, ${RUNGS.at(-1)} epochs each (\`${FOLDER}/table.yaml\`), recorded epoch by epoch in \`${TABLE}\`; the best`,
    `validation accuracy among all is ${best.toFixed(4)}. Everybody chooses from these: the best accuracy found after so many epochs are spent, mean`,
    `over ${ORDERS} orders of the table or seeds, until all trials are tried. Rungs at ${RUNGS.join(', ')} epochs, η = ${ETA}. Samplers get the nearest`,
    `configuration that is left. Random orders are the same for all. Optuna ${String(version)}.`,
    '',
    `| search | ${BUDGETS.map((epochs) => `${epochs} epochs`).join(' | ')} | in the end | epochs spent |`,
    `| --- |${BUDGETS.map(() => ' ---: |').join('')} ---: | ---: |`,
    ...Object.entries(ours).map(([name, found]) => row(name, found)),
    ...Object.entries(theirs).map(([name, found]) => row(`Optuna: ${name}`, found as Found)),
  ].join('\n');
}
