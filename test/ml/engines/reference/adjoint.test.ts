import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { signed } from '../../../support/hashed.ts';
import { runPrimitive } from '../../../support/primitive.ts';

const reference = new ReferenceExecutor();

const inner = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Both are sums of at most some hundred products of order 1, of float32 numbers. */
function expectEqual(a: number, b: number): void {
  expect(Math.abs(a - b)).toBeLessThan(1e-4 * Math.max(1, Math.abs(a)));
}

/** A window and the maps on both of its sides. */
const windows = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    height: fc.integer({ min: 1, max: 6 }),
    width: fc.integer({ min: 1, max: 6 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
  })
  .chain((shape) => fc.integer({ min: 0, max: shape.kernel >> 1 }).map((padding) => ({ ...shape, padding })))
  .map((shape) => {
    const along = (size: number, dilation: number): number =>
      Math.floor((size + 2 * shape.padding - dilation * (shape.kernel - 1) - 1) / shape.stride) + 1;
    const { dilation, ...plain } = shape;
    const sized = (by: number) => ({
      ...plain,
      outHeight: along(shape.height, by),
      outWidth: along(shape.width, by),
    });
    return { plain: sized(1), dilated: { ...sized(dilation), dilation } };
  })
  .filter(({ dilated }) => dilated.outHeight > 0 && dilated.outWidth > 0);

const pixels = (s: { batch: number; height: number; width: number }): number => s.batch * s.height * s.width;
const outPixels = (s: { batch: number; outHeight: number; outWidth: number }): number =>
  s.batch * s.outHeight * s.outWidth;
const none = { scale: null, shift: null, residual: null } as const;

describe('gradients of linear primitives are their adjoints', () => {
  it('of a convolution, by its input and by its filter', () => {
    fc.assert(
      fc.property(windows, fc.constantFrom(4, 8), fc.constantFrom(8, 16), ({ plain }, channels, outChannels) => {
        const numbers = { ...plain, channels, outChannels };
        const x = signed('x', pixels(plain) * channels);
        const dy = signed('dy', outPixels(plain) * outChannels);
        const filter = signed('filter', plain.kernel ** 2 * channels * outChannels);
        const empty = (like: Float32Array): Float32Array => new Float32Array(like.length);
        const product = { x, inputNorm: null, filter, ...none, transformed: null, rounded: null, y: empty(dy) };
        const { y } = runPrimitive(reference, {
          primitive: 'conv',
          operands: product,
          numbers: { ...numbers, inputActivation: 0, activation: 0, bfloat16: 0 },
        });
        const { dx } = runPrimitive(reference, {
          primitive: 'conv-input-gradient',
          operands: { dy, filter, transposed: null, transformed: null, dx: empty(x) },
          numbers: { ...numbers, accumulate: 0, bfloat16: 0 },
        });
        const { dfilter } = runPrimitive(reference, {
          primitive: 'conv-filter-gradient',
          operands: { x, inputNorm: null, dy, transformed: null, dfilter: empty(filter) },
          numbers: { ...numbers, inputActivation: 0, chunks: 0, bfloat16: 0 },
        });
        expectEqual(inner(x, dx!), inner(y!, dy));
        expectEqual(inner(filter, dfilter!), inner(y!, dy));
      }),
      { seed: 81 },
    );
  });

  it('of a depthwise convolution, by its input and by its filter', () => {
    fc.assert(
      fc.property(windows, ({ dilated }) => {
        const channels = 8;
        const numbers = { ...dilated, channels };
        const x = signed('x', pixels(dilated) * channels);
        const dy = signed('dy', outPixels(dilated) * channels);
        const filter = signed('filter', dilated.kernel ** 2 * channels);
        const { y } = runPrimitive(reference, {
          primitive: 'depthwise',
          operands: { x, inputNorm: null, filter, ...none, y: new Float32Array(dy.length) },
          numbers: { ...numbers, inputActivation: 0, activation: 0 },
        });
        const { dx } = runPrimitive(reference, {
          primitive: 'depthwise-input-gradient',
          operands: { dy, filter, dx: new Float32Array(x.length) },
          numbers: { ...numbers, accumulate: 0 },
        });
        const { dfilter } = runPrimitive(reference, {
          primitive: 'depthwise-filter-gradient',
          operands: {
            x,
            inputNorm: null,
            dy,
            dfilter: new Float32Array(filter.length),
            partials: new Float32Array(filter.length),
          },
          numbers: { ...numbers, inputActivation: 0, chunks: 1 },
        });
        expectEqual(inner(x, dx!), inner(y!, dy));
        expectEqual(inner(filter, dfilter!), inner(y!, dy));
      }),
      { seed: 82 },
    );
  });

  it('of an average pool, which hands on all of a gradient and no more where padding does not count', () => {
    fc.assert(
      fc.property(windows, fc.nat(1), ({ plain }, countPadding) => {
        const numbers = { ...plain, channels: 4, countPadding };
        const x = signed('x', pixels(plain) * 4);
        const dy = signed('dy', outPixels(plain) * 4);
        const y = new Float32Array(dy.length);
        const pooled = runPrimitive(reference, { primitive: 'average-pool', operands: { x, y }, numbers });
        const { dx } = runPrimitive(reference, {
          primitive: 'average-pool-gradient',
          operands: { dy, dx: new Float32Array(x.length) },
          numbers: { ...numbers, accumulate: 0 },
        });
        expectEqual(inner(x, dx!), inner(pooled['y']!, dy));
        const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);
        if (!countPadding) expectEqual(total(dx!), total(dy));
      }),
      { seed: 83 },
    );
  });

  it('of a max pool too, as it is linear where no winner changes', () => {
    fc.assert(
      fc.property(windows, ({ plain }) => {
        const numbers = { ...plain, channels: 4 };
        const x = signed('x', pixels(plain) * 4);
        const dy = signed('dy', outPixels(plain) * 4);
        const operands = { x, y: new Float32Array(dy.length) };
        const y = runPrimitive(reference, { primitive: 'max-pool', operands, numbers })['y']!;
        const { dx } = runPrimitive(reference, {
          primitive: 'max-pool-gradient',
          operands: { x, y, dy, dx: new Float32Array(x.length) },
          numbers: { ...numbers, accumulate: 0 },
        });
        expectEqual(inner(x, dx!), inner(y, dy));
      }),
      { seed: 84 },
    );
  });

  it('of a gate, by either factor', () => {
    const shapes = fc.record({ images: fc.integer({ min: 1, max: 3 }), area: fc.integer({ min: 1, max: 6 }) });
    fc.assert(
      fc.property(shapes, ({ images, area }) => {
        const numbers = { rows: images * area, channels: 8, area, accumulate: 0 };
        const [a, dy] = ['a', 'dy'].map((name) => signed(name, images * area * 8)) as [Float32Array, Float32Array];
        const b = signed('b', images * 8);
        const y = new Float32Array(a.length);
        const gate = runPrimitive(reference, { primitive: 'multiply', operands: { a, b, y }, numbers })['y']!;
        const da = runPrimitive(reference, { primitive: 'multiply', operands: { a: dy, b, y }, numbers })['y']!;
        const operands = { a, dy, db: new Float32Array(b.length) };
        const { db } = runPrimitive(reference, { primitive: 'multiply-gradient', operands, numbers });
        expectEqual(inner(a, da), inner(gate, dy));
        expectEqual(inner(b, db!), inner(gate, dy));
      }),
      { seed: 85 },
    );
  });
});
