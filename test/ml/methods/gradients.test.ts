import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { kdTerm } from '../../../src/ml/methods/kd-term.ts';
import { methods } from '../../../src/ml/methods/registry.ts';

const BATCH = 3;
const LABELS = Int32Array.from([0, 1, 2]);
const flat = { height: 1, width: 1, channels: 4 };
const map = { height: 2, width: 2, channels: 3 };
const cases = [
  ['SoftTarget, T = 4', methods.SoftTarget.create({ temperature: 4 }, only('logits', flat)), 'logits', flat],
  ['SoftTarget, T = 1', methods.SoftTarget.create({ temperature: 1 }, only('logits', flat)), 'logits', flat],
  ['AT, code', methods.AT.create({ at_form: 'code' }, only('block3', map)), 'block3', map],
  ['AT, paper', methods.AT.create({ at_form: 'paper' }, only('block3', map)), 'block3', map],
] as const;

function only(tap: string, shape: typeof flat) {
  return { teacher: { [tap]: shape }, student: { [tap]: shape } };
}

const sizeOf = ({ height, width, channels }: typeof flat) => height * width * channels;
/** Values away from 0, where neither logits nor maps have kinks or vanishing norms. */
const values = (count: number) =>
  fc.array(fc.double({ min: 0.3, max: 2, noNaN: true }), { minLength: count, maxLength: count });

describe.each(cases)('%s', (_, loss, tap, shape) => {
  const count = BATCH * sizeOf(shape);
  const evaluate = (student: Float32Array, teacher: Float32Array) =>
    kdTerm(loss, only(tap, shape), { student: { [tap]: student }, teacher: { [tap]: teacher } }, LABELS);

  it('has the gradient that finite differences of its value show', () => {
    fc.assert(
      fc.property(values(count), values(count), fc.nat(count - 1), (ours, theirs, at) => {
        const student = Float32Array.from(ours);
        const teacher = Float32Array.from(theirs);
        const shifted = (by: number) =>
          evaluate(
            student.map((value, i) => (i === at ? value + by : value)),
            teacher,
          ).value;
        const slope = (shifted(2 ** -7) - shifted(-(2 ** -7))) / 2 ** -6;
        // float32 values of about 1 over a step of 2⁻⁶: five decimals of the slope are lost to rounding.
        expect(evaluate(student, teacher).gradients[tap]![at]!).toBeCloseTo(slope, 2);
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  it('is never negative, and zero where student = teacher', () => {
    fc.assert(
      fc.property(values(count), values(count), (ours, theirs) => {
        const [student, teacher] = [Float32Array.from(ours), Float32Array.from(theirs)];
        expect(evaluate(student, teacher).value).toBeGreaterThan(-1e-5);
        expect(Math.abs(evaluate(teacher, teacher).value)).toBeLessThan(1e-5);
      }),
      { seed: 8, numRuns: 60 },
    );
  });

  it('does not depend on the order of the images, and its gradient moves with them', () => {
    fc.assert(
      fc.property(values(count), values(count), (ours, theirs) => {
        const reversed = (list: ArrayLike<number>) => {
          const rows = Array.from({ length: BATCH }, (_row, i) =>
            Array.from(list).slice(i * sizeOf(shape), (i + 1) * sizeOf(shape)),
          );
          return Float32Array.from(rows.reverse().flat());
        };
        const forwards = evaluate(Float32Array.from(ours), Float32Array.from(theirs));
        const backwards = evaluate(reversed(ours), reversed(theirs));
        expect(backwards.value).toBeCloseTo(forwards.value, 5);
        const expected = reversed(forwards.gradients[tap]!);
        backwards.gradients[tap]!.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
      }),
      { seed: 9, numRuns: 30 },
    );
  });
});

describe('soft targets', () => {
  it('do not see a constant that is added to all logits of an image', () => {
    const options: JsonObject = { temperature: 2 };
    const loss = methods.SoftTarget.create(options, only('logits', flat));
    const teacher = { logits: Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)) };
    const of = (by: number) =>
      kdTerm(
        loss,
        only('logits', flat),
        { student: { logits: teacher.logits.map((v) => 2 * v + by) }, teacher },
        LABELS,
      );
    expect(of(8).value).toBeCloseTo(of(0).value, 4);
  });
});

describe('attention transfer', () => {
  it('does not see the scale of a map', () => {
    const loss = methods.AT.create({ at_form: 'code' }, only('block3', map));
    const teacher = { block3: Float32Array.from({ length: 36 }, (_, i) => 1 + Math.cos(i)) };
    const of = (scale: number) =>
      kdTerm(
        loss,
        only('block3', map),
        { student: { block3: teacher.block3.map((v, i) => scale * (v + Math.sin(i))) }, teacher },
        LABELS,
      );
    expect(of(7).value).toBeCloseTo(of(1).value, 6);
    expect(of(1).value).toBeGreaterThan(1e-3);
  });
});
