import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { differentiate } from '../../../src/ml/algebra/gradients.ts';
import { input } from '../../../src/ml/algebra/inputs.ts';
import { share } from '../../../src/ml/algebra/share.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { recordTerm } from '../../../src/ml/methods/terms/record-term.ts';
import { models } from '../../../src/ml/models/registry.ts';
import type { Shape } from '../../../src/ml/network/network.ts';
import { signed } from '../../support/hashed.ts';
import { optionsOf } from '../../support/default-options.ts';
import { alike, someSplit } from '../../support/kd-evaluation.ts';

/** PyTorch in float64, and how far PyTorch in float32 is from that. */
interface Row {
  readonly value: number;
  readonly gradient: readonly number[];
  readonly off: number;
  readonly gradientOff: number;
}
const rows = JSON.parse(readFileSync(new URL('../../fixtures/numerics.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Row>
>;

const [COUNT, SIZE] = [6, 6];
const vector: Shape = { height: 1, width: 1, channels: SIZE };
const TAPS = {
  RKD: ['pooled', vector, {}],
  PKT: ['pooled', vector, {}],
  SP: ['block3', vector, { sp_norm: 'l2' }],
  NST: ['block3', { height: 2, width: 1, channels: 3 }, {}],
  DIST: ['logits', vector, {}],
} as const;

function nearly(name: string, gap: number): Float32Array {
  const values = signed(name, COUNT * SIZE);
  const shift = signed(`${name}.shift`, COUNT * SIZE, gap);
  for (const [copy, original] of [
    [1, 0],
    [2, 0],
    [5, 4],
  ] as const)
    for (let d = 0; d < SIZE; d++)
      values[copy * SIZE + d] = values[original * SIZE + d]! * (1 + shift[copy * SIZE + d]!);
  return values;
}
const far = (name: string): Float32Array => signed(name, COUNT * SIZE).map((value) => value + 1000);
const zeros = new Float32Array(COUNT * SIZE);

const BATCHES: Readonly<Record<string, readonly [student: Float32Array, teacher: Float32Array]>> = {
  'equal rows': [nearly('s', 0), nearly('t', 0)],
  'rows that agree but for 1e-2': [nearly('s', 1e-2), nearly('t', 1e-2)],
  'rows that agree but for 1e-4': [nearly('s', 1e-4), nearly('t', 1e-4)],
  'rows that agree but for 1e-6': [nearly('s', 1e-6), nearly('t', 1e-6)],
  'rows far from 0': [far('s'), far('t')],
  zeros: [zeros, zeros],
  'a student of zeros': [zeros, signed('t', COUNT * SIZE)],
};

const engine = await createEngine('wasm', { threads: 1 });
const session = engine.session(models.convnet4.build({ height: 8, width: 8, channels: 3 }, 2), { optimizer: null });
afterAll(() => engine.dispose());

/** A term in the engine's float32. */
function computed(name: keyof typeof TAPS, [student, teacher]: readonly [Float32Array, Float32Array]) {
  const [tap, shape, options] = TAPS[name];
  const shapes = alike(tap, shape);
  const dimensions = tap === 'logits' ? [COUNT, SIZE] : [COUNT, shape.height, shape.width, shape.channels];
  const ours = input('student', dimensions);
  const term = methods[name].create(optionsOf(methods[name], options), shapes, shapes, someSplit);
  const { loss } = recordTerm(term, shapes, {
    ...{ images: COUNT, pass: 0, prefix: '', student: () => ours, teacher: () => input('teacher', dimensions) },
    ...{ labels: input('labels', [COUNT]), indices: input('indices', [COUNT]) },
  });
  const [value, gradient] = share([loss, ...differentiate(loss, [ours]).gradients]);
  const expression = session.expression({
    inputs: {},
    adapter: () => {
      throw new Error('no adapters');
    },
    results: { value: value!, gradient: gradient! },
    ...{ writes: [], updates: [], effects: [] },
  });
  expression.input('student').set(student);
  expression.input('teacher').set(teacher);
  expression.run();
  return { value: expression.result('value')[0]!, gradient: [...expression.result('gradient')] };
}

const norm = (values: readonly number[]): number => Math.hypot(...values);

/** No more than three times as far off as PyTorch in float32; less than this share of what is right is rounding. */
const TIMES = 3;
const ROUNDING = 1e-6;
/** Of terms of size 1/N that cancel, half a unit in the last place is left. */
const LEFT = 2 ** -24 / COUNT;

describe('float32 on batches that are hard on it', () => {
  it.each(Object.entries(rows))('is as near to float64 as PyTorch’s: %s', (title, truth) => {
    const [name, batch] = title.split(': ') as [keyof typeof TAPS, string];
    const { value, gradient } = computed(name, BATCHES[batch]!);
    expect(Math.abs(value - truth.value)).toBeLessThanOrEqual(
      TIMES * truth.off + ROUNDING * Math.abs(truth.value) + LEFT,
    );
    const off = norm(gradient.map((slope, i) => slope - truth.gradient[i]!));
    expect(off).toBeLessThanOrEqual(TIMES * truth.gradientOff + ROUNDING * norm(truth.gradient));
  });
});
