import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import type { Network } from '../../../src/ml/network/network.ts';

/** One layer that owns parameters, as a random program lists it. */
const layers = fc.oneof(
  fc.record({
    kind: fc.constant('conv' as const),
    channels: fc.integer({ min: 1, max: 4 }).map((multiple) => 4 * multiple),
    kernel: fc.constantFrom(1, 3, 5),
    groups: fc.constantFrom(1, 2, 4),
    bias: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('norm' as const) }),
  fc.record({ kind: fc.constant('relu' as const) }),
);
const programs = fc.record({
  layers: fc.array(layers, { maxLength: 8 }),
  classes: fc.integer({ min: 1, max: 9 }),
});
type Program = typeof programs extends fc.Arbitrary<infer T> ? T : never;

function build(program: Program): Network {
  const net = new NetworkBuilder('net', { height: 6, width: 5, channels: 4 });
  let x = net.image;
  program.layers.forEach((layer, i) => {
    if (layer.kind === 'norm') x = net.batchNorm(`${i}`, x);
    else if (layer.kind === 'relu') x = net.activation(`${i}`, x);
    else x = net.conv(`${i}`, x, layer);
  });
  return net.classifier(x, { name: 'fc', classes: program.classes });
}

/** The rows of PyTorch's state dict, written down from the program without a builder: `name role shape`. */
function rowsOf({ layers: list, classes }: Program): string[] {
  let channels = 4;
  const rows = list.flatMap((layer, i) => {
    if (layer.kind === 'relu') return [];
    if (layer.kind === 'norm') {
      const leaves = ['weight bn.weight', 'bias bn.bias', 'running_mean bn.mean', 'running_var bn.var'];
      return leaves.map((leaf) => `${i}.${leaf} ${channels}`);
    }
    const inputs = channels / layer.groups;
    channels = layer.channels;
    const weight = `${i}.weight conv.weight ${channels},${inputs},${layer.kernel},${layer.kernel}`;
    return layer.bias ? [weight, `${i}.bias conv.bias ${channels}`] : [weight];
  });
  return [...rows, `fc.weight linear.weight ${classes},${channels}`, `fc.bias linear.bias ${classes}`];
}

describe('parameters of any chain of layers', () => {
  it('stand in the order of the layers, with the shapes and roles of PyTorch’s state dict', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const rows = build(program).parameters.map(({ name, role, shape }) => `${name} ${role} ${shape.join()}`);
        expect(rows).toEqual(rowsOf(program));
      }),
      { seed: 21, numRuns: 200 },
    );
  });

  it('are trained, running statistics alone are not', () => {
    fc.assert(
      fc.property(programs, (program) => {
        for (const { name, trained } of build(program).parameters)
          expect(trained, name).toBe(!/\.running_(mean|var)$/.test(name));
      }),
      { seed: 22 },
    );
  });

  it('can be told from the layers alone: each is owned by one of its name', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const { layers: placed, parameters } = build(program);
        const owners = placed.filter(({ kind }) => kind === 'conv' || kind === 'batch-norm' || kind === 'linear');
        const prefixes = parameters.map(({ name }) => name.slice(0, name.lastIndexOf('.')));
        expect([...new Set(prefixes)]).toEqual(owners.map(({ name }) => name));
      }),
      { seed: 23 },
    );
  });

  it('make a network that is plain data: it goes through JSON and a thread’s message unchanged', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const network = build(program);
        expect(JSON.parse(JSON.stringify(network))).toEqual(network);
        expect(structuredClone(network)).toEqual(network);
      }),
      { seed: 24, numRuns: 30 },
    );
  });
});

describe('a name', () => {
  const fresh = () => new NetworkBuilder('net', { height: 1, width: 1, channels: 2 });

  it.each<[string, (net: NetworkBuilder) => unknown]>([
    ['convolution', (net) => net.conv('twice', net.image, { channels: 1, kernel: 1 })],
    ['linear layer', (net) => net.linear('twice', net.image, 1)],
    ['batch norm', (net) => net.batchNorm('twice', net.image)],
  ])('cannot be had twice by layers with a weight: a %s after a convolution', (_, again) => {
    const net = fresh();
    net.conv('twice', net.image, { channels: 2, kernel: 1 });
    expect(() => again(net)).toThrow(new Error('net: two layers own twice.weight'));
  });

  it('may be had twice by layers that own nothing', () => {
    const net = fresh();
    const twice = net.activation('relu', net.activation('relu', net.image));
    expect(net.ending(twice).parameters).toEqual([]);
  });

  it('is not the name of what it starts with: a.b beside a', () => {
    const net = fresh();
    net.conv('a', net.image, { channels: 2, kernel: 1 });
    net.conv('a.weight', net.image, { channels: 2, kernel: 1 });
    expect(net.ending(0).parameters.map(({ name }) => name)).toEqual(['a.weight', 'a.weight.weight']);
  });
});

describe('the input of a network', () => {
  it.each([
    ['an image, whose gradient nobody wants', undefined, false],
    ['a map of another network, where that is said', true, true],
  ])('is %s', (_, told, differentiable) => {
    const net = new NetworkBuilder('net', { height: 2, width: 3, channels: 4 }, told);
    expect(net.ending(net.image).layers).toEqual([
      { kind: 'input', name: 'input', inputs: [], shape: { height: 2, width: 3, channels: 4 }, differentiable },
    ]);
  });

  it('is the whole network where nothing is placed: as many classes as channels', () => {
    const net = new NetworkBuilder('net', { height: 2, width: 3, channels: 4 });
    expect(net.ending(net.image)).toMatchObject({ classes: 4, taps: {}, parameters: [] });
  });
});

describe('batch norm', () => {
  it('takes ε and momentum each by itself', () => {
    const net = new NetworkBuilder('net', { height: 1, width: 1, channels: 1 });
    net.batchNorm('a', net.image, { eps: 1e-3 });
    net.batchNorm('b', net.image, { momentum: 0.01 });
    net.batchNorm('c', net.image, { eps: 0, momentum: 0 });
    expect(net.ending(0).layers.slice(1)).toMatchObject([
      { eps: 1e-3, momentum: 0.1 },
      { eps: 1e-5, momentum: 0.01 },
      { eps: 0, momentum: 0 },
    ]);
  });
});

describe('taps', () => {
  it('are what was named, in the order of naming, whatever the layers’ order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 6 }), { minLength: 1 }), (order) => {
        const net = new NetworkBuilder('net', { height: 1, width: 1, channels: 1 });
        for (let i = 0; i < 6; i++) net.activation(`act${i}`, i);
        for (const layer of order) expect(net.tap(`tap-${layer}`, layer)).toBe(layer);
        expect(Object.entries(net.ending(6).taps)).toEqual(order.map((layer) => [`tap-${layer}`, layer]));
      }),
      { seed: 25 },
    );
  });
});
