import { spawnSync } from 'node:child_process';
import type { Engine, Session } from '../../../src/ml/engines/engine.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { python } from '../../support/pytorch.ts';
import { cohortStep } from '../train/distilling.ts';
import { median } from '../train/median.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const WARM_UP = 8;
const FEWEST = 3;

/** Students of one network that learn from one teacher. */
export interface Row {
  readonly teacher: ModelName;
  readonly student: ModelName;
  readonly size: number;
  readonly batch: number;
  readonly classes: number;
  readonly amp: boolean;
  readonly students: number;
  /** How long each side is timed at least. */
  readonly seconds: number;
}

/** Milliseconds of the median step of all students. */
function ours(engine: Engine, { teacher, student, size, batch, classes, amp, students, seconds }: Row): number {
  const sessionOf = (name: ModelName, optimizer: typeof ADAMW | null): Session => {
    const network = models[name].build({ height: size, width: size, channels: 3 }, classes);
    const session = engine.session(network, { optimizer, amp });
    session.write(initialState(network, 0));
    return session;
  };
  const all = Array.from({ length: students }, () => sessionOf(student, ADAMW));
  const frozen = sessionOf(teacher, null);
  const step = cohortStep({ engine, teacher: frozen, optimizer: ADAMW }, all, { batch, threads: 1 });
  for (let i = 0; i < WARM_UP; i++) step();
  const times: number[] = [];
  for (let total = 0; total < 1e3 * seconds || times.length < FEWEST; total += times.at(-1)!) {
    const start = performance.now();
    step();
    times.push(performance.now() - start);
  }
  for (const session of [...all, frozen]) session.dispose();
  return median(times);
}

/** PyTorch's, of one student; NaN where a package is missing. */
function theirs(row: Row, tf32: boolean): number {
  const args = ['test/bench/gpu/torch_gpu.py', JSON.stringify([{ ...row, tf32 }])];
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr.slice(-2000));
  const said = JSON.parse(stdout) as { readonly milliseconds?: number; readonly missing?: string };
  if (said.missing !== undefined) console.error(`PyTorch's ${row.teacher} → ${row.student}: ${said.missing}`);
  return said.milliseconds ?? NaN;
}

/**
 * Measures steps beside plain PyTorch on the same device.
 *
 * @param engine - ours
 * @param rows - what is measured
 * @returns lines of a Markdown table
 */
export function speedTable(engine: Engine, rows: readonly Row[]): readonly string[] {
  const lines = rows.map((row) => {
    const { teacher, student, size, batch, students, amp } = row;
    const own = ours(engine, row);
    const [plain, tf32] = [false, true].map((fast) => students * theirs(row, fast));
    const name = `${teacher} → ${students > 1 ? `${students} × ` : ''}${student} ${size}² b${batch}${amp ? ' amp' : ''}`;
    const line = `| ${name} | ${own.toFixed(1)} | ${plain!.toFixed(1)} | ${tf32!.toFixed(1)} | ${(plain! / own).toFixed(2)} |`;
    console.error(line);
    return line;
  });
  return [
    '| step | ours (ms) | PyTorch, TF32 off (ms) | PyTorch, TF32 on (ms) | PyTorch, TF32 off ÷ ours |',
    '| :-- | --: | --: | --: | --: |',
    ...lines,
  ];
}
