import { ACTIVATIONS } from '../../../../src/ml/engines/primitives.ts';
import { signed } from '../../../support/hashed.ts';
import { empty, type Call, type Case } from './call.ts';

const COUNT = 1000;
const a = signed('a', COUNT, 10);
const b = signed('b', COUNT, 10);

function pads(): Call[] {
  const batch = 2;
  return [
    { height: 5, width: 7, channels: 3, stride: 4, padding: 3 },
    { height: 4, width: 1, channels: 3, stride: 4, padding: 0 },
    { height: 3, width: 6, channels: 1, stride: 4, padding: 1 },
    { height: 6, width: 3, channels: 10, stride: 16, padding: 1 },
    { height: 2, width: 2, channels: 8, stride: 8, padding: 2 },
  ].map((numbers) => {
    const { height, width, channels, stride, padding } = numbers;
    const x = signed('x', batch * height * width * channels);
    const y = signed('y', batch * (height + 2 * padding) * (width + 2 * padding) * stride);
    return { primitive: 'pad', operands: { x, y }, numbers: { batch, ...numbers } };
  });
}

function copies(): Call[] {
  const copy = (numbers: {
    channels: number;
    fromStride: number;
    toStride: number;
    from?: number;
    to?: number;
    fromStep?: number;
    toStep?: number;
  }): Call[] =>
    [0, 1].map((accumulate) => ({
      primitive: 'copy-channels',
      operands: { x: signed('x', 37 * numbers.fromStride), y: signed('y', 37 * numbers.toStride) },
      numbers: { rows: 37, from: 0, to: 0, fromStep: 1, toStep: 1, ...numbers, accumulate },
    }));
  return [
    ...copy({ channels: 3, fromStride: 3, toStride: 4 }),
    ...copy({ channels: 10, fromStride: 16, toStride: 10 }),
    ...copy({ channels: 10, fromStride: 10, toStride: 16 }),
    // In and out of joined channels that start anywhere.
    ...copy({ channels: 10, fromStride: 16, toStride: 24, to: 11 }),
    ...copy({ channels: 7, fromStride: 24, toStride: 8, from: 13 }),
    ...copy({ channels: 9, fromStride: 24, toStride: 24, from: 1, to: 15 }),
    // In and out of interleaved channels, of which some follow the last one.
    ...copy({ channels: 5, fromStride: 8, toStride: 16, to: 1, toStep: 3 }),
    ...copy({ channels: 5, fromStride: 16, toStride: 8, from: 2, fromStep: 3 }),
    ...copy({ channels: 1, fromStride: 8, toStride: 8, from: 7, to: 3, fromStep: 2, toStep: 4 }),
    ...pads(),
    { primitive: 'zero', operands: { y: a }, numbers: { count: 999 } },
  ];
}

function activations(): Call[] {
  // Values at which a piece begins or ends; far out, where e^−x is no float32 any more.
  const x = Float32Array.from([...a.subarray(8), 0, 3, -3, 6, 100, -100, 1e-6, -0]);
  return Object.values(ACTIVATIONS).flatMap((activation): Call[] => [
    { primitive: 'activation', operands: { x, y: empty(COUNT) }, numbers: { count: COUNT, activation } },
    { primitive: 'add', operands: { a: x, b, y: empty(COUNT) }, numbers: { count: COUNT, activation } },
    ...[0, 1].map((accumulate): Call => ({
      primitive: 'activation-gradient',
      operands: { x, dy: b, dx: signed('dx', COUNT) },
      numbers: { count: COUNT, activation, accumulate },
    })),
  ]);
}

/** Products with an equal map (`area` 1), with a gate for each image, and with one that is longer than a strip of a sum. */
function products(rows: number, channels: number, area: number): Call[] {
  const map = (name: string): Float32Array => signed(name, rows * channels);
  const gate = (name: string): Float32Array => signed(name, (rows / area) * channels);
  return [0, 1].flatMap((accumulate): Call[] => {
    const numbers = { rows, channels, area, accumulate };
    return [
      { primitive: 'multiply', operands: { a: map('a'), b: gate('b'), y: map('y') }, numbers },
      { primitive: 'multiply-gradient', operands: { a: map('a'), dy: map('dy'), db: gate('db') }, numbers },
    ];
  });
}

function drops(): Call[] {
  const operands = { x: a.subarray(0, 960), y: b.subarray(0, 960) };
  const numbers = { rows: 60, salt: 5, rate: 0.3 };
  return [0, 1].flatMap((accumulate): Call[] => [
    { primitive: 'dropout', operands, numbers: { ...numbers, channels: 10, stride: 16, accumulate } },
    { primitive: 'stochastic-depth', operands, numbers: { ...numbers, channels: 16, area: 4, accumulate } },
    { primitive: 'stochastic-depth', operands, numbers: { ...numbers, rate: 1, channels: 16, area: 1, accumulate } },
  ]);
}

export const elementwise: readonly Case[] = [
  { title: 'copies', calls: copies, tolerance: 1e-9 },
  { title: 'activations', calls: activations, tolerance: 1e-6 },
  { title: 'products of equal maps', calls: () => products(60, 16, 1), tolerance: 1e-6 },
  { title: 'gates of 12 pixels', calls: () => products(60, 24, 12), tolerance: 1e-6 },
  { title: 'gates of one image of 700 pixels', calls: () => products(700, 8, 700), tolerance: 1e-6 },
  { title: 'dropout and stochastic depth', calls: drops, tolerance: 1e-6 },
];
