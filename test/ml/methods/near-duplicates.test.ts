import { describe, expect, it } from 'vitest';
import type { KdMethod } from '../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { signed } from '../../support/hashed.ts';
import { alike, evaluate } from '../../support/kd-evaluation.ts';
import { slopes } from '../../support/plain-arrays.ts';
import * as oracles from '../../support/relational-oracles.ts';
import type { Truth, TwoSides } from '../../support/relational-oracles.ts';

const [COUNT, SIZE] = [8, 16];
const LABELS = Int32Array.from({ length: COUNT }, (_, image) => image % 4);

/** Images that are the same but for a share of their numbers: 1 like 0, 2 like 0 the other way, 5 like 4. */
function nearly(name: string, gap: number): Float32Array {
  const rows = signed(name, COUNT * SIZE, 1);
  const shift = signed(`${name}.shift`, COUNT * SIZE, gap);
  for (const [copy, original] of [
    [1, 0],
    [2, 0],
    [5, 4],
  ] as const)
    for (let d = 0; d < SIZE; d++) rows[copy * SIZE + d] = rows[original * SIZE + d]! * (1 + shift[copy * SIZE + d]!);
  return rows;
}

const far = (name: string): Float32Array => signed(name, COUNT * SIZE, 1).map((value) => value + 1000);
const all = (value: number) => new Float32Array(COUNT * SIZE).fill(value);

type Sides = readonly [student: Float32Array, teacher: Float32Array];
const BATCHES: readonly (readonly [string, Sides])[] = [
  ...[1e-2, 1e-3, 1e-4, 1e-5, 1e-6].map(
    (gap) => [`images that agree but for ${gap}`, [nearly('s', gap), nearly('t', gap)]] as const,
  ),
  ['near-duplicates of the student alone', [nearly('s', 1e-5), signed('t', COUNT * SIZE)]],
  ['equal images', [nearly('s', 0), nearly('t', 0)]],
  ['images far from 0', [far('s'), far('t')]],
];

const double = ([student, teacher]: Sides): TwoSides => ({
  ...{ student: Float64Array.from(student), teacher: Float64Array.from(teacher), count: COUNT },
});

const byDifferences =
  (of: (sides: TwoSides) => number) =>
  (sides: TwoSides): Truth => ({
    value: of(sides),
    gradient: slopes((student) => of({ ...sides, student }), sides.student),
  });

const run = (method: KdMethod, tap: string, [student, teacher]: Sides) => {
  const shapes = alike(tap, { height: 1, width: 1, channels: SIZE });
  const taps = { student: { [tap]: student }, teacher: { [tap]: teacher } };
  const { value, gradients } = evaluate({ method, shapes, taps, labels: LABELS });
  return { value, gradient: gradients[tap]! };
};

/** Both errors, each as a share of what is right: of the value, and of the gradient's norm. */
function errors(found: ReturnType<typeof run>, truth: Truth) {
  const norm = (values: Float64Array) => Math.hypot(...values);
  const off = truth.gradient.map((value, i) => found.gradient[i]! - value);
  return { value: Math.abs(found.value / truth.value - 1), gradient: norm(off) / norm(truth.gradient) };
}

const { RKD, PKT, SP, DIST } = methods;
/**
 * Methods that compare the images of a batch. The others compare an image with the teacher's of the same image (AT, NST, VID,
 * ICKD …), or lengths of 1 with a bank (CRD): near-duplicates are nothing special to them.
 */
const COMPARING = [
  [RKD, 'pooled', oracles.relational],
  [PKT, 'pooled', byDifferences(oracles.probabilistic)],
  [SP, 'block4', byDifferences(oracles.similarity)],
  [DIST, 'logits', byDifferences(oracles.stronger)],
] as const;

/**
 * Far from 0 all rows point the same way, and G and P hold what is left of 1: too few digits for differences of the value.
 */
const isPoor = (method: KdMethod, batch: string): boolean =>
  batch === 'images far from 0' && [PKT, SP].includes(method);

describe('the oracle of RKD', () => {
  it('has the gradient that differences of its value show', () => {
    const sides = double([nearly('s', 0.3), nearly('t', 0.3)]);
    const measured = slopes((student) => oracles.relational({ ...sides, student }).value, sides.student);
    expect(errors({ value: 1, gradient: measured }, oracles.relational(sides)).gradient).toBeLessThan(1e-6);
  });
});

describe.each(COMPARING)('$0.name', (method, tap, truth) => {
  const named = BATCHES.filter(([batch]) => !isPoor(method, batch));

  it.each(named)('has the value and the gradient of its definition: %s', (_, sides) => {
    const { value, gradient } = errors(run(method, tap, sides), truth(double(sides)));
    expect(value).toBeLessThan(1e-9);
    expect(gradient).toBeLessThan(method === RKD ? 1e-9 : 1e-6);
  });

  it.each([
    ['zeros', all(0), all(0)],
    ['one row in every place', all(3), all(-2)],
    ['a student of zeros', all(0), signed('t', COUNT * SIZE)],
    ['a teacher of zeros', signed('s', COUNT * SIZE), all(0)],
  ])('stays finite: %s', (_, student, teacher) => {
    const { value, gradient } = run(method, tap, [student, teacher]);
    expect([value, ...gradient].every(Number.isFinite)).toBe(true);
  });
});

describe('RKD of images that are equal', () => {
  it('has no slope where all are', () => {
    const { gradient } = run(RKD, 'pooled', [all(3), signed('t', COUNT * SIZE)]);
    expect(Math.max(...gradient.map(Math.abs))).toBe(0);
  });

  it('moves both alike', () => {
    const { gradient } = run(RKD, 'pooled', [nearly('s', 0), signed('t', COUNT * SIZE)]);
    const norm = Math.hypot(...gradient);
    // PyTorch's normalize gives the slope of 0 as 1e12.
    expect(norm).toBeLessThan(20);
    expect(norm).toBeGreaterThan(0.1);
  });
});
