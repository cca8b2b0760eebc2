import { describe, expect, it } from 'vitest';
import { fromPyTorch, layoutOf, slotOf, toPyTorch } from '../../../src/ml/engines/layout.ts';
import { assortedNetwork } from '../../support/assorted-network.ts';
import { signed } from '../../support/hashed.ts';

const network = assortedNetwork();
const layout = layoutOf(network);

describe('layoutOf', () => {
  it('gives entries of one space places that neither overlap nor leave holes', () => {
    for (const space of ['parameter', 'statistic'] as const) {
      const slots = [...layout.slots.values()]
        .filter((slot) => slot.space === space)
        .sort((a, b) => a.offset - b.offset);
      let end = 0;
      for (const slot of slots) {
        expect(slot.offset).toBe(end);
        end += slot.floats;
      }
      expect(end).toBe(space === 'parameter' ? layout.parameters : layout.statistics);
    }
  });

  it('puts what decays first: convolution and linear weights, no bias and no batch norm', () => {
    const decaying = [...layout.slots.values()].filter(
      (slot) => slot.space === 'parameter' && slot.offset < layout.decayed,
    );
    expect(decaying.map((slot) => slot.spec.name)).toEqual([
      'stem.weight',
      'left.weight',
      'right.weight',
      'bare.weight',
      'far.weight',
      'head.weight',
    ]);
  });

  it('places filters in panels of eight output channels', () => {
    const slot = slotOf(layout, 'left.weight');
    const [inputs, kernel, stride] = [5, 3, 8];
    const index = ((9 * inputs + 4) * kernel + 1) * kernel + 2;
    const depth = kernel * kernel * stride;
    expect(slot.floats).toBe(16 * depth);
    expect(slot.place(index)).toBe((1 * depth + (1 * kernel + 2) * stride + 4) * 8 + 1);
  });

  it('pads the image to four channels only', () => {
    expect(slotOf(layout, 'stem.weight').floats).toBe(8 * 5 * 5 * 4);
  });

  it('brings every entry back unchanged, and pads with zeros', () => {
    for (const slot of layout.slots.values()) {
      const size = slot.spec.shape.reduce((product, n) => product * n, 1);
      const values = signed(slot.spec.name, size);
      const placed = fromPyTorch(slot, values);
      expect(placed.length).toBe(slot.floats);
      expect(placed.filter((value) => value !== 0).length).toBe(values.filter((value) => value !== 0).length);
      expect(toPyTorch(slot, placed)).toEqual(values);
    }
  });

  it('knows its own names only', () => {
    expect(() => slotOf(layout, 'other.weight')).toThrow('no parameter other.weight');
  });
});
