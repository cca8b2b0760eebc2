import { uniforms } from '../random/random.ts';
import type { Network, ParameterSpec, StateDict } from './network.ts';

/** FNV-1a of a name's UTF-8 bytes: the stream index of a parameter. */
function nameHash(name: string): number {
  return new TextEncoder().encode(name).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** Normal numbers by Box & Muller's transform of pairs of uniform ones: of an odd number of values the last pair is half used. */
function fillNormal(values: Float32Array, deviation: number, uniform: () => number): void {
  for (let i = 0; i < values.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    values[i] = radius * Math.cos(angle) * deviation;
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle) * deviation;
  }
}

function fillWithin(values: Float32Array, bound: number, uniform: () => number): void {
  for (let i = 0; i < values.length; i++) values[i] = (2 * uniform() - 1) * bound;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Inputs of one output of the layer that owns a bias: from its weight. */
function fanIn(network: Network, bias: ParameterSpec): number {
  const weight = network.parameters.find((spec) => spec.name === bias.name.replace(/\.bias$/, '.weight'));
  return sizeOf(weight?.shape.slice(1) ?? [1]);
}

/** Fills a parameter that is all zeros. */
function draw(network: Network, spec: ParameterSpec, values: Float32Array, uniform: () => number): void {
  switch (spec.role) {
    case 'conv.weight':
      fillNormal(values, Math.sqrt(2 / ((spec.shape[0] ?? 1) * sizeOf(spec.shape.slice(2)))), uniform);
      return;
    case 'linear.weight':
      fillWithin(values, 1 / Math.sqrt(sizeOf(spec.shape.slice(1))), uniform);
      return;
    case 'conv.bias':
    case 'linear.bias':
      fillWithin(values, 1 / Math.sqrt(fanIn(network, spec)), uniform);
      return;
    case 'bn.weight':
    case 'bn.var':
      values.fill(1);
      return;
    case 'bn.bias':
    case 'bn.mean':
  }
}

/**
 * Initial values of a network. Convolutions are normal with variance 2 / (out · k²) (He et al. 2015, fan-out), linear
 * layers and biases uniform in ±1/√fan_in (PyTorch's default), batch norm scales 1 and shifts 0, statistics 0 and 1.
 * A parameter's values depend on the seed and its name alone, so that a change elsewhere in the network moves nothing.
 *
 * @param network - whose parameters
 * @param seed - the stage's seed
 * @returns every state-dict entry, PyTorch's names and layouts
 */
export function initialState(network: Network, seed: number): StateDict {
  return new Map(
    network.parameters.map((spec) => {
      const values = new Float32Array(sizeOf(spec.shape));
      draw(network, spec, values, uniforms(seed, 'init', 0, nameHash(spec.name)));
      return [spec.name, values];
    }),
  );
}
