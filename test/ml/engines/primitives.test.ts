import { afterAll, describe, expect, it } from 'vitest';
import { PRIMITIVES, type Numbers, type Operands, type PrimitiveName } from '../../../src/ml/engines/primitives.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { signed } from '../../support/hashed.ts';
import { runPrimitive } from '../../support/primitive.ts';

type Call = {
  readonly [P in PrimitiveName]: {
    readonly primitive: P;
    readonly operands: Operands<P, Float32Array>;
    readonly numbers: Numbers<P>;
    /** Operands that hold nothing afterwards. */
    readonly scratch?: readonly string[];
  };
}[PrimitiveName];

const relaxed = new WasmExecutor({ threads: 3, memory: 2 ** 26 });
const plain = new WasmExecutor({ threads: 1, memory: 2 ** 26, build: 'simd' });
const reference = new ReferenceExecutor();
const seen = new Set<PrimitiveName>();

afterAll(async () => {
  await Promise.all([relaxed.dispose(), plain.dispose()]);
});

const positive = (name: string, count: number): Float32Array =>
  signed(name, count).map((value) => 0.5 + Math.abs(value));
const empty = (count: number): Float32Array => new Float32Array(count);

/** Convolutions over kernels, strides, paddings, odd sizes, batch 1, 1×1 maps and several channel counts. */
const CONVOLUTIONS = [
  { batch: 2, height: 8, width: 8, channels: 8, outChannels: 16, kernel: 3, stride: 1, padding: 1 },
  { batch: 1, height: 7, width: 5, channels: 4, outChannels: 8, kernel: 3, stride: 1, padding: 1 },
  { batch: 3, height: 9, width: 7, channels: 16, outChannels: 8, kernel: 3, stride: 2, padding: 1 },
  { batch: 2, height: 6, width: 6, channels: 24, outChannels: 40, kernel: 1, stride: 1, padding: 0 },
  { batch: 2, height: 7, width: 9, channels: 8, outChannels: 24, kernel: 1, stride: 2, padding: 0 },
  { batch: 1, height: 1, width: 1, channels: 8, outChannels: 8, kernel: 3, stride: 1, padding: 1 },
  { batch: 5, height: 1, width: 1, channels: 64, outChannels: 16, kernel: 1, stride: 1, padding: 0 },
  { batch: 2, height: 11, width: 12, channels: 8, outChannels: 8, kernel: 5, stride: 3, padding: 2 },
  { batch: 1, height: 10, width: 9, channels: 8, outChannels: 8, kernel: 7, stride: 2, padding: 3 },
  { batch: 1, height: 6, width: 6, channels: 8, outChannels: 8, kernel: 2, stride: 3, padding: 0 },
  { batch: 2, height: 5, width: 6, channels: 16, outChannels: 8, kernel: 3, stride: 1, padding: 0 },
  { batch: 1, height: 3, width: 3, channels: 1024, outChannels: 8, kernel: 3, stride: 1, padding: 1 },
  { batch: 4, height: 16, width: 17, channels: 8, outChannels: 72, kernel: 3, stride: 1, padding: 1 },
  { batch: 1, height: 13, width: 3, channels: 4, outChannels: 40, kernel: 3, stride: 1, padding: 2 },
  { batch: 9, height: 12, width: 20, channels: 24, outChannels: 16, kernel: 3, stride: 1, padding: 1 },
  { batch: 2, height: 8, width: 6, channels: 256, outChannels: 24, kernel: 3, stride: 1, padding: 1 },
];

const POOLS = [
  { batch: 2, height: 8, width: 8, channels: 8, kernel: 2, stride: 2, padding: 0 },
  { batch: 3, height: 7, width: 5, channels: 16, kernel: 2, stride: 2, padding: 0 },
  { batch: 1, height: 9, width: 9, channels: 8, kernel: 3, stride: 2, padding: 1 },
  { batch: 2, height: 5, width: 6, channels: 24, kernel: 3, stride: 1, padding: 1 },
  { batch: 2, height: 7, width: 4, channels: 8, kernel: 7, stride: 7, padding: 3 },
];

const slide = (size: number, w: { kernel: number; stride: number; padding: number }): number =>
  Math.floor((size + 2 * w.padding - w.kernel) / w.stride) + 1;

function outputOf<W extends { height: number; width: number; kernel: number; stride: number; padding: number }>(w: W) {
  return { ...w, outHeight: slide(w.height, w), outWidth: slide(w.width, w) };
}

/** Chunks over which a filter gradient's sums are taken by Winograd's algorithm; 0 is the direct sum. */
function convolutionCalls(index: number, chunks: number): Call[] {
  const shape = outputOf(CONVOLUTIONS[index]!);
  const inputs = shape.batch * shape.height * shape.width * shape.channels;
  const outputs = shape.batch * shape.outHeight * shape.outWidth * shape.outChannels;
  const filters = shape.kernel ** 2 * shape.channels * shape.outChannels;
  const x = signed('x', inputs);
  const dy = signed('dy', outputs);
  const filter = signed('filter', filters);
  const epilogue = {
    scale: positive('scale', shape.outChannels),
    shift: signed('shift', shape.outChannels),
    residual: signed('residual', outputs),
  };
  // 36 products of a tile, with 16 floats between their matrices.
  const room = (sums: number): Float32Array | null =>
    chunks ? empty(sums * 36 * (shape.channels * shape.outChannels + 16)) : null;
  const bare = { scale: null, shift: null, residual: null, transformed: room(1) };
  const conv = (operands: Partial<Operands<'conv', Float32Array>>, activation: number): Call => ({
    primitive: 'conv',
    operands: { x, filter, ...bare, y: empty(outputs), ...operands },
    numbers: { ...shape, activation },
    scratch: ['transformed'],
  });
  const backward = (accumulate: number): Call => ({
    primitive: 'conv-input-gradient',
    operands: { dy, filter, turned: chunks ? null : empty(filters), transformed: room(1), dx: signed('dx', inputs) },
    numbers: { ...shape, accumulate },
    scratch: ['turned', 'transformed'],
  });
  return [
    conv({}, 0),
    conv({ shift: epilogue.shift }, 1),
    conv(epilogue, 2),
    // The network's input, whose channels are not padded to eight, never wants a gradient.
    ...(shape.channels % 8 ? [] : [backward(0), backward(1)]),
    {
      primitive: 'conv-filter-gradient',
      operands: { x, dy, transformed: room(chunks), dfilter: signed('dfilter', filters) },
      numbers: { ...shape, chunks },
      scratch: ['transformed'],
    },
  ];
}

function poolCalls(index: number): Call[] {
  const shape = outputOf(POOLS[index]!);
  const inputs = shape.batch * shape.height * shape.width * shape.channels;
  const outputs = shape.batch * shape.outHeight * shape.outWidth * shape.channels;
  // Few distinct values, so that windows have ties.
  const x = signed('x', inputs).map((value) => Math.round(3 * value));
  const dy = signed('dy', outputs);
  const pooled = { primitive: 'max-pool', operands: { x, y: empty(outputs) }, numbers: shape } as const;
  const y = runPrimitive(reference, pooled)['y']!;
  const dx = signed('dx', inputs);
  return [
    pooled,
    { primitive: 'average-pool', operands: { x, y: empty(outputs) }, numbers: shape },
    ...[0, 1].flatMap((accumulate): Call[] => [
      { primitive: 'max-pool-gradient', operands: { x, y, dy, dx }, numbers: { ...shape, accumulate } },
      { primitive: 'average-pool-gradient', operands: { dy, dx }, numbers: { ...shape, accumulate } },
    ]),
  ];
}

/** Batch norm on rows × channels: few rows, one row, more rows than a strip; a mean far from 0. */
function normCalls(rows: number, channels: number, offset: number): Call[] {
  const count = rows * channels;
  const x = signed('x', count).map((value) => value + offset);
  const gamma = positive('gamma', channels);
  const beta = signed('beta', channels);
  const mean = signed('mean', channels);
  const variance = positive('variance', channels);
  const residual = signed('residual', count);
  const partials = empty(64 * channels);
  const calls: Call[] = [
    {
      primitive: 'fold-batch-norm',
      operands: { gamma, beta, mean, variance, scale: empty(channels), shift: empty(channels) },
      numbers: { channels, eps: 1e-5 },
    },
    {
      primitive: 'bias-gradient',
      operands: { dy: signed('dy', count), dbias: empty(channels) },
      numbers: { rows, channels },
    },
  ];
  for (const activation of [0, 1, 2])
    for (const added of [null, residual]) {
      const numbers = { rows, channels, activation };
      const forward = {
        primitive: 'batch-norm',
        operands: {
          x,
          gamma,
          beta,
          mean,
          variance,
          residual: added,
          y: empty(count),
          saved: empty(4 * channels),
          partials,
        },
        numbers: { ...numbers, eps: 1e-5, momentum: 0.1 },
        scratch: ['partials'],
      } as const;
      const { y, saved } = runPrimitive(reference, forward);
      const dy = signed('dy', count);
      const gradients = { dgamma: empty(channels), dbeta: empty(channels), dx: empty(count), partials };
      calls.push(
        forward,
        {
          primitive: 'batch-norm-gradient',
          operands: { x, y: added && y!, dy, saved: saved!, ...gradients },
          numbers,
          scratch: ['partials'],
        },
        { primitive: 'affine', operands: { x, scale: gamma, shift: beta, residual: added, y: empty(count) }, numbers },
      );
    }
  return calls;
}

function elementwiseCalls(): Call[] {
  const count = 1000;
  const a = signed('a', count, 10);
  const b = signed('b', count, 10);
  const group = { w: a, g: b, first: signed('first', count), second: positive('second', count) };
  const copy = (channels: number, fromStride: number, toStride: number, accumulate: number): Call => ({
    primitive: 'copy-channels',
    operands: { x: signed('x', 37 * fromStride), y: signed('y', 37 * toStride) },
    numbers: { rows: 37, channels, fromStride, toStride, accumulate },
  });
  return [
    copy(3, 3, 4, 0),
    copy(10, 16, 10, 0),
    copy(10, 10, 16, 1),
    { primitive: 'zero', operands: { y: a }, numbers: { count: 999 } },
    ...[1, 2].flatMap((activation): Call[] => [
      { primitive: 'activation', operands: { x: a, y: empty(count) }, numbers: { count, activation } },
      { primitive: 'add', operands: { a, b, y: empty(count) }, numbers: { count, activation } },
      ...[0, 1].map((accumulate): Call => ({
        primitive: 'activation-gradient',
        operands: { y: a, dy: b, dx: signed('dx', count) },
        numbers: { count, activation, accumulate },
      })),
    ]),
    { primitive: 'add', operands: { a, b, y: empty(count) }, numbers: { count, activation: 0 } },
    ...[0, 1].map((accumulate): Call => ({
      primitive: 'dropout',
      operands: { x: a.subarray(0, 960), y: b.subarray(0, 960) },
      numbers: { rows: 60, channels: 10, stride: 16, salt: 5, rate: 0.3, accumulate },
    })),
    ...[0, 1].flatMap((decay): Call[] => [
      { primitive: 'adamw', operands: group, numbers: { count, decay, beta1: 0.9, beta2: 0.999, eps: 1e-8 } },
      ...[0, 1].map((nesterov): Call => ({
        primitive: 'sgd',
        operands: { w: group.w, g: group.g, first: group.first },
        numbers: { count, decay, nesterov, momentum: 0.9 },
      })),
    ]),
  ];
}

/** Largest difference, relative to the reference's largest value if that is above 1. */
function difference(got: Float32Array, expected: Float32Array): number {
  const peak = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return got.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (expected[i] ?? NaN)) / peak), 0);
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

function check(calls: readonly Call[], tolerance: number): void {
  for (const call of calls) {
    seen.add(call.primitive);
    const expected = runPrimitive(reference, call);
    const alone = runPrimitive(relaxed, call, 1);
    const together = runPrimitive(relaxed, call, 3);
    const simple = runPrimitive(plain, call, 1);
    for (const name of Object.keys(expected)) {
      if (call.scratch?.includes(name)) continue;
      const what = `${name} of ${call.primitive} ${JSON.stringify(call.numbers)}`;
      expect(difference(alone[name]!, expected[name]!), what).toBeLessThan(tolerance);
      expect(difference(simple[name]!, expected[name]!), `${what}, plain SIMD`).toBeLessThan(tolerance);
      expect(sameBits(together[name]!, alone[name]!), `${what}, three threads`).toBe(true);
    }
  }
}

describe('wasm primitives agree with the reference, and with themselves on three threads', () => {
  // Sums of up to 10⁴ float32 products, some ten roundings of 1e-7; ReLU6 hides how large the largest sum was.
  it.each(CONVOLUTIONS.map((shape, index) => ({ ...shape, index })))(
    'convolution $batch×$height×$width×$channels → $outChannels, kernel $kernel, stride $stride, padding $padding',
    ({ index }) => check(convolutionCalls(index, 0), 5e-6),
  );

  // The transforms triple the rounding error of the direct sum; again, ReLU6 hides how large the sums are.
  it.each(
    CONVOLUTIONS.flatMap((shape, index) =>
      shape.kernel === 3 && shape.stride === 1 ? [{ ...shape, index, chunks: Math.min(3, shape.batch) }] : [],
    ),
  )(
    'convolution $batch×$height×$width×$channels → $outChannels, padding $padding, by Winograd’s algorithm',
    ({ index, chunks }) => check(convolutionCalls(index, chunks), 3e-5),
  );

  it.each(POOLS.map((shape, index) => ({ ...shape, index })))(
    'pooling $batch×$height×$width, kernel $kernel, stride $stride, padding $padding',
    ({ index }) => check(poolCalls(index), 1e-6),
  );

  it.each([
    // Two rows normalise to ±1 and lose their gradient altogether: what is left is the rounding of terms of size 100.
    { rows: 2, channels: 8, offset: 0, tolerance: 1e-4 },
    { rows: 33, channels: 16, offset: 0, tolerance: 1e-5 },
    // One row has no variance: it is scaled by 1/√ε = 316 before its mean is taken away.
    { rows: 1, channels: 8, offset: 0, tolerance: 1e-4 },
    { rows: 9001, channels: 24, offset: 0, tolerance: 1e-5 },
    // A mean of 100 with a deviation of .6: a variance from plain sums of squares would lose four digits.
    { rows: 700, channels: 8, offset: 100, tolerance: 1e-4 },
  ])('batch norm of $rows rows and $channels channels around $offset', ({ rows, channels, offset, tolerance }) => {
    check(normCalls(rows, channels, offset), tolerance);
  });

  it('elementwise primitives and updates', () => {
    check(elementwiseCalls(), 1e-6);
  });

  it('covers the whole table', () => {
    expect([...seen].sort()).toEqual(Object.keys(PRIMITIVES).sort());
  });
});

describe('activations', () => {
  it('let a NaN through, so that it reaches the loss', () => {
    const x = new Float32Array(8).fill(NaN);
    for (const executor of [relaxed, plain])
      for (const activation of [1, 2]) {
        const call = {
          primitive: 'activation',
          operands: { x, y: empty(8) },
          numbers: { count: 8, activation },
        } as const;
        expect(runPrimitive(executor, call)['y']).toEqual(x);
      }
  });
});
