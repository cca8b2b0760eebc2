import fc from 'fast-check';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import type { ActivationLayer, LayerIndex, Network } from '../../../src/ml/network/network.ts';

const KINDS = [
  'conv',
  'batch-norm',
  'activation',
  'add',
  'multiply',
  'concat',
  'slice',
  'pool',
  'dropout',
  'stochastic-depth',
] as const;
const FUNCTIONS = ['relu', 'relu6', 'silu', 'sigmoid', 'hard-sigmoid'] as const;

/** One more layer on top of the last; what a number does not suit is brought into range. */
interface Step {
  readonly kind: (typeof KINDS)[number];
  /** Which earlier layer of a shape that fits is the second operand. */
  readonly other: number;
  readonly function: ActivationLayer['function'];
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: 'one' | 'each';
  readonly flag: boolean;
  readonly tapped: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  other: fc.nat(20),
  function: fc.constantFrom(...FUNCTIONS),
  channels: fc.integer({ min: 1, max: 19 }),
  kernel: fc.constantFrom(1, 3),
  stride: fc.constantFrom(1, 1, 2),
  groups: fc.constantFrom('one', 'one', 'each'),
  flag: fc.boolean(),
  tapped: fc.boolean(),
});

/** The layers among which a second operand may be chosen: the last one and all before it whose shape suits. */
function choose(net: NetworkBuilder, last: LayerIndex, { other, kind }: Step): LayerIndex {
  const { height, width, channels } = net.shape(last);
  const suits = (layer: LayerIndex): boolean => {
    const shape = net.shape(layer);
    return shape.height === height && shape.width === width && (kind === 'concat' || shape.channels === channels);
  };
  const all = Array.from({ length: last + 1 }, (_, layer) => layer).filter(suits);
  return all[other % all.length] ?? last;
}

function place(net: NetworkBuilder, last: LayerIndex, made: Step): LayerIndex {
  const name = `${made.kind}${last + 1}`;
  const { kernel, stride, flag } = made;
  switch (made.kind) {
    case 'conv': {
      const { channels } = net.shape(last);
      const one = made.groups === 'one';
      const options = { channels: one ? made.channels : channels, groups: one ? 1 : channels };
      return net.conv(name, last, { ...options, kernel, stride, bias: flag });
    }
    case 'batch-norm':
      return net.batchNorm(name, last);
    case 'activation':
      return net.activation(name, last, made.function);
    case 'add':
      return net.add(name, ...pair(last, choose(net, last, made), flag));
    case 'multiply': {
      // A gate below 1 keeps values of order 1, however many products follow one another.
      const gate = net.activation(`${name}.gate`, choose(net, last, made), 'sigmoid');
      return net.multiply(name, ...pair(last, gate, flag));
    }
    case 'concat': {
      const parts = pair(last, choose(net, last, made), flag);
      const interleaved = net.shape(parts[0]).channels === net.shape(parts[1]).channels && made.stride === 1;
      return net.concat(name, parts, { interleaved });
    }
    case 'slice': {
      const { channels } = net.shape(last);
      const start = made.other % channels;
      return net.slice(name, last, { start, channels: Math.min(made.channels, channels - start) });
    }
    case 'pool':
      return net.pool(name, last, flag ? 'max' : 'average', {
        kernel: 3,
        stride,
        padding: 1,
        countPadding: made.other % 2 > 0,
      });
    case 'dropout':
      return net.dropout(name, last, 0.25);
    case 'stochastic-depth':
      return net.stochasticDepth(name, last, 0.5);
  }
}

const pair = (a: LayerIndex, b: LayerIndex, swapped: boolean): [LayerIndex, LayerIndex] => (swapped ? [b, a] : [a, b]);

/**
 * Networks of any layers in any order over a small map, each layer on top of the one before, with sums, products and joins
 * that reach back to whatever suits; some of the layers are taps.
 */
export const networks: fc.Arbitrary<Network> = fc
  .record({
    steps: fc.array(step, { minLength: 1, maxLength: 12 }),
    channels: fc.integer({ min: 1, max: 9 }),
    differentiable: fc.boolean(),
  })
  .map(({ steps, channels, differentiable }) => {
    const net = new NetworkBuilder('random', { height: 5, width: 6, channels }, differentiable);
    let last = net.image;
    for (const made of steps) {
      last = place(net, last, made);
      if (made.tapped) net.tap(`at${last}`, last);
    }
    return net.classifier(last, { name: 'head', classes: 3 });
  });
