import type { Network, ParameterSpec, StateDict } from '../../src/ml/network/network.ts';

/** FNV-1a of a name's UTF-8 bytes. */
function nameHash(name: string): number {
  return new TextEncoder().encode(name).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** Uniform numbers in [0, 1) that depend on name and index alone; test/reference/make_networks.py has the same. */
export function hashed(name: string, count: number): Float64Array {
  const seed = nameHash(name);
  return Float64Array.from({ length: count }, (_, index) => {
    let x = (seed + Math.imul(index, 0x9e3779b1)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  });
}

/** Numbers in ±scale. */
export function signed(name: string, count: number, scale = 1): Float32Array {
  return Float32Array.from(hashed(name, count), (u) => (2 * u - 1) * scale);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

function hashedValue(spec: ParameterSpec): Float32Array {
  const size = sizeOf(spec.shape);
  if (spec.role === 'bn.weight' || spec.role === 'bn.var')
    return Float32Array.from(hashed(spec.name, size), (u) => 0.5 + u);
  const isWeight = spec.role === 'conv.weight' || spec.role === 'linear.weight';
  return signed(spec.name, size, isWeight ? Math.sqrt(3 / sizeOf(spec.shape.slice(1))) : 0.1);
}

/** A network's state with hash-made values. */
export function hashedState(network: Network): StateDict {
  return new Map(network.parameters.map((spec) => [spec.name, hashedValue(spec)]));
}

/** Dimensions of feature maps. */
export interface MapShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Reorders [N, C, H, W] to [N, H, W, C]. */
export function channelsLast(values: ArrayLike<number>, { batch, height, width, channels }: MapShape): Float32Array {
  const out = new Float32Array(batch * height * width * channels);
  const area = height * width;
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < area; i++) out[(n * area + i) * channels + c] = values[(n * channels + c) * area + i] ?? NaN;
  return out;
}
