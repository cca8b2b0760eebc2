import { at } from '../../util/at.ts';

/** Names of independent random streams. */
export type Stream =
  | 'init'
  | 'split'
  | 'shuffle'
  | 'augment'
  | 'erase'
  | 'mix'
  | 'dropout'
  | 'depth'
  | 'mask'
  | 'bank'
  | 'contrast'
  | 'term'
  | 'view';

/** Key of each stream; the C kernels have those that they draw from. */
export const streams: Readonly<Record<Stream, number>> = {
  init: 0x1b873593,
  split: 0x9e3779b1,
  shuffle: 0x85ebca6b,
  augment: 0xc2b2ae35,
  erase: 0x9fb21c65,
  mix: 0x2545f491,
  dropout: 0x27d4eb2f,
  depth: 0x94d049bb,
  mask: 0x165667b1,
  bank: 0xd6e8feb9,
  contrast: 0xa0761d65,
  term: 0xe7037ed1,
  view: 0x8ebc6af1,
};

/** Bijective 32-bit finaliser (MurmurHash3 fmix32, Appleby). */
function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * Counter-based random bits: a pure function of (seed, stream, step, index), so that a resumed or regrouped
 * run draws the same bits as an uninterrupted one.
 *
 * @param seed - the stage's seed, any integer
 * @param stream - which independent stream
 * @param step - position of the draw in the run, e.g. epoch or global step; integer ≥ 0
 * @param index - position within the step, e.g. image index; integer ≥ 0
 * @returns 32 random bits as an unsigned integer
 */
export function bits(seed: number, stream: Stream, step: number, index: number): number {
  let state = mix((seed ^ streams[stream]) >>> 0);
  state = mix((state + Math.imul(step, 0x9e3779b1)) >>> 0);
  return mix((state + Math.imul(index, 0x9e3779b1) + 0x7f4a7c15) >>> 0);
}

/**
 * A sequence of uniform numbers that belongs to one (seed, stream, step, index).
 *
 * @param seed - the stage's seed
 * @param stream - which independent stream
 * @param step - e.g. epoch
 * @param index - e.g. image index
 * @returns a function whose n-th call gives the n-th uniform number in [0, 1), with 32 bits
 */
export function uniforms(seed: number, stream: Stream, step: number, index: number): () => number {
  const key = bits(seed, stream, step, index);
  let counter = 0;
  return () => mix((key + Math.imul(++counter, 0x9e3779b1)) >>> 0) / 2 ** 32;
}

/**
 * A permutation of 0 … n−1 (Fisher–Yates) that depends on seed, stream and step alone.
 *
 * @param n - number of elements
 * @param seed - the stage's seed
 * @param stream - usually `shuffle`
 * @param step - e.g. epoch
 * @returns the permuted indices
 */
export function permutation(n: number, seed: number, stream: Stream, step: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, index) => index);
  for (let last = n - 1; last > 0; last--) {
    const pick = Math.floor((bits(seed, stream, step, last) / 2 ** 32) * (last + 1));
    const held = at(order, last);
    order[last] = at(order, pick);
    order[pick] = held;
  }
  return order;
}
