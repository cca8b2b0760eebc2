import { describe, expect, it } from 'vitest';
import { lowerInference, lowerTraining } from '../../../src/ml/engines/lower/lower.ts';
import { readBy, unitsOf } from '../../../src/ml/engines/lower/units.ts';
import type { Program, Section } from '../../../src/ml/engines/program.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { gatedNetwork } from '../../support/assorted-network.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const network = models.resnet8.build({ height: 32, width: 32, channels: 3 }, 10);
const sgd = { name: 'sgd', momentum: 0.9, nesterov: true } as const;

function counts(program: Program, section: Section): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { primitive } of program.sections[section]) found[primitive] = (found[primitive] ?? 0) + 1;
  return found;
}

describe('unitsOf', () => {
  it('takes the residual sum and the ReLU into the batch norm before them', () => {
    const norms = unitsOf(network, new Set()).filter((unit) => unit.kind === 'norm');
    expect(norms.filter((unit) => unit.residual !== null).map((unit) => unit.layer.name)).toEqual([
      'layer1.0.bn2',
      'layer2.0.bn2',
      'layer3.0.bn2',
    ]);
    expect(norms.filter((unit) => unit.activation === 0).map((unit) => unit.layer.name)).toEqual([
      'layer2.0.downsample.1',
      'layer3.0.downsample.1',
    ]);
    expect(unitsOf(network, new Set()).some((unit) => unit.kind === 'add' || unit.kind === 'activation')).toBe(false);
  });

  it('does not group past a layer whose own value is wanted', () => {
    const bn = network.layers.findIndex((layer) => layer.name === 'layer1.0.bn2');
    const kinds = unitsOf(network, new Set([bn])).map((unit) => unit.kind);
    expect(kinds.filter((kind) => kind === 'add')).toHaveLength(1);
  });

  it('reads all that a unit needs, the main input first', () => {
    const gated = gatedNetwork();
    const index = (name: string): number => gated.layers.findIndex((layer) => layer.name === name);
    const units = unitsOf(gated, new Set());
    const reads = (name: string): readonly number[] => readBy(units.find((unit) => unit.output === index(name))!);
    expect(reads('joined')).toEqual(['primary.act', 'cheap.bn', 'sum.act'].map(index));
    expect(reads('gate')).toEqual(['depthwise.act', 'raise.act'].map(index));
    expect(reads('sum')).toEqual(['depth', 'stem.act'].map(index));
    expect(reads('depth')).toEqual([index('project.bn')]);
    // All layers are taken in by some unit, once.
    const outputs = units.map((unit) => unit.output);
    expect(new Set(outputs).size).toBe(outputs.length);
  });

  it('takes any activation into a batch norm, but after a sum only one whose slope its result tells', () => {
    const build = (fn: 'relu6' | 'silu', sum: boolean) => {
      const net = new NetworkBuilder('new', { height: 8, width: 8, channels: 8 });
      const bn = net.batchNorm('bn', net.conv('conv', net.image, { channels: 8, kernel: 3 }));
      return net.classifier(net.activation('act', sum ? net.add('sum', bn, net.image) : bn, fn), {
        name: 'fc',
        classes: 2,
      });
    };
    const kinds = (fn: 'relu6' | 'silu', sum: boolean): string[] =>
      unitsOf(build(fn, sum), new Set()).map((unit) => unit.kind);
    expect(kinds('relu6', false)).toEqual(['product', 'norm', 'pool', 'product']);
    expect(kinds('silu', false)).toEqual(['product', 'norm', 'pool', 'product']);
    expect(kinds('relu6', true)).toEqual(['product', 'norm', 'pool', 'product']);
    expect(kinds('silu', true)).toEqual(['product', 'norm', 'activation', 'pool', 'product']);
  });
});

/** What stands behind a batch norm. */
type Behind = (net: NetworkBuilder, norm: number) => number;
const convolved =
  (name: string, more: { kernel: number; stride?: number; groups?: number }): Behind =>
  (net, norm) =>
    net.conv(name, norm, { channels: 48, ...more });
const after =
  (fn: 'relu6' | 'silu', behind: Behind): Behind =>
  (net, norm) =>
    behind(net, net.activation('act', norm, fn));

/** The sum of two convolutions of a layer: the images by default. */
const twoReaders = (net: NetworkBuilder, [a, b]: readonly [number, number], of = net.image): number =>
  net.add('sum', net.conv('a', of, { channels: 8, kernel: a }), net.conv('b', of, { channels: 8, kernel: b }));

describe('lowering', () => {
  it('folds every batch norm into its convolution for evaluation', () => {
    expect(counts(lowerInference(network, { target: KERNEL_TARGET, batch: 1, taps: [] }), 'forward')).toEqual({
      pad: 1,
      'copy-channels': 1,
      conv: 10,
      'fold-batch-norm': 9,
      'average-pool': 1,
    });
  });

  it.each([
    { name: 'mobilenetv2', forward: { conv: 36, depthwise: 17, 'fold-batch-norm': 52 } },
    { name: 'resnet50', forward: { conv: 54, 'fold-batch-norm': 53, 'max-pool': 1 } },
    { name: 'ghostnet', forward: { multiply: 7 } },
    { name: 'efficientnet_v2_s', forward: { multiply: 30, depthwise: 30 } },
  ] as const)('leaves no batch norm or drop of $name for evaluation', ({ name, forward }) => {
    const big = models[name].build({ height: 64, width: 64, channels: 3 }, 10);
    const found = counts(lowerInference(big, { target: KERNEL_TARGET, batch: 1, taps: [] }), 'forward');
    expect(found).toMatchObject(forward);
    const left = [
      'affine',
      'batch-norm-statistics',
      'batch-norm-output',
      'dropout',
      'stochastic-depth',
      'grouped-conv',
    ];
    expect(left.filter((primitive) => primitive in found)).toEqual([]);
  });

  it.each([
    { title: 'one reader', build: (net) => net.conv('a', net.image, { channels: 8, kernel: 7 }), padding: 3 },
    {
      title: 'readers that agree',
      build: (net) => twoReaders(net, [3, 3]),
      padding: 1,
    },
    {
      title: 'readers that differ',
      build: (net) => twoReaders(net, [3, 5]),
      padding: 0,
    },
    {
      title: 'a pool, whose padding is no zeros',
      build: (net) => net.pool('a', net.image, 'max', { kernel: 3, padding: 1 }),
      padding: 0,
    },
    {
      title: 'an input whose gradient is wanted',
      differentiable: true,
      build: (net) => net.conv('a', net.image, { channels: 8, kernel: 3 }),
      padding: 0,
    },
  ] satisfies readonly {
    title: string;
    differentiable?: boolean;
    build: (net: NetworkBuilder) => number;
    padding: number;
  }[])('puts zeros around the images for $title: $padding pixels', ({ build, differentiable, padding }) => {
    const net = new NetworkBuilder('new', { height: 9, width: 9, channels: 3 }, differentiable);
    const whole = net.classifier(build(net), { name: 'fc', classes: 2 });
    const { forward } = lowerInference(whole, { target: KERNEL_TARGET, batch: 1, taps: [] }).sections;
    expect(forward.find(({ primitive }) => primitive === 'pad')?.numbers).toMatchObject({
      height: 9,
      width: 9,
      padding,
    });
    const convs = forward.filter(({ primitive }) => primitive === 'conv').slice(0, -1);
    for (const { numbers } of convs)
      expect(numbers).toMatchObject(padding ? { height: 9 + 2 * padding, padding: 0 } : { height: 9 });
  });

  it.each([
    { title: 'a 1×1 convolution', through: 'conv', build: convolved('a', { kernel: 1 }) },
    {
      title: 'a 1×1 convolution behind a ReLU6',
      through: 'conv',
      build: after('relu6', convolved('a', { kernel: 1 })),
    },
    { title: 'a depthwise convolution', through: 'depthwise', build: convolved('a', { kernel: 3, groups: 48 }) },
    { title: 'a pool', through: null, build: (net, norm) => net.globalAveragePool('a', norm) },
    { title: 'a 3×3 convolution', through: null, build: convolved('a', { kernel: 3 }) },
    { title: 'a strided 1×1 convolution', through: null, build: convolved('a', { kernel: 1, stride: 2 }) },
    { title: 'a grouped convolution', through: null, build: convolved('a', { kernel: 3, groups: 2 }) },
    { title: 'a costly activation', through: null, build: after('silu', convolved('a', { kernel: 1 })) },
    { title: 'few channels', through: null, channels: 32, build: convolved('a', { kernel: 1 }) },
    { title: 'two readers', through: null, build: (net, norm) => twoReaders(net, [1, 1], norm) },
    {
      title: 'a tap',
      through: null,
      build: (net, norm) => convolved('a', { kernel: 1 })(net, net.tap('block1', norm)),
    },
    {
      title: 'a residual sum',
      through: null,
      build: (net, norm) => convolved('a', { kernel: 1 })(net, net.add('sum', norm, 1)),
    },
  ] satisfies readonly { title: string; through: 'conv' | 'depthwise' | null; channels?: number; build: Behind }[])(
    'writes no output of a batch norm whose only reader can make it of its input: $title, $through',
    ({ build, through, channels = 48 }) => {
      const net = new NetworkBuilder('new', { height: 8, width: 8, channels: 3 });
      const norm = net.batchNorm('bn', net.conv('conv', net.image, { channels, kernel: 3 }));
      const whole = net.classifier(build(net, norm), { name: 'fc', classes: 2 });
      const options = { target: KERNEL_TARGET, batch: 2, taps: Object.keys(whole.taps) };
      for (const recompute of [false, true]) {
        const { sections } = lowerTraining(whole, options, sgd, { recompute });
        const operations = Object.values(sections).flat();
        expect(operations.some(({ primitive }) => primitive === 'batch-norm-output')).toBe(through === null);
        const readers = operations.filter(({ operands }) => 'inputNorm' in operands && operands.inputNorm);
        expect(readers.map(({ primitive }) => primitive)).toEqual(
          through ? [through, `${through}-filter-gradient`] : [],
        );
      }
    },
  );

  it('gives each kind of layer its gradients', () => {
    const found = counts(lowerTraining(gatedNetwork(), { target: KERNEL_TARGET, batch: 2, taps: [] }, sgd), 'backward');
    expect(found).toMatchObject({
      'depthwise-filter-gradient': 3,
      'depthwise-input-gradient': 3,
      'grouped-conv-filter-gradient': 2,
      'grouped-conv-input-gradient': 2,
      // Each product hands a gradient to either factor.
      multiply: 2,
      'multiply-gradient': 2,
      'stochastic-depth': 1,
    });
  });

  it('moves averages of parameters and statistics after the update, where they are kept', () => {
    const update = (average: boolean): Record<string, number> =>
      counts(lowerTraining(network, { target: KERNEL_TARGET, batch: 1, taps: [] }, sgd, { average }), 'update');
    expect(update(false)).toEqual({ sgd: 2 });
    expect(update(true)).toEqual({ sgd: 2, 'moving-average': 2 });
  });

  it('makes one gradient per product and norm, and none for the image', () => {
    const program = lowerTraining(network, { target: KERNEL_TARGET, batch: 1, taps: [] }, sgd);
    expect(counts(program, 'backward')).toEqual({
      'copy-channels': 1,
      'conv-filter-gradient': 10,
      'conv-input-gradient': 9,
      'bias-gradient': 1,
      'batch-norm-gradient': 9,
      'average-pool-gradient': 1,
    });
    expect(counts(program, 'update')).toEqual({ sgd: 2 });
  });

  it('refuses to train a batch norm over one value a channel, as PyTorch does, and takes two', () => {
    const net = new NetworkBuilder('tiny', { height: 3, width: 3, channels: 8 });
    const bn = net.batchNorm('bn', net.conv('conv', net.image, { channels: 8, kernel: 3, padding: 0 }));
    const tiny = net.classifier(bn, { name: 'fc', classes: 2 });
    const lowered = (batch: number) => () => lowerTraining(tiny, { target: KERNEL_TARGET, batch, taps: [] }, sgd);
    expect(lowered(1)).toThrow('tiny normalises maps of 1×1 pixels (bn) over a batch of one image');
    expect(lowered(2)).not.toThrow();
    // Its running statistics are enough for evaluation.
    expect(() => lowerInference(tiny, { target: KERNEL_TARGET, batch: 1, taps: [] })).not.toThrow();
  });

  it('opens a port for each tap and its gradient', () => {
    const program = lowerTraining(network, { target: KERNEL_TARGET, batch: 2, taps: ['block2', 'logits'] }, sgd);
    expect(Object.keys(program.ports).sort()).toEqual(
      ['input', 'logits', 'logits-gradient', 'tap-gradient:block2', 'tap:block2'].sort(),
    );
    expect(program.ports['tap:block2']).toMatchObject({ floats: 2 * 16 * 16 * 32, direction: 'out' });
    expect(program.ports['input']).toMatchObject({ floats: 2 * 32 * 32 * 3, direction: 'in' });
  });

  it('knows the network’s taps only', () => {
    expect(() => lowerInference(network, { target: KERNEL_TARGET, batch: 1, taps: ['block4'] })).toThrow(
      'resnet8 has no tap block4',
    );
  });
});
