import { describe, expect, it } from 'vitest';
import { familyOf, fromPyTorch, layoutOf, slotOf, toPyTorch, type Slot } from '../../../src/ml/engines/layout.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import { assortedNetwork, gatedNetwork } from '../../support/assorted-network.ts';
import { signed } from '../../support/hashed.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const network = assortedNetwork();
const layout = layoutOf(network, KERNEL_TARGET);

/** Where one of PyTorch's values ends up. */
function placeOf(slot: Slot, index: number): number {
  const size = slot.spec.shape.reduce((product, n) => product * n, 1);
  return fromPyTorch(slot, new Float32Array(size).with(index, 1)).indexOf(1);
}

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
    expect(placeOf(slot, index)).toBe((1 * depth + (1 * kernel + 2) * stride + 4) * 8 + 1);
  });

  it('places filters of groups tap by tap, output channels innermost', () => {
    const gated = layoutOf(gatedNetwork(), KERNEL_TARGET);
    const depthwise = slotOf(gated, 'depthwise.weight');
    // 22 channels in 24, 5×5: channel 21, row 3, column 1.
    expect(depthwise.floats).toBe(25 * 24);
    expect(placeOf(depthwise, (21 * 5 + 3) * 5 + 1)).toBe((3 * 5 + 1) * 24 + 21);
    const groups = slotOf(gated, 'groups.weight');
    // 24 → 12 channels in 4 groups of 6, in 16: output 10, input 4 of its group, row 2, column 0.
    expect(groups.floats).toBe(9 * 6 * 16);
    expect(placeOf(groups, ((10 * 6 + 4) * 3 + 2) * 3)).toBe((6 * 6 + 4) * 16 + 10);
  });

  it('pads the image to four channels only', () => {
    expect(slotOf(layout, 'stem.weight').floats).toBe(8 * 5 * 5 * 4);
  });

  it('brings every entry back unchanged, and pads with zeros', () => {
    for (const slot of [...layout.slots.values(), ...layoutOf(gatedNetwork(), KERNEL_TARGET).slots.values()]) {
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

describe('familyOf', () => {
  it.each([
    { what: 'a plain convolution', options: { channels: 16, kernel: 3 }, family: 'dense' },
    { what: 'one filter a channel', options: { channels: 8, kernel: 3, groups: 8 }, family: 'depthwise' },
    { what: 'two filters a channel', options: { channels: 16, kernel: 3, groups: 8 }, family: 'grouped' },
    { what: 'two groups', options: { channels: 8, kernel: 3, groups: 2 }, family: 'grouped' },
    { what: 'a kernel that the fast kernels have no room for', options: { channels: 8, kernel: 9 }, family: 'grouped' },
    { what: 'such a kernel for each channel', options: { channels: 8, kernel: 9, groups: 8 }, family: 'grouped' },
  ])('of $what is $family', ({ options, family }) => {
    const of = (differentiable: boolean): string => {
      const net = new NetworkBuilder('one', { height: 9, width: 9, channels: 8 }, differentiable);
      const one = net.ending(net.conv('conv', net.image, options));
      const layer = one.layers.at(-1);
      return layer?.kind === 'conv' ? familyOf(one, layer, KERNEL_TARGET) : '';
    };
    expect([of(false), of(true)]).toEqual([family, family]);
  });

  it('of one filter a channel of an image, which is padded otherwise than its output, is grouped', () => {
    const net = new NetworkBuilder('one', { height: 9, width: 9, channels: 3 });
    const one = net.ending(net.conv('conv', net.image, { channels: 3, kernel: 3, groups: 3 }));
    const layer = one.layers.at(-1);
    expect(layer?.kind === 'conv' && familyOf(one, layer, KERNEL_TARGET)).toBe('grouped');
  });
});
