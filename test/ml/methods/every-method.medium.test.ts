import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KdMethod, TapShapes } from '../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import type { Shape } from '../../../src/ml/network/network.ts';
import { signed } from '../../support/hashed.ts';
import { optionsOf } from '../../support/default-options.ts';
import { evaluate, type TapValues } from '../../support/kd-evaluation.ts';
import { largestDifference } from '../../support/loss-reference.ts';

const BATCH = 4;
const LABELS = Int32Array.from([0, 1, 2, 1]);
const SHAPES: Readonly<Record<string, Shape>> = {
  block1: { height: 8, width: 4, channels: 2 },
  block2: { height: 4, width: 2, channels: 3 },
  block3: { height: 2, width: 2, channels: 4 },
  'last-map': { height: 2, width: 2, channels: 4 },
  pooled: { height: 1, width: 1, channels: 4 },
  logits: { height: 1, width: 1, channels: 5 },
};
/** The teacher's last layer: five classes of four features. */
const CLASSIFIER = { height: 5, width: 1, channels: 4 };
const NAMES = Object.keys(SHAPES);

/** Cross entropies and likelihoods: least where student = teacher, but not 0 there. */
const ENTROPIES = ['NKD', 'VID', 'WKD-L'];
/** Compares neighbours of the batch. */
const ORDERED = ['CC'];
/** Least where the student equals a transformed teacher, or where what adapters that have learned nothing make of it does, or is a margin away. */
const TRANSFORMED = ['TTM', 'WTTM', 'MGD', 'ReviewKD', 'AB', 'FT', 'ICKD', 'WKD-F'];
/** Draws numbers for each place of the batch. */
const DRAWING = ['MGD', 'CRD'];
/** Compares with what it remembers: crd.test.ts says what holds instead. */
const REMEMBERING = ['CRD'];

const registered = Object.entries(methods as Readonly<Record<string, KdMethod>>);

/** Everything about one method on networks of the shapes above. */
function settingOf(method: KdMethod) {
  const sides = method.taps(optionsOf(method), { teacher: NAMES, student: NAMES });
  const only = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, SHAPES[name] ?? CLASSIFIER]));
  const shapes: TapShapes = { teacher: only(sides.teacher), student: only(sides.student) };
  const sizes = Object.entries(shapes.student).map(([name, { height, width, channels }]) => ({
    name,
    size: BATCH * height * width * channels,
  }));
  const total = sizes.reduce((sum, { size }) => sum + size, 0);
  const fixed = sides.teacher.includes('classifier') ? { classifier: signed('classifier', 20) } : {};
  /** Cuts one array into a tap each. */
  const cut = (flat: ArrayLike<number>) => {
    let at = 0;
    return Object.fromEntries(
      sizes.map(({ name, size }) => [name, Float64Array.from(Array.from(flat).slice(at, (at += size)))]),
    );
  };
  const run = (student: ArrayLike<number>, teacher: ArrayLike<number>) =>
    evaluate({
      ...{ method, shapes, labels: LABELS, seed: 3, step: 2 },
      taps: { student: cut(student), teacher: { ...cut(teacher), ...fixed } },
    });
  return { sides, shapes, total, cut, run, fixed };
}

/** Values away from 0, where neither logits nor maps have kinks or vanishing norms. */
const values = (count: number) =>
  fc.array(fc.double({ min: 0.3, max: 2, noNaN: true }), { minLength: count, maxLength: count });
const some = (count: number, phase: number) =>
  Array.from({ length: count }, (_, i) => 1 + Math.sin(1.3 * i + phase) / 2);
const norm = (list: Iterable<number>) => Math.hypot(...list);
const flatten = (taps: TapValues) => Object.values(taps).flatMap((tap) => Array.from(tap));

describe.each(registered)('every method: %s', (name, method) => {
  const { sides, total, cut, run, fixed } = settingOf(method);

  it('is registered under its own name, with a source that has a year', () => {
    expect(method.name).toBe(name);
    expect(method.source).toMatch(/\d{4}$/);
  });

  it('reads taps that both networks have', () => {
    expect(sides.student.length).toBeGreaterThan(0);
    for (const tap of [...sides.student, ...sides.teacher]) expect([...NAMES, 'classifier']).toContain(tap);
  });

  // Of a first batch CRD's constants have no gradient: crd.test.ts has it on a second one.
  it.skipIf(REMEMBERING.includes(name))('has the gradient that finite differences of its value show', () => {
    fc.assert(
      fc.property(values(total), values(total), values(total), (ours, theirs, ends) => {
        // Where a difference is 0, its size has a kink.
        if (ORDERED.includes(name)) fc.pre(ours.every((value, i) => Math.abs(value - theirs[i]!) > 1e-3));
        const direction = ends.map((end, i) => end - ours[i]!);
        const length = norm(direction);
        const shifted = (by: number) =>
          run(
            ours.map((value, i) => value + (by * direction[i]!) / length),
            theirs,
          ).value;
        const { gradients, value } = run(ours, theirs);
        const slope = flatten(gradients).reduce((sum, g, i) => sum + (g * direction[i]!) / length, 0);
        const step = 2 ** -16;
        const measured = (shifted(step) - shifted(-step)) / (2 * step);
        // Rounding of the value over the step, and the third derivative.
        const tolerance = 1e-9 * (Math.abs(value) + norm(flatten(gradients)) + 1);
        expect(Math.abs(measured - slope)).toBeLessThan(tolerance);
      }),
      { seed: 7, numRuns: 25 },
    );
  });

  it('reaches every tap of the student that it reads', () => {
    const { gradients } = run(some(total, 0), some(total, 2));
    expect(Object.keys(gradients)).toEqual(sides.student);
    for (const gradient of Object.values(gradients)) expect(norm(gradient)).toBeGreaterThan(1e-9);
  });

  it.skipIf([...ENTROPIES, ...TRANSFORMED, ...REMEMBERING].includes(name))(
    'is never negative, and zero with zero gradient where student = teacher',
    () => {
      fc.assert(
        fc.property(values(total), values(total), (ours, theirs) => {
          const [apart, equal] = [run(ours, theirs), run(theirs, theirs)];
          expect(apart.value).toBeGreaterThan(-1e-12);
          // Shares of what it is elsewhere: an ε in a denominator leaves some 1e-6 of correlations and cosines.
          expect(Math.abs(equal.value)).toBeLessThan(1e-3 * apart.value + 1e-12);
          expect(norm(flatten(equal.gradients))).toBeLessThan(0.02 * norm(flatten(apart.gradients)) + 1e-12);
        }),
        { seed: 8, numRuns: 25 },
      );
    },
  );

  it.skipIf([...TRANSFORMED, ...REMEMBERING].includes(name))('is least where student = teacher', () => {
    fc.assert(
      fc.property(values(total), values(total), (ours, theirs) => {
        expect(run(theirs, theirs).value).toBeLessThan(run(ours, theirs).value + 1e-12);
      }),
      { seed: 10, numRuns: 25 },
    );
  });

  it('gives the same bits twice, finite', () => {
    const first = run(some(total, 0), some(total, 2));
    expect(run(some(total, 0), some(total, 2))).toEqual(first);
    expect(Number.isFinite(first.value)).toBe(true);
    expect(flatten(first.gradients).every(Number.isFinite)).toBe(true);
  });

  it('leaves the values that it is given as they are', () => {
    const taps = { student: cut(some(total, 0)), teacher: { ...cut(some(total, 2)), ...fixed } };
    const before = structuredClone(taps);
    evaluate({ method, shapes: settingOf(method).shapes, taps, labels: LABELS });
    expect(taps).toEqual(before);
  });

  it('says which tap a network lacks', () => {
    for (const side of ['teacher', 'student'] as const) {
      const available = { teacher: NAMES, student: NAMES, [side]: ['other'] };
      expect(() => method.taps(optionsOf(method), available)).toThrow(
        /^[\w-]+ (reads (logits|pooled|last-map), which the (teacher|student) does not have|reads blocks, which teacher and student do not both have)$/,
      );
    }
  });

  it.skipIf([...DRAWING, ...ORDERED].includes(name))(
    'does not depend on the order of the images, and its gradient moves along',
    () => {
      const forwards = { student: cut(some(total, 0)), teacher: cut(some(total, 2)) };
      const turn = (taps: Readonly<Record<string, Float64Array>>) =>
        Object.fromEntries(
          Object.entries(taps).map(([tap, flat]) => {
            const size = flat.length / BATCH;
            const images = Array.from({ length: BATCH }, (_, i) => [...flat.slice(i * size, (i + 1) * size)]);
            return [tap, Float64Array.from(images.toReversed().flat())];
          }),
        );
      const { shapes } = settingOf(method);
      const [there, back] = [forwards, { student: turn(forwards.student), teacher: turn(forwards.teacher) }].map(
        (taps, i) =>
          evaluate({
            method,
            shapes,
            taps: { ...taps, teacher: { ...taps.teacher, ...fixed } },
            labels: i ? LABELS.toReversed() : LABELS,
          }),
      );
      expect(Math.abs(back!.value / there!.value - 1)).toBeLessThan(1e-12);
      const expected = turn(there!.gradients);
      for (const [tap, gradient] of Object.entries(back!.gradients))
        expect(largestDifference(gradient, expected[tap]!)).toBeLessThan(1e-12);
    },
  );
});
