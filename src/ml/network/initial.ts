import { uniforms } from '../random/random.ts';
import type { Network, ParameterSpec, StateDict } from './network.ts';

/** FNV-1a of a name's UTF-8 bytes: the stream index of a parameter. */
function nameHash(name: string): number {
  return new TextEncoder().encode(name).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** Standard normal numbers by Box & Muller's transform of pairs of uniform ones. */
function normals(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Inputs of one output of the layer that owns a bias: from its weight. */
function fanIn(network: Network, bias: ParameterSpec): number {
  const weight = network.parameters.find((spec) => spec.name === bias.name.replace(/\.bias$/, '.weight'));
  return sizeOf(weight?.shape.slice(1) ?? [1]);
}

/** How one value of a parameter is drawn. */
function draw(network: Network, spec: ParameterSpec, uniform: () => number): () => number {
  const within = (bound: number) => () => (2 * uniform() - 1) * bound;
  switch (spec.role) {
    case 'conv.weight': {
      const normal = normals(uniform);
      const deviation = Math.sqrt(2 / ((spec.shape[0] ?? 1) * sizeOf(spec.shape.slice(2))));
      return () => normal() * deviation;
    }
    case 'linear.weight':
      return within(1 / Math.sqrt(sizeOf(spec.shape.slice(1))));
    case 'conv.bias':
    case 'linear.bias':
      return within(1 / Math.sqrt(fanIn(network, spec)));
    case 'bn.weight':
    case 'bn.var':
      return () => 1;
    default:
      return () => 0;
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
      const next = draw(network, spec, uniforms(seed, 'init', 0, nameHash(spec.name)));
      return [spec.name, new Float32Array(sizeOf(spec.shape)).map(next)];
    }),
  );
}
