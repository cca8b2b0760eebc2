import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import type { Shape } from '../../../src/ml/network/network.ts';

interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** How many places a window has, found by sliding it: none where it does not fit once. */
function places(size: number, { kernel, stride, padding }: Window): number {
  let count = 0;
  for (let first = -padding; first + kernel <= size + padding; first += stride) count += 1;
  return count;
}

const images = fc.record({
  height: fc.integer({ min: 1, max: 40 }),
  width: fc.integer({ min: 1, max: 40 }),
  channels: fc.integer({ min: 1, max: 12 }),
});
const windows = fc.record({
  kernel: fc.integer({ min: 1, max: 9 }),
  stride: fc.integer({ min: 1, max: 5 }),
  padding: fc.integer({ min: 0, max: 4 }),
});

/** The shape that a layer gets, or the failure that it causes. */
function shapeOf(image: Shape, layer: (net: NetworkBuilder) => number): Shape | FailureError {
  const net = new NetworkBuilder('net', image);
  try {
    return net.shape(layer(net));
  } catch (error) {
    if (error instanceof FailureError) return error;
    throw error;
  }
}

/** What sliding by hand gives: a shape, or the one failure there is. */
function expectSlid(found: Shape | FailureError, image: Shape, window: Window, channels: number): void {
  const [height, width] = [places(image.height, window), places(image.width, window)];
  if (height > 0 && width > 0) {
    expect(found).toEqual({ height, width, channels });
    return;
  }
  expect((found as FailureError).failures).toEqual([
    {
      code: 'image-too-small',
      message: `net cannot take ${image.height}×${image.width} images`,
      fix: 'raise image_size',
    },
  ]);
}

describe('a sliding window, counted place by place,', () => {
  it('has the output of any convolution', () => {
    fc.assert(
      fc.property(images, windows, fc.integer({ min: 1, max: 9 }), (image, window, channels) => {
        const found = shapeOf(image, (net) => net.conv('conv', net.image, { channels, ...window }));
        expectSlid(found, image, window, channels);
      }),
      { seed: 11, numRuns: 400 },
    );
  });

  it.each(['max', 'average'] as const)('has the output of any %s pool, and keeps its channels', (mode) => {
    fc.assert(
      fc.property(images, windows, (image, window) => {
        const found = shapeOf(image, (net) => net.pool('pool', net.image, mode, window));
        expectSlid(found, image, window, image.channels);
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  it('is the kernel’s own size apart in a pool without a stride', () => {
    fc.assert(
      fc.property(images, fc.integer({ min: 1, max: 6 }), (image, kernel) => {
        const found = shapeOf(image, (net) => net.pool('pool', net.image, 'max', { kernel }));
        expectSlid(found, image, { kernel, stride: kernel, padding: 0 }, image.channels);
      }),
      { seed: 13 },
    );
  });

  it('keeps the size of an odd kernel, and loses one pixel of an even one, where nothing else is said', () => {
    fc.assert(
      fc.property(images, fc.integer({ min: 1, max: 9 }), (image, kernel) => {
        const lost = kernel % 2 === 0 ? 1 : 0;
        fc.pre(image.height > lost && image.width > lost);
        const found = shapeOf(image, (net) => net.conv('conv', net.image, { channels: 1, kernel }));
        expect(found).toEqual({ height: image.height - lost, width: image.width - lost, channels: 1 });
      }),
      { seed: 14 },
    );
  });

  it('halves a size, rounded up, by a strided 3×3, as every stem does', () => {
    fc.assert(
      fc.property(images, (image) => {
        const found = shapeOf(image, (net) => net.conv('conv', net.image, { channels: 1, kernel: 3, stride: 2 }));
        expect(found).toMatchObject({ height: Math.ceil(image.height / 2), width: Math.ceil(image.width / 2) });
      }),
      { seed: 15 },
    );
  });

  it('names the image that was given, not the map that was too small, by both of its sides', () => {
    const net = new NetworkBuilder('narrow', { height: 6, width: 3, channels: 1 });
    const half = net.pool('half', net.image, 'max', { kernel: 2 });
    expect(() => net.pool('gone', half, 'max', { kernel: 2 })).toThrow('narrow cannot take 6×3 images');
  });
});

describe('layers that keep a shape', () => {
  it.each<[string, (net: NetworkBuilder, x: number) => number]>([
    ['batch norm', (net, x) => net.batchNorm('layer', x)],
    ['activation', (net, x) => net.activation('layer', x, 'silu')],
    ['dropout', (net, x) => net.dropout('layer', x, 0.5)],
    ['stochastic depth', (net, x) => net.stochasticDepth('layer', x, 0.5)],
    ['sum', (net, x) => net.add('layer', x, x)],
    ['product', (net, x) => net.multiply('layer', x, x)],
    ['gated map', (net, x) => net.multiply('layer', x, net.globalAveragePool('gate', x))],
    ['join of one', (net, x) => net.concat('layer', [x])],
    ['depthwise 3×3', (net, x) => net.conv('layer', x, { ...same(net.shape(x)), kernel: 3 })],
  ])('%s', (_, layer) => {
    fc.assert(
      fc.property(images, (image) => {
        expect(shapeOf(image, (net) => layer(net, net.image))).toEqual(image);
      }),
      { seed: 16, numRuns: 50 },
    );
  });
});

const same = ({ channels }: Shape) => ({ channels, groups: channels });

describe('layers that change channels alone', () => {
  it('join the channels of all parts', () => {
    fc.assert(
      fc.property(images, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }), (image, parts) => {
        const found = shapeOf(image, (net) => {
          const [first = 0, ...others] = parts.map((channels, i) =>
            net.conv(`part${i}`, net.image, { channels, kernel: 1 }),
          );
          return net.concat('join', [first, ...others]);
        });
        expect(found).toEqual({ ...image, channels: parts.reduce((sum, channels) => sum + channels, 0) });
      }),
      { seed: 17 },
    );
  });

  it('end as one pixel with a channel a class', () => {
    fc.assert(
      fc.property(images, fc.integer({ min: 1, max: 300 }), (image, classes) => {
        const net = new NetworkBuilder('net', image);
        const { layers, classes: counted } = net.classifier(net.image, { name: 'fc', classes });
        expect(layers.map(({ shape }) => shape)).toEqual([
          image,
          { height: 1, width: 1, channels: image.channels },
          { height: 1, width: 1, channels: classes },
        ]);
        expect(counted).toBe(classes);
      }),
      { seed: 18 },
    );
  });
});
