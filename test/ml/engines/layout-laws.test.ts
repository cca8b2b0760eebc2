import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromPyTorch,
  layoutOf,
  refOf,
  strideOf,
  toPyTorch,
  type Layout,
  type Slot,
} from '../../../src/ml/engines/layout.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import type { LayerIndex, Network } from '../../../src/ml/network/network.ts';
import { networks } from './random-network.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const sizeOf = ({ spec }: Slot): number => spec.shape.reduce((product, n) => product * n, 1);
const slotsOf = (layout: Layout): Slot[] => [...layout.slots.values()];

/** Numbers 1 … n: all different, and none is a zero of the padding. */
const counted = (slot: Slot): Float32Array => Float32Array.from({ length: sizeOf(slot) }, (_, index) => index + 1);

describe('the layout of any network', () => {
  it('gives every value a place of its own, and zeros the rest', () => {
    fc.assert(
      fc.property(networks, (network) => {
        for (const slot of slotsOf(layoutOf(network, KERNEL_TARGET))) {
          const values = counted(slot);
          const placed = fromPyTorch(slot, values);
          expect(placed).toHaveLength(slot.floats);
          expect(placed.filter((value) => value !== 0).sort()).toEqual(values);
        }
      }),
    );
  });

  it('gives back what was laid out, and nothing of the padding', () => {
    fc.assert(
      fc.property(networks, (network) => {
        for (const slot of slotsOf(layoutOf(network, KERNEL_TARGET))) {
          const values = counted(slot);
          const used = fromPyTorch(slot, values);
          expect(
            toPyTorch(
              slot,
              used.map((value) => value || NaN),
            ),
          ).toEqual(values);
        }
      }),
    );
  });

  it('starts entries at multiples of eight floats, and parts what decays from what does not', () => {
    fc.assert(
      fc.property(networks, (network) => {
        const layout = layoutOf(network, KERNEL_TARGET);
        for (const slot of slotsOf(layout)) {
          expect(slot.offset % 8).toBe(0);
          if (slot.space === 'statistic') continue;
          const isWeight = slot.spec.shape.length > 1;
          expect(slot.offset < layout.decayed, slot.spec.name).toBe(isWeight);
        }
      }),
    );
  });

  it('refers to a gradient where its parameter lies', () => {
    fc.assert(
      fc.property(networks, (network) => {
        const layout = layoutOf(network, KERNEL_TARGET);
        for (const { spec, space, offset } of slotsOf(layout)) {
          expect(refOf(layout, spec.name)).toEqual({ space, offset });
          expect(refOf(layout, spec.name, 'gradient')).toEqual({ space: 'gradient', offset });
        }
      }),
    );
  });
});

describe('the layout of every model', () => {
  it.each(Object.keys(models) as ModelName[])('of %s wastes less than a tenth beyond the image’s filter', (name) => {
    const network = models[name].build({ height: 64, width: 64, channels: 3 }, 10);
    const layout = layoutOf(network, KERNEL_TARGET);
    const trained = slotsOf(layout).filter((slot) => slot.space === 'parameter');
    const values = trained.reduce((sum, slot) => sum + sizeOf(slot), 0);
    const [first] = trained;
    expect(layout.parameters - first!.floats).toBeLessThan(1.1 * values + 64 * 8);
  });
});

describe('strideOf', () => {
  type Reader = (net: NetworkBuilder) => LayerIndex;
  const conv: Reader = (net) => net.conv('conv', net.image, { channels: 3, kernel: 3 });
  const readers: Readonly<Record<string, readonly [Reader, number]>> = {
    'a convolution': [conv, 4],
    'a convolution in groups': [(net) => net.conv('conv', net.image, { channels: 6, kernel: 3, groups: 3 }), 4],
    'a batch norm': [(net) => net.batchNorm('bn', net.image), 8],
    'an activation': [(net) => net.activation('act', net.image), 8],
    'a pool': [(net) => net.pool('pool', net.image, 'max', { kernel: 2 }), 8],
    'a convolution and a sum': [(net) => net.add('sum', conv(net), net.image), 8],
  };
  const networkOf = (reader: Reader, differentiable: boolean): Network => {
    const net = new NetworkBuilder('one', { height: 4, width: 4, channels: 3 }, differentiable);
    return net.ending(reader(net));
  };

  it.each(Object.entries(readers))('of an image that %s reads', (_, [reader, stride]) => {
    expect(strideOf(networkOf(reader, false), 0, KERNEL_TARGET)).toBe(stride);
  });

  it('of an input whose gradient is wanted is that of any map', () => {
    expect(strideOf(networkOf(conv, true), 0, KERNEL_TARGET)).toBe(8);
  });

  it('knows the network’s own layers only', () => {
    expect(() => strideOf(networkOf(conv, false), 2, KERNEL_TARGET)).toThrow('no layer 2 in one');
  });
});
