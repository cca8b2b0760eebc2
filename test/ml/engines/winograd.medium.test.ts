import { describe, expect, it } from 'vitest';
import { winogradFilter, winogradSums, winogradTransposedFilter } from '../../../src/ml/engines/lower/winograd.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const LAYER = {
  ...{ batch: 2, height: 32, width: 32, channels: 16, outHeight: 32, outWidth: 32, outChannels: 32 },
  ...{ kernel: 3, stride: 1, padding: 1 },
};
const POINTS = 36;

describe('Winograd’s algorithm', () => {
  it('wants room for 36 matrices of filters', () => {
    expect(winogradFilter(LAYER, KERNEL_TARGET)).toBe(POINTS * (16 * 32 + 16));
    expect(winogradTransposedFilter(LAYER, KERNEL_TARGET)).toBe(POINTS * (16 * 32 + 16));
  });

  it.each([
    { why: 'another kernel', change: { kernel: 1, padding: 0 } },
    { why: 'a stride', change: { stride: 2, outHeight: 16, outWidth: 16 } },
    { why: 'maps that fill their tiles badly', change: { height: 2, width: 2, outHeight: 2, outWidth: 2 } },
    { why: 'more channels than a thread’s stack has room for', change: { channels: 1032 } },
  ])('is not taken for $why', ({ change }) => {
    const shape = { ...LAYER, ...change };
    expect(winogradFilter(shape, KERNEL_TARGET)).toBe(0);
    expect(winogradTransposedFilter(shape, KERNEL_TARGET)).toBe(0);
    expect(winogradSums(shape, KERNEL_TARGET)).toEqual({ chunks: 0, floats: 0 });
  });

  it('leaves the gradient of an input of fewer than eight channels to the direct sum', () => {
    expect(winogradTransposedFilter({ ...LAYER, channels: 4 }, KERNEL_TARGET)).toBe(0);
    expect(winogradFilter({ ...LAYER, channels: 4 }, KERNEL_TARGET)).toBeGreaterThan(0);
  });

  it('is chosen whatever the batch, as an image’s logits must not depend on the others', () => {
    expect([1, 7, 512].map((batch) => winogradFilter({ ...LAYER, batch }, KERNEL_TARGET))).toEqual(
      Array.from({ length: 3 }, () => winogradFilter(LAYER, KERNEL_TARGET)),
    );
  });

  it.each([
    { batch: 64, size: 32, channels: 16, chunks: 16 },
    { batch: 64, size: 8, channels: 64, chunks: 8 },
    { batch: 1, size: 8, channels: 16, chunks: 4 },
    { batch: 64, size: 7, channels: 512, chunks: 1 },
  ])(
    'sums a filter gradient of $channels channels over $batch maps of $size² in $chunks chunks',
    ({ batch, size, channels, chunks }) => {
      const map = { height: size, width: size, outHeight: size, outWidth: size };
      const shape = { ...LAYER, ...map, batch, channels, outChannels: channels };
      expect(winogradSums(shape, KERNEL_TARGET)).toEqual({ chunks, floats: chunks * POINTS * (channels ** 2 + 16) });
    },
  );
});
