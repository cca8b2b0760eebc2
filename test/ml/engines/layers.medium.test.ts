import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { NetworkBuilder, type ConvOptions } from '../../../src/ml/network/builder.ts';
import type { ActivationLayer, LayerIndex, Network, ParameterSpec } from '../../../src/ml/network/network.ts';
import { channelsLast, hashed, signed } from '../../support/hashed.ts';

/** A case of test/reference/make_layers.py. Lists hold the first values only; the norms are of all. */
interface Golden {
  readonly name: string;
  readonly shape: readonly [number, number, number];
  readonly output: readonly number[];
  readonly outputNorm: number;
  readonly inputGradient: readonly number[];
  readonly inputGradientNorm: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly gradientNorms: Readonly<Record<string, number>>;
}

const goldens = JSON.parse(
  readFileSync(new URL('../../fixtures/torch/layers.json', import.meta.url), 'utf8'),
) as readonly Golden[];

const BATCH = 3;
const BORDERS = [0, -0, 6, 3, -3, -20, 20, -100];

type Build = (net: NetworkBuilder) => LayerIndex;

const conv =
  (options: ConvOptions): Build =>
  (net) =>
    net.conv('layer', net.image, options);
const activation =
  (fn: ActivationLayer['function']): Build =>
  (net) =>
    net.activation('act', net.image, fn);
const normThen =
  (fn: ActivationLayer['function']): Build =>
  (net) =>
    net.activation('act', net.batchNorm('layer', net.image), fn);

const BUILDS: Readonly<Record<string, Build>> = {
  'depthwise 3×3': conv({ channels: 10, kernel: 3, groups: 10 }),
  'depthwise 3×3 with stride 2': conv({ channels: 9, kernel: 3, stride: 2, groups: 9, bias: true }),
  'depthwise 5×5 with stride 2': conv({ channels: 12, kernel: 5, stride: 2, groups: 12 }),
  'depthwise 7×7': conv({ channels: 5, kernel: 7, groups: 5, bias: true }),
  'three groups with stride 2': conv({ channels: 18, kernel: 3, stride: 2, groups: 3, bias: true }),
  'twice as many channels from a group each': conv({ channels: 12, kernel: 3, groups: 6 }),
  relu: activation('relu'),
  relu6: activation('relu6'),
  silu: activation('silu'),
  sigmoid: activation('sigmoid'),
  'hard-sigmoid': activation('hard-sigmoid'),
  'batch norm and relu': normThen('relu'),
  'batch norm and relu6': normThen('relu6'),
  'batch norm and silu': normThen('silu'),
  'batch norm and sigmoid': normThen('sigmoid'),
  'batch norm and hard-sigmoid': normThen('hard-sigmoid'),
  gate: (net) =>
    net.multiply('gate', net.image, net.activation('act', net.globalAveragePool('pool', net.image), 'sigmoid')),
  square: (net) => net.multiply('square', net.image, net.image),
  sliced: (net) => net.slice('slice', net.image, { start: 4, channels: 5 }),
  'split and shuffled': (net) => {
    const [kept, rest] = [0, 5].map((start) => net.slice('slice', net.image, { start, channels: 5 })) as [
      number,
      number,
    ];
    return net.concat('shuffle', [kept, net.activation('act', rest, 'silu')], { interleaved: true });
  },
  'shuffled in three groups': (net) => {
    const part = (start: number) => net.slice('slice', net.image, { start, channels: 3 });
    return net.concat('shuffle', [part(0), part(3), part(6)], { interleaved: true });
  },
  joined: (net) =>
    net.concat('joined', [
      net.image,
      net.activation('a', net.image, 'silu'),
      net.activation('b', net.image, 'sigmoid'),
    ]),
};

function networkOf({ name, shape }: Golden): Network {
  const build = BUILDS[name];
  if (!build) throw new Error(`no network for ${name}`);
  const [channels, height, width] = shape;
  const net = new NetworkBuilder(name, { height, width, channels }, true);
  return net.ending(build(net));
}

/** What make_layers.py gives a parameter. */
function valueOf({ name, role, shape }: ParameterSpec): Float32Array {
  const middle = role === 'bn.weight' || role === 'bn.var' ? 1 : 0;
  const size = shape.reduce((product, n) => product * n, 1);
  return Float32Array.from(hashed(name, size), (u) => middle + (2 * u - 1) * 0.5);
}

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));

const reference = await createEngine('reference', { threads: 1 });
const wasm = await createEngine('wasm', { threads: 2 });

afterAll(async () => {
  await Promise.all([reference.dispose(), wasm.dispose()]);
});

// float32 inputs and outputs, 9 digits in the fixture; float32 sums of some hundred products.
const CASES = [
  { engine: reference, tolerance: 1e-6 },
  { engine: wasm, tolerance: 1e-5 },
].flatMap(({ engine, tolerance }) =>
  goldens.map((golden) => ({ title: `${golden.name} in ${engine.name}`, engine, tolerance, golden })),
);

describe('a layer on its own', () => {
  it.each(CASES)('is PyTorch’s, value and gradients: $title', ({ engine, tolerance, golden }) => {
    const network = networkOf(golden);
    const session = engine.session(network, { optimizer: { name: 'sgd', momentum: 0, nesterov: false }, threads: 2 });
    session.write(new Map(network.parameters.map((spec) => [spec.name, valueOf(spec)])));
    const step = session.trainStep({ batch: BATCH, taps: [] });
    const image = signed('input', step.input.length, 8);
    image.set(BORDERS);
    step.input.set(channelsLast(image, { batch: BATCH, ...network.input }));
    step.forward(0, 0);
    const close = (got: ArrayLike<number>, first: readonly number[], whole: number): void => {
      const scale = Math.max(1, whole / Math.sqrt(got.length));
      expect(Math.abs(norm(got) - whole)).toBeLessThan(10 * tolerance * Math.max(1, whole));
      first.forEach((value, i) => expect(Math.abs((got[i] ?? NaN) - value)).toBeLessThan(10 * tolerance * scale));
    };
    close(step.logits, golden.output, golden.outputNorm);
    const shape = network.layers.at(-1)!.shape;
    step.logitsGradient.set(channelsLast(signed('weights', step.logits.length), { batch: BATCH, ...shape }));
    step.backward();
    close(step.inputGradient, golden.inputGradient, golden.inputGradientNorm);
    const gradients = session.readGradients();
    expect([...gradients.keys()].sort()).toEqual(Object.keys(golden.gradients).sort());
    for (const [name, values] of gradients) close(values, golden.gradients[name]!, golden.gradientNorms[name]!);
    session.dispose();
  });
});
