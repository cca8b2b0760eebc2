import { ACTIVATIONS, type Numbers, type Operands } from '../../../../src/ml/engines/primitives.ts';
import { signed } from '../../../support/hashed.ts';
import { empty, outputOf, positive, savedNorm, titleOf, type Call, type Case } from './call.ts';

/** Convolutions over kernels, strides, paddings, odd sizes, batch 1, 1×1 maps and several channel counts. */
const CONVOLUTIONS = [
  { batch: 2, height: 8, width: 8, channels: 8, outChannels: 16, kernel: 3, stride: 1, padding: 1 },
  { batch: 1, height: 7, width: 5, channels: 4, outChannels: 8, kernel: 3, stride: 1, padding: 1 },
  { batch: 3, height: 9, width: 7, channels: 16, outChannels: 8, kernel: 3, stride: 2, padding: 1 },
  { batch: 2, height: 6, width: 6, channels: 24, outChannels: 40, kernel: 1, stride: 1, padding: 0 },
  { batch: 2, height: 7, width: 9, channels: 8, outChannels: 24, kernel: 1, stride: 2, padding: 0 },
  // More pixels than a block, with few channels and with many.
  { batch: 3, height: 15, width: 14, channels: 24, outChannels: 24, kernel: 1, stride: 1, padding: 0 },
  { batch: 2, height: 11, width: 10, channels: 240, outChannels: 136, kernel: 1, stride: 1, padding: 0 },
  { batch: 1, height: 1, width: 1, channels: 8, outChannels: 8, kernel: 3, stride: 1, padding: 1 },
  { batch: 5, height: 1, width: 1, channels: 64, outChannels: 16, kernel: 1, stride: 1, padding: 0 },
  { batch: 2, height: 11, width: 12, channels: 8, outChannels: 8, kernel: 5, stride: 3, padding: 2 },
  { batch: 1, height: 10, width: 9, channels: 8, outChannels: 8, kernel: 7, stride: 2, padding: 3 },
  { batch: 1, height: 6, width: 6, channels: 8, outChannels: 8, kernel: 2, stride: 3, padding: 0 },
  { batch: 2, height: 5, width: 6, channels: 16, outChannels: 8, kernel: 3, stride: 1, padding: 0 },
  // Images with their border.
  { batch: 2, height: 14, width: 15, channels: 4, outChannels: 24, kernel: 7, stride: 2, padding: 0 },
  { batch: 3, height: 10, width: 12, channels: 4, outChannels: 16, kernel: 3, stride: 1, padding: 0 },
  { batch: 1, height: 3, width: 3, channels: 1024, outChannels: 8, kernel: 3, stride: 1, padding: 1 },
  { batch: 4, height: 16, width: 17, channels: 8, outChannels: 72, kernel: 3, stride: 1, padding: 1 },
  { batch: 1, height: 13, width: 3, channels: 4, outChannels: 40, kernel: 3, stride: 1, padding: 2 },
  { batch: 9, height: 12, width: 20, channels: 24, outChannels: 16, kernel: 3, stride: 1, padding: 1 },
  { batch: 2, height: 8, width: 6, channels: 256, outChannels: 24, kernel: 3, stride: 1, padding: 1 },
];

/** How products are computed. */
interface Way {
  /** Over which a filter gradient's sums are taken by Winograd's algorithm; 0 is the direct sum. */
  readonly chunks: number;
  /** Whether factors are rounded to bfloat16. */
  readonly bfloat16: 0 | 1;
}

function callsOf(window: (typeof CONVOLUTIONS)[number], { chunks, bfloat16 }: Way): Call[] {
  const shape = outputOf(window);
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
  const bare = {
    ...{ inputNorm: null, scale: null, shift: null, residual: null },
    transformed: room(1),
    rounded: bfloat16 ? empty(filters / 2) : null,
  };
  const conv = (
    operands: Partial<Operands<'conv', Float32Array>>,
    numbers: Pick<Numbers<'conv'>, 'activation'> & Partial<Numbers<'conv'>>,
  ): Call => ({
    primitive: 'conv',
    operands: { x, filter, ...bare, y: empty(outputs), ...operands },
    numbers: { ...shape, inputActivation: 0, bfloat16, ...numbers },
    scratch: ['transformed', 'rounded'],
  });
  const filterGradient = (inputNorm: Float32Array | null, inputActivation: number): Call => ({
    primitive: 'conv-filter-gradient',
    operands: { x, inputNorm, dy, transformed: room(chunks), dfilter: signed('dfilter', filters) },
    numbers: { ...shape, inputActivation, chunks, bfloat16 },
    scratch: ['transformed'],
  });
  const readsThrough = shape.kernel === 1 && shape.stride === 1 && !bfloat16;
  const inputNorm = savedNorm(shape.channels);
  const backward = (accumulate: number): Call => ({
    primitive: 'conv-input-gradient',
    operands: {
      dy,
      filter,
      transposed: chunks ? null : empty(filters),
      transformed: room(1),
      dx: signed('dx', inputs),
    },
    numbers: { ...shape, accumulate, bfloat16 },
    scratch: ['transposed', 'transformed'],
  });
  return [
    conv({}, { activation: 0 }),
    conv({ shift: epilogue.shift }, { activation: 1 }),
    conv(epilogue, { activation: 2 }),
    // The network's input, whose channels are not padded to eight, never wants a gradient.
    ...(shape.channels % 8 ? [] : [backward(0), backward(1)]),
    filterGradient(null, 0),
    ...(readsThrough ? Object.values(ACTIVATIONS) : []).flatMap((inputActivation) => [
      conv({ inputNorm }, { activation: 0, inputActivation }),
      filterGradient(inputNorm, inputActivation),
    ]),
  ];
}

/** Convolutions that Winograd's algorithm can do. */
const TILED = CONVOLUTIONS.filter(({ kernel, stride }) => kernel === 3 && stride === 1);

export const convolutions: readonly Case[] = [
  ...CONVOLUTIONS.map((shape) => ({
    title: `convolution of ${titleOf(shape)} → ${shape.outChannels}`,
    calls: () => callsOf(shape, { chunks: 0, bfloat16: 0 }),
    // Sums of up to 10⁴ float32 products, some ten roundings of 1e-7; ReLU6 hides how large the largest sum was.
    tolerance: 5e-6,
  })),
  ...TILED.map((shape) => ({
    title: `convolution of ${titleOf(shape)} → ${shape.outChannels}, by Winograd’s algorithm`,
    calls: () => callsOf(shape, { chunks: Math.min(3, shape.batch), bfloat16: 0 }),
    // The transforms triple the rounding error of the direct sum; again, ReLU6 hides how large the sums are.
    tolerance: 3e-5,
  })),
];

/** The same with factors rounded to bfloat16, for executors that can. */
export const roundedConvolutions: readonly Case[] = CONVOLUTIONS.map((shape) => ({
  title: `convolution of ${titleOf(shape)} → ${shape.outChannels}, factors rounded to bfloat16`,
  calls: () => callsOf(shape, { chunks: 0, bfloat16: 1 }),
  // Products of two bfloat16 are exact in float32, so that only the sums are rounded.
  tolerance: 5e-6,
}));
