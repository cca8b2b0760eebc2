import { loadavg } from 'node:os';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../src/ml/engines/engine.ts';
import type { KdMethod } from '../../src/ml/methods/kd-method.ts';
import { methods } from '../../src/ml/methods/registry.ts';
import { models, type ModelName } from '../../src/ml/models/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import { withLastMap } from '../../src/ml/network/last-map.ts';
import { optionsOf } from '../support/default-options.ts';
import { termDifferences, termRows } from '../support/term-reference.ts';
import { distilledBy, distillingParts, SPLIT } from './train/distilling.ts';
import { median } from './train/median.ts';

const THREADS = 2;
const BATCH = 64;
const SIDE = 32;
const CLASSES = 100;
const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const WARM_UP = 2;
const STEPS = 7;
const TEACHER: ModelName = 'resnet32x4';
const STUDENT: ModelName = 'resnet8x4';

const build = (model: ModelName) => models[model].build({ height: SIDE, width: SIDE, channels: 3 }, CLASSES);

/** Milliseconds of the parts of a step, medians. The term's have the supervised loss in them, which is compiled with it. */
interface Times {
  readonly teacher: number;
  readonly student: number;
  readonly term: number;
}

function measured(engine: Engine, method: KdMethod): Times {
  const teacher = engine.session(withLastMap(build(TEACHER)), { optimizer: null, threads: THREADS });
  const taught = { network: teacher.network, state: initialState(teacher.network, 1) };
  const network = method.network?.(optionsOf(method), build(STUDENT), taught).network ?? build(STUDENT);
  const student = engine.session(network, { optimizer: ADAMW, threads: THREADS });
  teacher.write(taught.state);
  student.write(initialState(student.network, 2));
  const pair = { engine, teacher, student, optimizer: ADAMW };
  const parts = distillingParts(pair, { batch: BATCH, threads: THREADS, ...distilledBy(method.name) });
  const rounds: Times[] = [];
  for (let round = 0; round < WARM_UP + STEPS; round++) {
    const time = (part: () => void): number => {
      const start = performance.now();
      part();
      return performance.now() - start;
    };
    const own = time(parts.teacher);
    const forward = time(parts.forward);
    const losses = time(parts.losses);
    const student = forward + time(parts.backward);
    const term = losses + time(parts.update);
    if (round >= WARM_UP) rounds.push({ teacher: own, student, term });
  }
  parts.dispose();
  student.dispose();
  teacher.dispose();
  const middle = (part: keyof Times): number => median(rounds.map((round) => round[part]));
  return { teacher: middle('teacher'), student: middle('student'), term: middle('term') };
}

/** Largest differences from the reference file, of all its terms that the method has. */
function differences(method: KdMethod): readonly string[] {
  const found = termRows.filter((row) => row.method.name === method.name).map(termDifferences);
  const largest = (part: 'value' | 'gradient'): string =>
    found.length > 0 ? Math.max(...found.map((one) => one[part])).toExponential(1) : '–';
  return [largest('value'), largest('gradient')];
}

function rowOf(engine: Engine, method: KdMethod): string {
  const { teacher, student, term } = measured(engine, method);
  const total = teacher + student + term;
  const cells = [
    ...[method.name, ...differences(method), term.toFixed(1), total.toFixed(1)],
    `${((100 * term) / total).toFixed(1)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/**
 * Every method at its defaults: how exact it is, and what it costs beside teacher and student.
 *
 * @param args - names of methods; all unless told
 * @returns a Markdown section
 */
export async function methodsTable(args: readonly string[]): Promise<string> {
  const engine = await createEngine('auto', { threads: THREADS });
  const load = (loadavg()[0] ?? NaN).toFixed(1);
  const all = Object.values<KdMethod>(methods).filter(({ name }) => args.length === 0 || args.includes(name));
  const rows = all.map((method) => {
    const row = rowOf(engine, method);
    console.error(row);
    return row;
  });
  await engine.dispose();
  return [
    '## Distillation methods',
    '',
    'Differences: largest relative one of the value, and largest one of the gradient (÷ (1 + |g|)), from PyTorch in float64',
    'over the terms that test/fixtures/losses.json has of the method; – where a test compares with another oracle (VID, WKD-L:',
    `plain arrays; CRD: test/fixtures/crd.json). Time: ${TEACHER} → ${STUDENT}, ${SIDE}² b${BATCH}, AdamW, ${engine.name} on ${THREADS} threads: the losses (the supervised`,
    `one, adapters and their update included) beside the teacher’s pass and the student’s step; medians of ${STEPS} steps. CRD: ${SPLIT} images,`,
    `16,384 negatives. Load average of the machine before: ${load}.`,
    '',
    '| method | value | gradient | term (ms) | step (ms) | share of the step |',
    '| :-- | --: | --: | --: | --: | --: |',
    ...rows,
  ].join('\n');
}
