import { describe, expect, it } from 'vitest';
import { lowerTraining } from '../../../../src/ml/engines/lower/lower.ts';
import type { Operation } from '../../../../src/ml/engines/program.ts';
import { NetworkBuilder } from '../../../../src/ml/network/builder.ts';
import type { LayerIndex } from '../../../../src/ml/network/network.ts';
import { KERNEL_TARGET } from '../../../../src/ml/engines/kernels/target.ts';

const sgd = { name: 'sgd', momentum: 0, nesterov: false } as const;

/** Operations of the backward pass after the head's. */
function backward(build: (net: NetworkBuilder, x: LayerIndex) => LayerIndex): Operation[] {
  const net = new NetworkBuilder('small', { height: 6, width: 6, channels: 8 });
  const x = net.conv('first', net.image, { channels: 8, kernel: 1 });
  const network = net.classifier(build(net, x), { name: 'fc', classes: 2 });
  const all = lowerTraining(network, { target: KERNEL_TARGET, batch: 2, taps: [] }, sgd).sections.backward;
  return all.slice(all.findIndex(({ primitive }) => primitive === 'average-pool-gradient') + 1);
}

/** All operations of an adapter from some channels to others. */
function adapterOf(from: number, to: number): Operation[] {
  const net = new NetworkBuilder('adapter', { height: 6, width: 6, channels: from }, true);
  const network = net.ending(net.conv('conv', net.image, { channels: to, kernel: 3 }));
  const { forward, backward } = lowerTraining(network, { target: KERNEL_TARGET, batch: 2, taps: [] }, sgd).sections;
  return [...forward, ...backward];
}

const kinds = (all: readonly Operation[]): string[] => all.map(({ primitive }) => primitive);
const numbersOf = (all: readonly Operation[], primitive: string): unknown[] =>
  all.filter((operation) => operation.primitive === primitive).map(({ numbers }) => numbers);

describe('arrays of the caller', () => {
  it('are read and written where they lie, where no channel is padding', () => {
    expect(kinds(adapterOf(8, 16))).toEqual(['conv', 'conv-filter-gradient', 'conv-input-gradient']);
  });

  it('are copied to and from padded ones elsewhere', () => {
    const products = ['conv', 'conv-filter-gradient', 'conv-input-gradient'];
    expect(kinds(adapterOf(6, 8))).toEqual(['pad', ...products, 'copy-channels']);
    const [conv, ...gradients] = products;
    expect(kinds(adapterOf(8, 6))).toEqual([conv, 'copy-channels', 'copy-channels', ...gradients]);
  });
});

describe('a gradient', () => {
  it('is written by the first reader that hands one over, and added to by the others', () => {
    const all = backward((net, x) => {
      const [a, b] = ['a', 'b'].map((name) => net.activation(name, x, 'silu'));
      return net.concat('joined', [a!, b!, x]);
    });
    // x itself comes first, then the two activations, the last first.
    expect(numbersOf(all, 'copy-channels')).toMatchObject([
      { from: 0, accumulate: 0 },
      { from: 8, accumulate: 0 },
      { from: 16, accumulate: 0 },
    ]);
    expect(numbersOf(all, 'activation-gradient')).toMatchObject([{ accumulate: 1 }, { accumulate: 1 }]);
    expect(kinds(all).at(-1)).toBe('conv-filter-gradient');
  });

  it('of a slice leaves the channels before it at 0 where nobody has handed one over yet', () => {
    const all = backward((net, x) => {
      const [kept, rest] = [0, 3].map((start) => net.slice('part', x, { start, channels: 3 + start / 3 }));
      return net.concat('joined', [kept!, rest!]);
    });
    // Last first: the second slice finds no gradient, the first one adds to it.
    expect(kinds(all)).toEqual([
      ...['copy-channels', 'copy-channels'],
      ...['zero', 'copy-channels', 'copy-channels'],
      'conv-filter-gradient',
    ]);
    expect(numbersOf(all, 'copy-channels').slice(2)).toMatchObject([
      { to: 3, channels: 4, accumulate: 1 },
      { to: 0, channels: 3, accumulate: 1 },
    ]);
  });

  it('of interleaved maps goes back from every second channel', () => {
    const all = backward((net, x) => {
      const [a, b] = ['a', 'b'].map((name) => net.activation(name, x, 'silu'));
      return net.concat('shuffle', [a!, b!], { interleaved: true });
    });
    expect(numbersOf(all, 'copy-channels')).toMatchObject([
      { from: 0, fromStep: 2, toStep: 1, channels: 8 },
      { from: 1, fromStep: 2, toStep: 1, channels: 8 },
    ]);
  });

  it('of both factors of a square goes to the same place', () => {
    const all = backward((net, x) => net.multiply('square', x, x));
    expect(kinds(all)).toEqual(['multiply', 'multiply-gradient', 'conv-filter-gradient']);
    expect(numbersOf(all, 'multiply')).toMatchObject([{ area: 1, accumulate: 0 }]);
    expect(numbersOf(all, 'multiply-gradient')).toMatchObject([{ area: 1, accumulate: 1 }]);
  });

  it('of a gate is a sum over the pixels of an image', () => {
    const all = backward((net, x) => net.multiply('gate', x, net.globalAveragePool('squeeze', x)));
    expect(numbersOf(all, 'multiply-gradient')).toMatchObject([{ rows: 72, area: 36, accumulate: 0 }]);
  });

  it('of a smooth activation is taken at its input, of a ReLU at its output', () => {
    const operandsOf = (fn: 'relu' | 'silu') =>
      backward((net, x) => net.activation('act', x, fn)).find(({ primitive }) => primitive === 'activation-gradient')!
        .operands as Readonly<Record<string, unknown>>;
    const forwardOf = (fn: 'relu' | 'silu') => {
      const net = new NetworkBuilder('small', { height: 6, width: 6, channels: 8 });
      const x = net.conv('first', net.image, { channels: 8, kernel: 1 });
      const network = net.classifier(net.activation('act', x, fn), { name: 'fc', classes: 2 });
      const { forward } = lowerTraining(network, { target: KERNEL_TARGET, batch: 2, taps: [] }, sgd).sections;
      return forward.find(({ primitive }) => primitive === 'activation')!.operands as Readonly<Record<string, unknown>>;
    };
    expect(operandsOf('silu')['x']).toEqual(forwardOf('silu')['x']);
    expect(operandsOf('relu')['x']).toEqual(forwardOf('relu')['y']);
  });

  it('of what never reaches the logits is not computed', () => {
    const all = backward((net, x) => {
      net.conv('aside', x, { channels: 8, kernel: 3 });
      return x;
    });
    expect(kinds(all)).toEqual(['conv-filter-gradient']);
  });
});

describe('a depthwise filter gradient', () => {
  it.each([
    // 256 pixels are worth a part of their own, up to 32 parts, at least one.
    { batch: 1, side: 4, chunks: 1 },
    { batch: 4, side: 16, chunks: 4 },
    { batch: 64, side: 64, chunks: 32 },
  ])('is summed over $chunks parts of $batch maps of $side×$side, whatever the threads', ({ batch, side, chunks }) => {
    const net = new NetworkBuilder('small', { height: side, width: side, channels: 8 });
    const x = net.conv('depthwise', net.conv('first', net.image, { channels: 16, kernel: 1 }), {
      channels: 16,
      kernel: 5,
      groups: 16,
    });
    const network = net.classifier(x, { name: 'fc', classes: 2 });
    const program = lowerTraining(network, { target: KERNEL_TARGET, batch, taps: [] }, sgd);
    const found = program.sections.backward.find(({ primitive }) => primitive === 'depthwise-filter-gradient');
    expect(found?.numbers).toMatchObject({ chunks });
  });
});
