import { describe, expect, it } from 'vitest';
import { graphNodes } from '../../../src/ml/export/tfjs/graph.ts';
import { graphModelFiles } from '../../../src/ml/export/tfjs/model-json.ts';
import { modelOf } from './support/exported.ts';

const ENDS = { image: 'image', logits: 'logits' };

interface Model {
  readonly modelTopology: { readonly node: readonly { name: string; op: string; input?: readonly string[] }[] };
  readonly weightsManifest: [
    { readonly paths: readonly string[]; readonly weights: readonly { name: string; shape: readonly number[] }[] },
  ];
}

describe('a graph model', () => {
  // shuffle_v1 has convolutions in groups, shuffled channels and 0.9 million parameters; vgg8_bn has 3.9 million: four files.
  it.each([
    ['shuffle_v1', 1],
    ['vgg8_bn', 4],
  ] as const)('of %s has each of its constants, once, in files of 4 MiB', (name, count) => {
    const { network, state } = modelOf(name);
    const nodes = graphNodes(network, state, ENDS);
    const files = graphModelFiles({ nodes, ends: ENDS, inputShape: [-1, 32, 32, 3], classes: 10, facts: {} });
    const { modelTopology, weightsManifest } = JSON.parse(String(files.get('model.json'))) as Model;
    const [{ paths, weights }] = weightsManifest;
    const names = modelTopology.node.map((node) => node.name);
    const constants = modelTopology.node.filter(({ op }) => op === 'Const').map((node) => node.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { input = [] } of modelTopology.node)
      for (const from of input) expect(names).toContain(from.replace(/:\d+$/, ''));
    expect(weights.map((one) => one.name)).toEqual(constants);
    const sizes = paths.map((path) => files.get(path)!.length);
    expect([sizes.length, Math.max(...sizes) <= 2 ** 22]).toEqual([count, true]);
    const values = weights.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(4 * values);
    for (const parameter of network.parameters.filter(({ shape }) => shape.length === 1))
      expect(constants).toContain(parameter.name);
  });
});
