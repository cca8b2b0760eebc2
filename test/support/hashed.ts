import type { Network, ParameterSpec, StateDict } from '../../src/ml/network/network.ts';

/** FNV-1a of a name's UTF-8 bytes. */
function nameHash(name: string): number {
  return new TextEncoder().encode(name).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** Uniform numbers in [0, 1) that depend on name and index alone: the rule of test/fixtures/hash.json, which test/reference/hashed.py has too. */
export function hashed(name: string, count: number): Float64Array {
  const seed = nameHash(name);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    let x = (seed + Math.imul(index, 0x9e3779b1)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    values[index] = ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  }
  return values;
}

/** Numbers in ±scale. */
export function signed(name: string, count: number, scale = 1): Float32Array {
  return new Float32Array(hashed(name, count).map((u) => (2 * u - 1) * scale));
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

function hashedValue(spec: ParameterSpec, gain: number): Float32Array {
  const size = sizeOf(spec.shape);
  if (spec.role === 'bn.weight' || spec.role === 'bn.var')
    return new Float32Array(hashed(spec.name, size).map((u) => 0.5 + u));
  const isWeight = spec.role === 'conv.weight' || spec.role === 'linear.weight';
  return signed(spec.name, size, isWeight ? gain * Math.sqrt(3 / sizeOf(spec.shape.slice(1))) : 0.1);
}

/** A network's state with hash-made values; `gain` multiplies the weights, so that activations stay of order 1. */
export function hashedState(network: Network, gain = 1): StateDict {
  return new Map(network.parameters.map((spec) => [spec.name, hashedValue(spec, gain)]));
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

/** Reorders [N, H, W, C] to [N, C, H, W]. */
export function channelsFirst(values: Float32Array, { batch, height, width, channels }: MapShape): Float32Array {
  const area = height * width;
  return Float32Array.from(values, (_, index) => {
    const n = Math.floor(index / (channels * area)) % batch;
    const c = Math.floor(index / area) % channels;
    return values[(n * area + (index % area)) * channels + c] ?? NaN;
  });
}
