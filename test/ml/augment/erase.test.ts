import { describe, expect, it } from 'vitest';
import { drawErased, eraseBox } from '../../../src/ml/augment/erase.ts';
import { uniforms } from '../../../src/ml/random/random.ts';

const SIDE = 32;
const boxes = (probability: number, count = 4000) =>
  Array.from({ length: count }, (_, index) => drawErased(probability, SIDE, uniforms(0, 'erase', 0, index)));

describe('random erasing', () => {
  it('takes something as often as it is asked to', () => {
    expect(boxes(0).every((box) => box === null)).toBe(true);
    expect(boxes(1).every((box) => box !== null)).toBe(true);
    const taken = boxes(0.25).filter((box) => box !== null).length;
    // Binomial(4000, 0.25): standard deviation 27; five of them.
    expect(Math.abs(taken - 1000)).toBeLessThan(137);
  });

  it('takes rectangles of 2 to 33 % of the area, of sides 0.3 to 3.3, within the picture', () => {
    for (const box of boxes(1)) {
      const { top, left, height, width } = box!;
      expect(top >= 0 && left >= 0 && top + height <= SIDE && left + width <= SIDE).toBe(true);
      // Sides are whole pixels: half a pixel each way.
      expect((height + 0.5) * (width + 0.5)).toBeGreaterThan(0.02 * SIDE * SIDE);
      expect((height - 0.5) * (width - 0.5)).toBeLessThan(0.33 * SIDE * SIDE);
      expect((height + 0.5) / (width - 0.5)).toBeGreaterThan(0.3);
      expect((height - 0.5) / (width + 0.5)).toBeLessThan(3.3);
    }
  });

  it('puts the mean in the place of the rectangle, and nowhere else', () => {
    const values = new Float32Array(2 * 4 * 4 * 3).fill(1);
    eraseBox(values, 48, 4, { top: 1, left: 2, height: 2, width: 1 });
    const zeros = [...values.keys()].filter((at) => values[at] === 0);
    expect(zeros).toEqual([66, 67, 68, 78, 79, 80]);
  });
});
