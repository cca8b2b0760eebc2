/** Significant digits of sampled numbers: names of cells and tables show them. */
const DIGITS = 3;

/** A range that is sampled, from < to; both ends belong to it. */
export interface SampledRange {
  readonly from: number;
  readonly to: number;
  /** log: the logarithm is drawn evenly. Both ends are above 0 then. */
  readonly scale: 'linear' | 'log';
  /** Whole numbers alone. */
  readonly isWhole: boolean;
}

/**
 * The value of a range that a number in [0, 1) stands for.
 *
 * @param range - the range
 * @param part - how much of it lies below
 * @returns a number of {@link DIGITS} significant digits, or a whole one
 */
export function valueIn(range: SampledRange, part: number): number {
  const { from, to, scale, isWhole } = range;
  // Each whole number gets a part of its own.
  const [low, high] = isWhole ? [from, to + 1] : [from, to];
  const value = scale === 'log' ? low * (high / low) ** part : low + (high - low) * part;
  const rounded = isWhole ? Math.floor(value) : Number(value.toPrecision(DIGITS));
  return Math.min(Math.max(rounded, from), to);
}
