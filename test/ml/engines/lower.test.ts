import { describe, expect, it } from 'vitest';
import { lowerInference, lowerTraining } from '../../../src/ml/engines/lower/lower.ts';
import { unitsOf } from '../../../src/ml/engines/lower/units.ts';
import type { Program, Section } from '../../../src/ml/engines/program.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';

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

describe('lowering', () => {
  it('folds every batch norm into its convolution for evaluation', () => {
    expect(counts(lowerInference(network, { batch: 1, taps: [] }), 'forward')).toEqual({
      'copy-channels': 2,
      conv: 10,
      'fold-batch-norm': 9,
      'average-pool': 1,
    });
  });

  it('makes one gradient per product and norm, and none for the image', () => {
    const program = lowerTraining(network, { batch: 1, taps: [] }, sgd);
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

  it('opens a port for each tap and its gradient', () => {
    const program = lowerTraining(network, { batch: 2, taps: ['block2', 'logits'] }, sgd);
    expect(Object.keys(program.ports).sort()).toEqual(
      ['input', 'logits', 'logits-gradient', 'tap-gradient:block2', 'tap:block2'].sort(),
    );
    expect(program.ports['tap:block2']).toMatchObject({ floats: 2 * 16 * 16 * 32, direction: 'out' });
    expect(program.ports['input']).toMatchObject({ floats: 2 * 32 * 32 * 3, direction: 'in' });
  });

  it('knows the network’s taps only', () => {
    expect(() => lowerInference(network, { batch: 1, taps: ['block4'] })).toThrow('resnet8 has no tap block4');
  });
});
