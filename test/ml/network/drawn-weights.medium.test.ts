import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { Network, ParameterSpec, Role } from '../../../src/ml/network/network.ts';

const network = (parameters: readonly ParameterSpec[]): Network => ({
  ...{ model: 'net', input: { height: 1, width: 1, channels: 1 }, classes: 1, layers: [], taps: {} },
  parameters,
});
const spec = (name: string, role: Role, shape: readonly number[]): ParameterSpec => ({
  ...{ name, role, shape },
  trained: role !== 'bn.mean' && role !== 'bn.var',
});
const drawn = (seed: number, ...parameters: readonly ParameterSpec[]) => initialState(network(parameters), seed);

/** All layers that own something, once each. */
function everyRole(): Network {
  const net = new NetworkBuilder('net', { height: 4, width: 4, channels: 3 });
  const x = net.batchNorm('bn', net.conv('conv', net.image, { channels: 8, kernel: 3, bias: true }));
  return net.classifier(x, { name: 'fc', classes: 5 });
}

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0) / values.length;
/** Share of values below a bound. */
const below = (values: Float32Array, bound: number) => values.filter((value) => value < bound).length / values.length;

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** Larger than a share of so many draws is off by chance, once in a million. */
const margin = (count: number) => 5 * Math.sqrt(0.25 / count);

describe('convolution weights of any seed', () => {
  it('have He’s fan-out variance and no mean, whatever their shape', () => {
    const shapes = fc.constantFrom([64, 32, 3, 3], [256, 64, 1, 1], [960, 1, 5, 5], [96, 3, 7, 7]);
    fc.assert(
      fc.property(seeds, shapes, (seed, shape) => {
        const values = drawn(seed, spec('w', 'conv.weight', shape)).get('w')!;
        const [out = 0, , height = 0, width = 0] = shape;
        const expected = 2 / (out * height * width);
        const count = values.length;
        expect(Math.abs(mean(values))).toBeLessThan(5 * Math.sqrt(expected / count));
        expect(Math.abs(variance(values) / expected - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
      }),
      { seed: 41, numRuns: 12 },
    );
  });

  it('have the quantiles of the normal distribution', () => {
    const values = drawn(9, spec('w', 'conv.weight', [100, 200, 1, 1])).get('w')!;
    const deviation = Math.sqrt(2 / 100);
    // Φ of −2, −1, −½, 0, 1, 2.
    const quantiles = [
      [-2, 0.02275],
      [-1, 0.158655],
      [-0.5, 0.308538],
      [0, 0.5],
      [1, 0.841345],
      [2, 0.97725],
    ] as const;
    for (const [z, share] of quantiles)
      expect(Math.abs(below(values, z * deviation) - share), `${z} deviations`).toBeLessThan(margin(values.length));
  });

  it('are drawn each by itself: neighbours, and the two of a Box–Muller pair, are uncorrelated', () => {
    const values = drawn(3, spec('w', 'conv.weight', [2, 20_000, 1, 1])).get('w')!;
    for (const lag of [1, 2, 3]) {
      let sum = 0;
      for (let i = lag; i < values.length; i++) sum += values[i]! * values[i - lag]!;
      expect(Math.abs(sum / values.length)).toBeLessThan(5 / Math.sqrt(values.length));
    }
  });

  it('come to the last one of an odd number', () => {
    const values = drawn(1, spec('w', 'conv.weight', [1, 7, 1, 1])).get('w')!;
    expect(new Set(values).size).toBe(7);
    expect([...values.subarray(0, 5)]).toEqual([...drawn(1, spec('w', 'conv.weight', [1, 5, 1, 1])).get('w')!]);
  });
});

describe('linear weights and biases of any seed', () => {
  const roles = fc.constantFrom<readonly [Role, Role, readonly number[]]>(
    ['linear.weight', 'linear.bias', [2000, 16]],
    ['conv.weight', 'conv.bias', [2000, 3, 3, 3]],
  );

  it('are uniform within one over the root of the layer’s inputs', () => {
    fc.assert(
      fc.property(seeds, roles, (seed, [weightRole, biasRole, shape]) => {
        const state = drawn(seed, spec('l.weight', weightRole, shape), spec('l.bias', biasRole, [2000]));
        const bound = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1));
        const uniform = [state.get('l.bias')!, ...(weightRole === 'linear.weight' ? [state.get('l.weight')!] : [])];
        for (const values of uniform) {
          for (const value of values) expect(Math.abs(value)).toBeLessThanOrEqual(bound);
          for (const part of [-0.5, 0, 0.5])
            expect(Math.abs(below(values, part * bound) - (part + 1) / 2)).toBeLessThan(margin(values.length));
        }
      }),
      { seed: 42, numRuns: 8 },
    );
  });

  it('take the fan of a bias from the weight of its own layer', () => {
    const state = drawn(
      5,
      spec('wide.weight', 'linear.weight', [500, 10_000]),
      spec('wide.bias', 'linear.bias', [500]),
      spec('narrow.weight', 'linear.weight', [500, 4]),
      spec('narrow.bias', 'linear.bias', [500]),
    );
    const largest = (name: string) => Math.max(...state.get(name)!.map(Math.abs));
    expect(largest('wide.bias')).toBeLessThanOrEqual(0.01);
    expect(largest('narrow.bias')).toBeGreaterThan(0.45);
    expect(largest('narrow.bias')).toBeLessThanOrEqual(0.5);
  });
});

describe('a state', () => {
  it('is the same bytes for the same seed, and other ones for every other seed', () => {
    const bytes = (seed: number) => Buffer.concat([...initialState(everyRole(), seed).values()].map(toBytes));
    fc.assert(
      fc.property(seeds, seeds, (one, other) => {
        fc.pre(one !== other);
        expect(bytes(one).equals(bytes(one))).toBe(true);
        expect(bytes(one).equals(bytes(other))).toBe(false);
      }),
      { seed: 43 },
    );
  });

  it('does not change with the order of the parameters, or with others beside them', () => {
    const { parameters } = everyRole();
    const whole = initialState(everyRole(), 8);
    fc.assert(
      fc.property(fc.shuffledSubarray([...parameters]), (some) => {
        // A bias finds its fan in its weight, so that layers stay whole.
        const owners = new Set(some.map(({ name }) => name.replace(/\.[^.]*$/, '')));
        const kept = parameters.filter(({ name }) => owners.has(name.replace(/\.[^.]*$/, '')));
        for (const [name, values] of drawn(8, ...kept.toReversed())) expect(values).toEqual(whole.get(name));
      }),
      { seed: 44 },
    );
  });

  it('gives equal layers of other names other values', () => {
    const names = Array.from({ length: 200 }, (_, i) => `layer${i % 4}.${Math.floor(i / 4)}.conv.weight`);
    const state = drawn(0, ...names.map((name) => spec(name, 'conv.weight', [1, 2, 1, 1])));
    expect(new Set([...state.values()].map(String)).size).toBe(200);
  });

  it('is a copy each time: training one network leaves the next one’s start alone', () => {
    const first = initialState(everyRole(), 6);
    for (const values of first.values()) values.fill(NaN);
    for (const values of initialState(everyRole(), 6).values()) expect(values).not.toContain(NaN);
  });

  it('holds a scale of 1, a shift of 0, a mean of 0 and a variance of 1 whatever the seed', () => {
    const norms = ['bn.weight', 'bn.bias', 'bn.mean', 'bn.var'] as const;
    fc.assert(
      fc.property(seeds, (seed) => {
        const state = drawn(seed, ...norms.map((role) => spec(role, role, [3])));
        expect([...state.values()].map((values) => [...values])).toEqual([
          [1, 1, 1],
          [0, 0, 0],
          [0, 0, 0],
          [1, 1, 1],
        ]);
      }),
      { seed: 45, numRuns: 20 },
    );
  });
});

const toBytes = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
