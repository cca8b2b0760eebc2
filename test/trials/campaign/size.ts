import type { Scale } from '../trial.ts';

/**
 * How often a trial tries.
 *
 * @param scale - short or full form
 * @param sizes - what each is, and the variable by which the full form can be cut short
 * @returns the number
 */
export function countOf(
  scale: Scale,
  { smoke, full, variable }: { readonly smoke: number; readonly full: number; readonly variable: string },
): number {
  return scale === 'smoke' ? smoke : Number(process.env[variable] ?? full);
}

/**
 * The seed of a trial's random instants. Processes are not as regular as it: it brings the same instants, not the same ends.
 *
 * @param variable - the variable that may say it
 * @returns an integer
 */
export const seedOf = (variable: string): number => Number(process.env[variable] ?? Date.now() % 2 ** 31);
