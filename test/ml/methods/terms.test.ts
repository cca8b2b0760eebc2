import { describe, expect, it } from 'vitest';
import { methods } from '../../../src/ml/methods/registry.ts';
import { alike, evaluate, referenceTap } from '../../support/kd-evaluation.ts';
import { slopes, total } from '../../support/plain-arrays.ts';
import { signed } from '../../support/hashed.ts';
import { largestDifference, lossReference, referenceInput } from '../../support/loss-reference.ts';
import { termDifferences, termRows } from '../../support/term-reference.ts';

const { SoftTarget, AT, SP, NST, PKT, RKD, DKD, DIST, NKD, LogitStd, TTM, WTTM, MLKD } = methods;
const logits = { tap: 'logits', student: 'S', teacher: 'T' };

const titled = termRows.map((row) => [`${row.method.name} ${JSON.stringify(row.options ?? {})}`, row] as const);

describe('values and gradients of terms', () => {
  it.each(titled)('are PyTorch’s in float64: %s', (_, row) => {
    const { value, gradient } = termDifferences(row);
    // The fixture has nine digits, of inputs too.
    expect(value).toBeLessThan(5e-9);
    expect(gradient).toBeLessThan(5e-9);
  });

  it('are multiplied by the weight in the gradient, and not in the value', () => {
    const row = { method: DKD, ...logits };
    const [one, three] = [1, 3].map((weight) => evaluate({ ...row, weight, ...referenceTap('logits', row) }));
    expect(three!.value).toBe(one!.value);
    const tripled = one!.gradients['logits']!.map((slope) => 3 * slope);
    expect(largestDifference(three!.gradients['logits']!, tripled)).toBeLessThan(1e-14);
  });
});

describe('terms over maps of unequal size', () => {
  it.each([AT, NST])('pool the teacher’s map where that is the larger one: $name', (method) => {
    const large = referenceInput('FS4');
    const pooled = Float64Array.from({ length: 4 * 2 * 2 * 3 }, (_, i) => {
      const [n, y, x, c] = [Math.floor(i / 12), Math.floor(i / 6) % 2, Math.floor(i / 3) % 2, i % 3];
      const at = (dy: number, dx: number) => large.values[((n * 4 + 2 * y + dy) * 4 + 2 * x + dx) * 3 + c]!;
      return (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
    });
    const byHand = evaluate({
      method,
      shapes: alike('block3', { height: 2, width: 2, channels: 3 }),
      taps: { student: { block3: referenceInput('FT').values }, teacher: { block3: pooled } },
    });
    const { value } = evaluate({ method, ...referenceTap('block3', { student: 'FT', teacher: 'FS4' }) });
    expect(value).toBeCloseTo(byHand.value, 12);
  });

  it('compare similarities of images whatever the sizes', () => {
    const { value, gradients } = evaluate({
      method: SP,
      ...referenceTap('block3', { student: 'FS4', teacher: 'FT' }),
    });
    expect(value).toBeGreaterThan(1e-3);
    expect(gradients['block3']).toHaveLength(4 * 4 * 4 * 3);
  });
});

describe.each([AT, SP, NST])('$name over several blocks', (method) => {
  it('adds them up, and gives each its own gradient', () => {
    const [student, teacher] = [referenceInput('FS').values, referenceInput('FT').values];
    const shape = { height: 2, width: 2, channels: 3 };
    const both = { block2: shape, block3: shape };
    const { value, gradients } = evaluate({
      method,
      shapes: { student: both, teacher: both },
      taps: { student: { block2: student, block3: teacher }, teacher: { block2: teacher, block3: teacher } },
    });
    const alone = evaluate({ method, ...referenceTap('block2', { student: 'FS', teacher: 'FT' }) });
    // block3 is equal on both sides and adds nothing.
    expect(value).toBeCloseTo(alone.value, 12);
    expect(Math.max(...gradients['block3']!.map(Math.abs))).toBeLessThan(1e-14);
    expect(gradients['block2']).toEqual(alone.gradients['block2']);
  });
});

describe('neuron selectivity', () => {
  it.each([
    ['fewer pixels than channels', 2, 5, 7],
    ['more pixels than channels', 4, 3, 2],
  ])('is the discrepancy of all pairs of channels, slopes included: %s', (_, side, own, other) => {
    const [images, pixels] = [2, side ** 2];
    const [student, teacher] = [signed('student', images * pixels * own), signed('teacher', images * pixels * other)];
    const kernel = (a: ArrayLike<number>, b: ArrayLike<number>, [p, q]: readonly [number, number]): number => {
      const product = (
        x: ArrayLike<number>,
        y: ArrayLike<number>,
        image: number,
        [i, j]: readonly [number, number],
      ) => {
        const [m, n] = [x === a ? p : q, y === a ? p : q];
        return total(pixels, (k) => x[(image * pixels + k) * m + i]! * y[(image * pixels + k) * n + j]!);
      };
      const squares = (image: number, i: number, j: number) =>
        product(a, b, image, [i, j]) ** 2 / (product(a, a, image, [i, i]) * product(b, b, image, [j, j]));
      return total(images, (image) => total(p, (i) => total(q, (j) => squares(image, i, j)))) / (images * p * q);
    };
    const oracle = (ours: ArrayLike<number>) =>
      kernel(teacher, teacher, [other, other]) +
      kernel(ours, ours, [own, own]) -
      2 * kernel(ours, teacher, [own, other]);
    const shape = (channels: number) => ({ block3: { height: side, width: side, channels } });
    const { value, gradients } = evaluate({
      ...{ method: NST, shapes: { student: shape(own), teacher: shape(other) } },
      taps: { student: { block3: student }, teacher: { block3: teacher } },
      labels: Int32Array.of(0, 1),
    });
    expect(value).toBeCloseTo(oracle(student), 12);
    expect(largestDifference(gradients['block3']!, slopes(oracle, student))).toBeLessThan(1e-9);
  });
});

describe('dead maps', () => {
  it.each([
    ['AT, code', AT, {}, 1 / 4],
    ['AT, paper', AT, { at_form: 'paper' }, 1],
  ] as const)(
    'have no attention, against the teacher’s of norm 1, and a finite gradient: %s',
    (_, method, options, value) => {
      const given = referenceTap('block4', { student: 'FS', teacher: 'FT' });
      const dead = { block4: new Float32Array(48) };
      const result = evaluate({ method, options, ...given, taps: { ...given.taps, student: dead } });
      expect(result.value).toBeCloseTo(value, 12);
      expect([...result.gradients['block4']!].every(Number.isFinite)).toBe(true);
    },
  );

  it.each([SP, NST])('leave a finite value and gradient: $name', (method) => {
    const given = referenceTap('block4', { student: 'FS', teacher: 'FT' });
    const result = evaluate({ method, ...given, taps: { ...given.taps, student: { block4: new Float32Array(48) } } });
    expect(result.value).toBeGreaterThan(0);
    expect([...result.gradients['block4']!].every(Number.isFinite)).toBe(true);
  });
});

describe('terms over pooled features', () => {
  it.each([PKT, RKD])('are finite where two images have the same features: $name', (method) => {
    const given = referenceTap('pooled', { student: 'VS', teacher: 'VT' });
    const same = given.taps.student['pooled']!.slice();
    same.copyWithin(3, 0, 3);
    const { value, gradients } = evaluate({ method, ...given, taps: { ...given.taps, student: { pooled: same } } });
    expect(value).toBeGreaterThan(0);
    expect([...gradients['pooled']!].every(Number.isFinite)).toBe(true);
  });
});

describe('terms over logits', () => {
  const given = referenceTap('logits', { student: 'S', teacher: 'T' });
  const shifted = given.taps.student['logits']!.map((value, i) => value + 8 * Math.floor(i / 5));

  it.each([SoftTarget, DKD, DIST, NKD, LogitStd, TTM, WTTM, MLKD])(
    'do not see a constant that is added to all logits of an image: $name',
    (method) => {
      const [plain, moved] = [given.taps.student['logits']!, shifted].map((student) =>
        evaluate({ method, ...given, taps: { ...given.taps, student: { logits: student } } }),
      );
      expect(Math.abs(moved!.value / plain!.value - 1)).toBeLessThan(1e-12);
      expect(largestDifference(moved!.gradients['logits']!, plain!.gradients['logits']!)).toBeLessThan(1e-12);
    },
  );

  it.each([SoftTarget, DKD, DIST, NKD, LogitStd, TTM, WTTM, MLKD])(
    'stay finite where a network is certain: $name',
    (method) => {
      const certain = given.taps.student['logits']!.map((value) => 60 * value);
      for (const taps of [
        { student: { logits: certain }, teacher: given.taps.teacher },
        { student: given.taps.student, teacher: { logits: certain } },
      ]) {
        const { value, gradients } = evaluate({ method, shapes: given.shapes, taps });
        expect(value).toBeGreaterThan(0);
        expect([...gradients['logits']!].every(Number.isFinite)).toBe(true);
      }
    },
  );

  it('do not see the range of the student’s logits once they are standardised', () => {
    const student = { logits: given.taps.student['logits']!.map((value) => 5 * value) };
    const { value } = evaluate({ method: LogitStd, ...given, taps: { ...given.taps, student } });
    expect(value).toBeCloseTo(lossReference['logit_std']!.value, 6);
  });

  it.each([TTM, WTTM])('are zero where the student is the transformed teacher: $name', (method) => {
    const student = { logits: given.taps.teacher['logits']!.map((value) => 0.1 * value) };
    const { value, gradients } = evaluate({ method, ...given, taps: { ...given.taps, student } });
    expect(Math.abs(value)).toBeLessThan(1e-12);
    expect(Math.max(...gradients['logits']!.map(Math.abs))).toBeLessThan(1e-12);
  });
});
