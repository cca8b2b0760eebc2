import { describe, expect, it } from 'vitest';
import { hierarchicalContext } from '../../../src/ml/methods/terms/hierarchical-context.ts';
import { review } from '../../../src/ml/methods/reviewkd.ts';
import { signed } from '../../support/hashed.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { optionsOf } from '../../support/default-options.ts';
import { alike, someSplit } from '../../support/kd-evaluation.ts';
import { largestDifference } from '../../support/loss-reference.ts';
import { slopes, total } from '../../support/plain-arrays.ts';

const CHANNELS = 2;

/** Mean squared difference after adaptive pooling to side × side, written as PyTorch defines the windows. */
function pooledDifference(a: ArrayLike<number>, b: ArrayLike<number>, from: number, side: number): number {
  const window = (i: number) => [Math.floor((i * from) / side), Math.ceil(((i + 1) * from) / side)] as const;
  let sum = 0;
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++)
      for (let c = 0; c < CHANNELS; c++) {
        const [[top, bottom], [left, right]] = [window(i), window(j)];
        const mean = (values: ArrayLike<number>) =>
          total(bottom - top, (y) =>
            total(right - left, (x) => values[((top + y) * from + left + x) * CHANNELS + c]!),
          ) /
          ((bottom - top) * (right - left));
        sum += (mean(a) - mean(b)) ** 2;
      }
  return sum / (side * side * CHANNELS);
}

describe('the hierarchical context loss', () => {
  it.each([
    [7, [4, 2, 1]],
    [6, [4, 2, 1]],
    [4, [2, 1]],
    [2, [1]],
    [1, []],
  ])('of %d×%d maps weighs those of %j that are smaller by ½, ¼, ⅛ in their order', (side, ...[pooled]) => {
    const [a, b] = [signed('a', side * side * CHANNELS), signed('b', side * side * CHANNELS)];
    const weights = pooled.map((_, k) => 0.5 ** (k + 1));
    const sum =
      pooledDifference(a, b, side, side) +
      total(weights.length, (k) => weights[k]! * pooledDifference(a, b, side, pooled[k]!));
    const expected = sum / (1 + total(weights.length, (k) => weights[k]!));
    const map = [1, side, side, CHANNELS];
    const { value, gradients } = evaluateLoss({ a: map, b: map }, { a, b }, (maps) =>
      hierarchicalContext(maps.a, maps.b),
    );
    expect(value).toBeCloseTo(expected, 12);
    const whole = (ours: ArrayLike<number>) => {
      const forms = [side, ...pooled].map((to, k) => 0.5 ** k * pooledDifference(ours, b, side, to));
      return total(forms.length, (k) => forms[k]!) / (1 + total(weights.length, (k) => weights[k]!));
    };
    const expectedSlopes = slopes(whole, a);
    expect(largestDifference(gradients.a, expectedSlopes)).toBeLessThan(1e-9);
    expect(
      largestDifference(
        gradients.b,
        expectedSlopes.map((slope) => -slope),
      ),
    ).toBeLessThan(1e-9);
  });
});

describe('knowledge review', () => {
  const at = (height: number, channels: number) => ({ height, width: height, channels });
  const shapes = {
    student: { block2: at(8, 6), block3: at(4, 10) },
    teacher: { block2: at(8, 12), block3: at(4, 20) },
  };

  it('fuses from the deepest block upwards, at no more channels than that has', () => {
    const { adapters = [] } = review.create(optionsOf(review), shapes, shapes, someSplit);
    expect(adapters.map(({ name }) => name)).toEqual([
      ...['review.block3.reduce', 'review.block3.expand'],
      ...['review.block2.reduce', 'review.block2.attention', 'review.block2.expand'],
    ]);
    const ends = adapters.map(({ network }) => [network.input.channels, network.layers.at(-1)!.shape.channels]);
    // Fewer than 512 channels: the student's deepest block has 10. Attention reads both sides' and gives two weights.
    expect(ends).toEqual([
      ...[
        [10, 10],
        [10, 20],
      ],
      ...[
        [6, 10],
        [20, 2],
        [10, 12],
      ],
    ]);
  });

  it('orders blocks by depth however they are asked for', () => {
    const four = ['block1', 'block2', 'block3', 'block4'];
    const form = { blocks: [4, 2], review_form: 'blocks' };
    expect(review.taps(form, { teacher: four, student: four }).student).toEqual(['block2', 'block4']);
  });

  it('reads pooled features too, and the teacher before its ReLUs, as the program of the published numbers does', () => {
    const available = { teacher: ['preact1', 'block1', 'block2', 'pooled'], student: ['block1', 'block2', 'pooled'] };
    expect(review.taps({}, available)).toEqual({
      teacher: ['preact1', 'block2', 'pooled'],
      student: ['block1', 'block2', 'pooled'],
    });
    expect(() => review.taps({}, { ...available, student: ['block1'] })).toThrow('ReviewKD reads pooled');
  });

  it('brings levels to the teacher’s size', () => {
    const unequal = alike('block2', at(8, 6));
    const { adapters = [] } = review.create(
      optionsOf(review),
      { ...unequal, teacher: { block2: at(4, 6) } },
      unequal,
      someSplit,
    );
    expect(adapters.map(({ network }) => network.input.height)).toEqual([8, 4]);
  });
});
