import { ACTIVATIONS, type Operands } from '../../../../src/ml/engines/primitives.ts';
import { signed } from '../../../support/hashed.ts';
import { empty, outputOf, positive, savedNorm, titleOf, type Call, type Case, type Window } from './call.ts';

/** Depthwise convolutions: every path of the kernels, and maps smaller than a block, than the kernel, than the padding. */
const DEPTHWISE: readonly Window[] = [
  ...[3, 5, 7].flatMap((kernel) =>
    [1, 2].flatMap((stride) => [
      { batch: 2, height: 12, width: 13, channels: 16, kernel, stride, padding: (kernel - 1) / 2 },
      { batch: 1, height: 9, width: 11, channels: 24, kernel, stride, padding: 0 },
      { batch: 3, height: 2, width: 3, channels: 8, kernel, stride, padding: (kernel - 1) / 2 },
      { batch: 1, height: 8, width: 7, channels: 8, kernel, stride, padding: kernel - 1 },
    ]),
  ),
  { batch: 4, height: 1, width: 1, channels: 144, kernel: 3, stride: 1, padding: 1 },
  { batch: 2, height: 1, width: 1, channels: 8, kernel: 3, stride: 2, padding: 1 },
  { batch: 2, height: 21, width: 34, channels: 136, kernel: 3, stride: 1, padding: 1 },
  { batch: 1, height: 6, width: 5, channels: 216, kernel: 3, stride: 1, padding: 1 },
  { batch: 1, height: 9, width: 10, channels: 8, kernel: 3, stride: 3, padding: 1 },
  { batch: 2, height: 9, width: 10, channels: 8, kernel: 4, stride: 2, padding: 1 },
  { batch: 2, height: 9, width: 10, channels: 16, kernel: 3, stride: 1, padding: 2, dilation: 2 },
  { batch: 1, height: 12, width: 11, channels: 8, kernel: 5, stride: 2, padding: 6, dilation: 3 },
];

/** Grouped convolutions, with channels per group that are no multiple of four, and dilated dense ones. */
const GROUPED: readonly (Window & { groups: number; groupInputs: number; groupOutputs: number })[] = [
  {
    batch: 2,
    height: 6,
    width: 7,
    channels: 8,
    kernel: 3,
    stride: 1,
    padding: 1,
    groups: 2,
    groupInputs: 4,
    groupOutputs: 8,
  },
  {
    batch: 1,
    height: 7,
    width: 5,
    channels: 8,
    kernel: 3,
    stride: 2,
    padding: 1,
    groups: 3,
    groupInputs: 2,
    groupOutputs: 3,
  },
  {
    batch: 2,
    height: 5,
    width: 5,
    channels: 16,
    kernel: 1,
    stride: 1,
    padding: 0,
    groups: 3,
    groupInputs: 5,
    groupOutputs: 7,
  },
  {
    batch: 3,
    height: 4,
    width: 4,
    channels: 4,
    kernel: 3,
    stride: 1,
    padding: 1,
    groups: 3,
    groupInputs: 1,
    groupOutputs: 2,
  },
  {
    batch: 2,
    height: 9,
    width: 8,
    channels: 8,
    kernel: 3,
    stride: 2,
    padding: 2,
    dilation: 2,
    groups: 1,
    groupInputs: 7,
    groupOutputs: 10,
  },
  {
    batch: 1,
    height: 1,
    width: 1,
    channels: 8,
    kernel: 5,
    stride: 1,
    padding: 2,
    groups: 4,
    groupInputs: 2,
    groupOutputs: 2,
  },
];

interface Sizes {
  readonly inputs: number;
  readonly outputs: number;
  readonly outChannels: number;
  readonly filters: number;
}

function arraysOf({ inputs, outputs, outChannels, filters }: Sizes) {
  const full = {
    scale: positive('scale', outChannels),
    shift: signed('shift', outChannels),
    residual: signed('residual', outputs),
  };
  const [x, dy, filter] = [signed('x', inputs), signed('dy', outputs), signed('filter', filters)];
  const forward = { x, filter, scale: null, shift: null, residual: null, y: empty(outputs) };
  const epilogues: { operands: Operands<'grouped-conv', Float32Array>; activation: number }[] = [
    { operands: forward, activation: 0 },
    { operands: { ...forward, shift: full.shift }, activation: 1 },
    { operands: { ...forward, ...full }, activation: 2 },
    { operands: { ...forward, ...full, residual: null }, activation: 3 },
    { operands: { ...forward, residual: full.residual }, activation: 0 },
  ];
  return { epilogues, x, dy, filter, dx: signed('dx', inputs), dfilter: signed('dfilter', filters) };
}

function depthwiseCalls(window: Window): Call[] {
  const shape = { dilation: 1, ...outputOf(window) };
  const { epilogues, x, dy, filter, dx, dfilter } = arraysOf({
    inputs: shape.batch * shape.height * shape.width * shape.channels,
    outputs: shape.batch * shape.outHeight * shape.outWidth * shape.channels,
    outChannels: shape.channels,
    filters: shape.kernel ** 2 * shape.channels,
  });
  const read = { inputNorm: null, inputActivation: 0 };
  const inputNorm = savedNorm(shape.channels);
  const norms = Object.values(ACTIVATIONS).map((inputActivation) => ({ inputNorm, inputActivation }));
  return [
    ...[
      ...epilogues.map((epilogue) => ({ ...read, ...epilogue })),
      ...norms.map((norm) => ({ ...norm, ...epilogues[0]! })),
    ].map(({ inputNorm, inputActivation, operands, activation }): Call => ({
      primitive: 'depthwise',
      operands: { ...operands, inputNorm },
      numbers: { ...shape, inputActivation, activation },
    })),
    ...[0, 1].map((accumulate): Call => ({
      primitive: 'depthwise-input-gradient',
      operands: { dy, filter, dx },
      numbers: { ...shape, accumulate },
    })),
    ...[...[1, 3, 32].map((chunks) => ({ ...read, chunks })), ...norms.map((norm) => ({ ...norm, chunks: 3 }))].map(
      ({ inputNorm, inputActivation, chunks }): Call => ({
        primitive: 'depthwise-filter-gradient',
        operands: { x, inputNorm, dy, dfilter, partials: signed('partials', chunks * filter.length) },
        numbers: { ...shape, inputActivation, chunks },
        scratch: ['partials'],
      }),
    ),
  ];
}

function groupedCalls(window: (typeof GROUPED)[number]): Call[] {
  const outChannels = Math.ceil((window.groups * window.groupOutputs) / 8) * 8;
  const shape = { dilation: 1, ...outputOf(window), outChannels };
  const { epilogues, x, dy, filter, dx, dfilter } = arraysOf({
    inputs: shape.batch * shape.height * shape.width * shape.channels,
    outputs: shape.batch * shape.outHeight * shape.outWidth * outChannels,
    outChannels,
    filters: shape.kernel ** 2 * shape.groupInputs * outChannels,
  });
  // Padding holds zeros: in a filter's outputs, in the gradients of outputs and inputs that are not there.
  const outputs = shape.groups * shape.groupOutputs;
  const padded = (values: Float32Array, live: number, stride: number): Float32Array =>
    values.map((value, i) => (i % stride < live ? value : 0));
  const weights = padded(filter, outputs, outChannels);
  const gradient = padded(dy, outputs, outChannels);
  const image = padded(x, shape.groups * shape.groupInputs, shape.channels);
  return [
    ...epilogues.map(({ operands, activation }): Call => ({
      primitive: 'grouped-conv',
      operands: { ...operands, x: image, filter: weights },
      numbers: { ...shape, activation },
    })),
    ...[0, 1].map((accumulate): Call => ({
      primitive: 'grouped-conv-input-gradient',
      operands: { dy: gradient, filter: weights, dx },
      numbers: { ...shape, accumulate },
    })),
    { primitive: 'grouped-conv-filter-gradient', operands: { x: image, dy: gradient, dfilter }, numbers: shape },
  ];
}

export const channelwise: readonly Case[] = [
  ...DEPTHWISE.map((window) => ({
    title: `depthwise convolution of ${titleOf(window)}`,
    calls: () => depthwiseCalls(window),
    tolerance: 2e-6,
  })),
  ...GROUPED.map((window) => ({
    title: `convolution in ${window.groups} groups of ${titleOf(window)}`,
    calls: () => groupedCalls(window),
    tolerance: 2e-6,
  })),
];
