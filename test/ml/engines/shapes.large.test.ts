import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ACTIVATIONS } from '../../../src/ml/engines/primitives.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { nativeExecutor } from '../../support/native.ts';
import { signed } from '../../support/hashed.ts';
import { runPrimitive } from '../../support/primitive.ts';
import { empty, outputOf, savedNorm, type Call, type Window } from './calls/call.ts';
import { channelwise } from './calls/channelwise.ts';
import { convolutions } from './calls/convolution.ts';
import { elementwise } from './calls/elementwise.ts';
import { normalizations } from './calls/normalization.ts';
import { pools } from './calls/pooling.ts';

const reference = new ReferenceExecutor();
const native = nativeExecutor({ threads: 3, memory: 2 ** 26 });
const engines = [
  new WasmExecutor({ threads: 3, memory: 2 ** 26 }),
  new WasmExecutor({ threads: 2, memory: 2 ** 26, build: 'simd' }),
  ...(native ? [native] : []),
];

afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.dispose()));
});

/** Largest difference of an operand after a call from the reference's. */
function worst(call: Call, name: string, engine = engines[0]!): number {
  const got = runPrimitive(engine, call, 3)[name]!;
  const expected = runPrimitive(reference, call)[name]!;
  return got.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? NaN))), 0);
}

/** Windows of all kinds that have an output. */
const windows = (largest: { kernel: number; dilation: number }): fc.Arbitrary<Required<Window>> =>
  fc
    .record({
      batch: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 1, max: 12 }),
      width: fc.integer({ min: 1, max: 12 }),
      channels: fc.constantFrom(8, 16),
      kernel: fc.integer({ min: 1, max: largest.kernel }),
      stride: fc.integer({ min: 1, max: 4 }),
      padding: fc.nat(7),
      dilation: fc.integer({ min: 1, max: largest.dilation }),
    })
    .filter((window) => outputOf(window).outHeight > 0 && outputOf(window).outWidth > 0);

describe('whatever the window', () => {
  it('depthwise convolution and its gradients are the reference’s', () => {
    fc.assert(
      fc.property(
        windows({ kernel: 7, dilation: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        (window, chunks, isNormed) => {
          const shape = outputOf(window);
          const inputs = shape.batch * shape.height * shape.width * shape.channels;
          const outputs = shape.batch * shape.outHeight * shape.outWidth * shape.channels;
          const weights = shape.kernel ** 2 * shape.channels;
          const [x, dy, filter] = [signed('x', inputs), signed('dy', outputs), signed('filter', weights)];
          const bare = { scale: null, shift: null, residual: null };
          const norm = { inputNorm: isNormed ? savedNorm(shape.channels) : null };
          const read = { inputActivation: isNormed ? ACTIVATIONS.relu6 : ACTIVATIONS.none };
          const forward: Call = {
            primitive: 'depthwise',
            operands: { x, ...norm, filter, ...bare, y: empty(outputs) },
            numbers: { ...shape, ...read, activation: 0 },
          };
          const backward: Call = {
            primitive: 'depthwise-input-gradient',
            operands: { dy, filter, dx: empty(inputs) },
            numbers: { ...shape, accumulate: 0 },
          };
          const gradient: Call = {
            primitive: 'depthwise-filter-gradient',
            operands: { x, ...norm, dy, dfilter: empty(weights), partials: empty(chunks * weights) },
            numbers: { ...shape, ...read, chunks },
          };
          expect(worst(forward, 'y')).toBeLessThan(2e-5);
          expect(worst(backward, 'dx')).toBeLessThan(2e-5);
          expect(worst(gradient, 'dfilter')).toBeLessThan(5e-5);
        },
      ),
      { numRuns: 250 },
    );
  });

  it('grouped convolution and its gradients are the reference’s, for kernels of any size', () => {
    const groups = fc.constantFrom(
      { groups: 1, groupInputs: 8, groupOutputs: 5 },
      { groups: 2, groupInputs: 3, groupOutputs: 4 },
      { groups: 7, groupInputs: 1, groupOutputs: 1 },
    );
    fc.assert(
      fc.property(windows({ kernel: 10, dilation: 2 }), groups, (window, parts) => {
        const shape = { ...outputOf(window), ...parts, outChannels: 8 };
        const inputs = shape.batch * shape.height * shape.width * shape.channels;
        const outputs = shape.batch * shape.outHeight * shape.outWidth * 8;
        const weights = shape.kernel ** 2 * shape.groupInputs * 8;
        const live = parts.groups * parts.groupOutputs;
        const padded = (values: Float32Array): Float32Array => values.map((value, i) => (i % 8 < live ? value : 0));
        const [x, dy, filter] = [signed('x', inputs), padded(signed('dy', outputs)), padded(signed('filter', weights))];
        const bare = { scale: null, shift: null, residual: null };
        const forward: Call = {
          primitive: 'grouped-conv',
          operands: { x, filter, ...bare, y: empty(outputs) },
          numbers: { ...shape, activation: 0 },
        };
        const backward: Call = {
          primitive: 'grouped-conv-input-gradient',
          operands: { dy, filter, dx: empty(inputs) },
          numbers: { ...shape, accumulate: 0 },
        };
        const gradient: Call = {
          primitive: 'grouped-conv-filter-gradient',
          operands: { x, dy, dfilter: empty(weights) },
          numbers: shape,
        };
        expect(worst(forward, 'y')).toBeLessThan(5e-5);
        expect(worst(backward, 'dx')).toBeLessThan(5e-5);
        expect(worst(gradient, 'dfilter')).toBeLessThan(5e-5);
      }),
      { numRuns: 60 },
    );
  });

  it('channels go in and out of joined maps unchanged', () => {
    const parts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 40 }), (channels, rows) => {
        const padded = (n: number): number => Math.ceil(n / 8) * 8;
        const toStride = padded(channels.reduce((sum, n) => sum + n, 0));
        const inTurn = { fromStep: 1, toStep: 1 };
        let joined = new Float32Array(rows * toStride).fill(9);
        const starts = channels.map((_, i) => channels.slice(0, i).reduce((sum, n) => sum + n, 0));
        const maps = channels.map((n, i) =>
          signed(`map ${i}`, rows * padded(n)).map((value, at) => (at % padded(n) < n ? value : 0)),
        );
        maps.forEach((x, i) => {
          const numbers = { rows, channels: channels[i]!, fromStride: padded(channels[i]!), toStride, from: 0 };
          const call: Call = {
            primitive: 'copy-channels',
            operands: { x, y: joined },
            numbers: { ...numbers, ...inTurn, to: starts[i]!, accumulate: 0 },
          };
          joined = Float32Array.from(runPrimitive(engines[0]!, call, 3)['y']!);
        });
        maps.forEach((x, i) => {
          const numbers = { rows, channels: channels[i]!, fromStride: toStride, toStride: padded(channels[i]!), to: 0 };
          const call: Call = {
            primitive: 'copy-channels',
            operands: { x: joined, y: empty(x.length).fill(5) },
            numbers: { ...numbers, ...inTurn, from: starts[i]!, accumulate: 0 },
          };
          expect(runPrimitive(engines[0]!, call, 2)['y']).toEqual(x);
        });
      }),
      { numRuns: 60 },
    );
  });
});

/** Primitives through which a NaN of their first operand must come. */
const FORWARD: readonly string[] = [
  ...['conv', 'depthwise', 'grouped-conv', 'batch-norm-output', 'affine'],
  ...['activation', 'add', 'multiply', 'max-pool', 'average-pool', 'copy-channels'],
];

describe('a NaN', () => {
  it.each([...convolutions, ...channelwise, ...pools, ...normalizations, ...elementwise])(
    'goes wherever the reference sends it: $title',
    ({ calls }) => {
      for (const call of calls().filter(({ primitive }) => FORWARD.includes(primitive))) {
        const [[name, values]] = Object.entries<Float32Array | null>(call.operands) as [[string, Float32Array]];
        const spoilt = values.slice();
        spoilt[5] = NaN;
        const poisoned = { ...call, operands: { ...call.operands, [name]: spoilt } } as Call;
        const expected = runPrimitive(reference, poisoned)['y']!;
        for (const engine of engines) {
          const got = runPrimitive(engine, poisoned)['y']!;
          const lost = expected.reduce((count, value, i) => count + (isNaN(value) && !isNaN(got[i]!) ? 1 : 0), 0);
          expect(lost, `${call.primitive} ${JSON.stringify(call.numbers)}`).toBe(0);
        }
      }
    },
  );
});
