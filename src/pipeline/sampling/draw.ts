import { createHash } from 'node:crypto';
import { mostDimensions, sobolBits, sobolBitsOf } from './sobol.ts';

/** How the numbers of trials are drawn. */
export const samplers = ['random', 'sobol'] as const;

/** One of {@link samplers}. */
export type Sampler = (typeof samplers)[number];

/** What a number is drawn for. */
export interface Draw {
  readonly seed: number;
  /** From 0. */
  readonly trial: number;
  readonly parameter: string;
  /** Place of the parameter among those that are sampled, by name. */
  readonly dimension: number;
}

/** Most parameters that a sampler knows. */
export const mostParameters: Readonly<Record<Sampler, number>> = { random: Infinity, sobol: mostDimensions };

/** Whole number below 2^48 that a text stands for. */
const hashed = (...words: readonly (string | number)[]): number =>
  createHash('sha256').update(JSON.stringify(words)).digest().readUIntBE(0, 6);

/**
 * Draws a number: a pure function, so that a trial is the same however many there are.
 *
 * - `random`: evenly distributed, of a hash of seed, trial and the parameter's name;
 * - `sobol`: the trial's point of the Sobol sequence, every coordinate XORed with a number of seed and parameter (a random digital
 *   shift, which keeps how evenly the first 2^m points lie): the sequence itself begins at a corner.
 *
 * @param sampler - how
 * @param drawn - for what
 * @returns a number in [0, 1)
 */
export function draw(sampler: Sampler, drawn: Draw): number {
  const { seed, trial, parameter, dimension } = drawn;
  if (sampler === 'random') return hashed(seed, parameter, trial) / 2 ** 48;
  const shift = hashed(seed, parameter) % 2 ** sobolBits;
  return (sobolBitsOf(trial, dimension) ^ shift) / 2 ** sobolBits;
}
