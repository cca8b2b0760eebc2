import { describe, expect, it } from 'vitest';
import type { Model } from '../../../src/ml/models/model.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { isLayerTable, layerTable, networkFrom, type LayerTable } from '../../../src/ml/network/layer-table.ts';
import type { Network } from '../../../src/ml/network/network.ts';

const square = (side: number) => ({ height: side, width: side, channels: 3 });
/** As it stands in a file. */
const written = (network: Network): unknown => JSON.parse(JSON.stringify(layerTable(network)));
const small = models.convnet4.build(square(8), 3);

describe('layerTable', () => {
  it.each(Object.entries<Model>(models))('says all of %s, at any size', (name, model) => {
    const { side, classes } = model.nominal;
    const network = model.build(square(side), classes);
    const table = written(network);
    if (!isLayerTable(table)) throw new Error('it is no table');
    expect(networkFrom(network.model, table, network.input)).toEqual(network);
    // Of large images vgg has a pool more.
    if (name.startsWith('vgg')) return;
    expect(networkFrom(network.model, table, square(2 * side))).toEqual(model.build(square(2 * side), classes));
  });

  it.each([
    ['an unknown layer', 'layers.0.kind', 'constructor'],
    ['a layer that reads itself', 'layers.0.inputs', [1]],
    ['a layer that reads nothing', 'layers.0.inputs', []],
    ['a name that is more than one', 'layers.0.name', 'a"; import os'],
    ['a window of no size', 'layers.0.kernel', 0],
    ['channels without end', 'layers.0.channels', 1e12],
    ['an option more', 'layers.0.more', 1],
    ['an option less', 'layers.0.bias', undefined],
    ['a tap of no layer', 'taps.block1', 99],
  ])('refuses %s', (_, path, value) => {
    const table = written(small) as Record<string, unknown>;
    const [at, ...rest] = path.split('.').reverse();
    const parent = rest.reduceRight((of, name) => of[name] as Record<string, unknown>, table);
    parent[at!] = value;
    expect(isLayerTable(JSON.parse(JSON.stringify(table)))).toBe(false);
  });

  it.each([
    ['ends elsewhere', (table: LayerTable) => ({ ...table, layers: table.layers.slice(0, -1) }), 'does not end in'],
    [
      'has no tap of its features',
      ({ layers, taps: { pooled: _, ...taps } }: LayerTable) => ({ layers, taps }),
      'pooled',
    ],
    [
      'grows without end',
      ({ layers: [first, ...others], taps }: LayerTable) => ({
        layers: [{ ...first!, padding: 2 ** 20 }, ...others],
        taps,
      }),
      'block1.conv makes maps of 2097158×2097158×4',
    ],
  ])('makes no network of one that %s', (_, change, said) => {
    expect(() => networkFrom('mine', change(layerTable(small)), small.input)).toThrow(said);
  });
});
