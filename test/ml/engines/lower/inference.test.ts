import { describe, expect, it } from 'vitest';
import { lowerInference } from '../../../../src/ml/engines/lower/lower.ts';
import { ACTIVATIONS } from '../../../../src/ml/engines/primitives.ts';
import type { Operation } from '../../../../src/ml/engines/program.ts';
import { NetworkBuilder } from '../../../../src/ml/network/builder.ts';
import type { LayerIndex, Network } from '../../../../src/ml/network/network.ts';
import { KERNEL_TARGET } from '../../../../src/ml/engines/kernels/target.ts';

/** Operations of a small network's evaluation but for those at its ends. */
function operations(
  build: (net: NetworkBuilder, x: LayerIndex) => LayerIndex,
  taps: readonly string[] = [],
): Operation[] {
  const net = new NetworkBuilder('small', { height: 6, width: 6, channels: 8 });
  const network: Network = net.classifier(build(net, net.image), { name: 'fc', classes: 2 });
  const { forward } = lowerInference(network, { target: KERNEL_TARGET, batch: 1, taps }).sections;
  return forward.slice(0, -3).filter(({ primitive }) => primitive !== 'pad');
}

const kinds = (all: readonly Operation[]): string[] => all.map(({ primitive }) => primitive);
const plain = { channels: 8, kernel: 3 };
const depthwise = { ...plain, groups: 8 };

describe('evaluation', () => {
  it.each([
    { what: 'a dense convolution', options: plain, primitive: 'conv' },
    { what: 'a depthwise convolution', options: depthwise, primitive: 'depthwise' },
    { what: 'a grouped convolution', options: { ...plain, groups: 2 }, primitive: 'grouped-conv' },
  ])('does batch norm, sum and activation within $what', ({ options, primitive }) => {
    const all = operations((net, x) =>
      net.activation('act', net.add('sum', net.batchNorm('bn', net.conv('conv', x, options)), x), 'relu6'),
    );
    expect(kinds(all)).toEqual(['fold-batch-norm', primitive]);
    const operands: Readonly<Record<string, unknown>> = all[1]!.operands;
    expect(operands['scale']).not.toBeNull();
    expect(operands['shift']).not.toBeNull();
    expect(operands['residual']).not.toBeNull();
    expect(all[1]!.numbers).toMatchObject({ activation: ACTIVATIONS.relu6 });
  });

  it('does silu within a convolution', () => {
    const all = operations((net, x) =>
      net.activation('act', net.batchNorm('bn', net.conv('conv', x, depthwise)), 'silu'),
    );
    expect(all[1]).toMatchObject({ primitive: 'depthwise', numbers: { activation: ACTIVATIONS.silu } });
  });

  it('keeps apart what somebody else reads: a tap, a second reader', () => {
    const tapped = operations((net, x) => net.batchNorm('bn', net.tap('here', net.conv('conv', x, plain))), ['here']);
    expect(kinds(tapped)).toEqual(['conv', 'fold-batch-norm', 'affine']);
    const forked = operations((net, x) => {
      const conv = net.conv('conv', x, plain);
      return net.multiply('product', net.batchNorm('bn', conv), conv);
    });
    expect(kinds(forked)).toEqual(['conv', 'fold-batch-norm', 'affine', 'multiply']);
    const joined = operations((net, x) => {
      const conv = net.conv('conv', x, plain);
      return net.concat('joined', [net.batchNorm('bn', conv), conv]);
    });
    expect(kinds(joined)).toEqual(['conv', 'fold-batch-norm', 'affine', 'copy-channels', 'copy-channels']);
  });

  it('leaves a bias before batch norm alone, and a batch norm that follows no convolution', () => {
    const biased = operations((net, x) => net.batchNorm('bn', net.conv('conv', x, { ...plain, bias: true })));
    expect(kinds(biased)).toEqual(['conv', 'fold-batch-norm', 'affine']);
    expect(kinds(operations((net, x) => net.batchNorm('bn', x)))).toEqual(['fold-batch-norm', 'affine']);
  });

  it('passes through dropout and stochastic depth', () => {
    expect(operations((net, x) => net.dropout('drop', net.stochasticDepth('depth', x, 0.2), 0.5))).toEqual([]);
  });
});
