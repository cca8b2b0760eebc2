/** What distillation terms make of some images. */
export interface TermLosses {
  /** Σ w_k · L_k, as it is added to the supervised loss: ramps have lowered the weights. */
  readonly weighted: number;
  /** L_k of each term as its method defines it, without weight: by the method, numbered where it is there more than once. */
  readonly each: Readonly<Record<string, number>>;
}

/** No terms. */
export const NO_TERM: TermLosses = { weighted: 0, each: {} };

/**
 * Adds up losses.
 *
 * @param sums - so far
 * @param losses - of the same terms
 * @param factor - that they count with
 * @returns sums + factor · losses
 */
export function addTerms(sums: TermLosses, losses: TermLosses, factor: number): TermLosses {
  const each = Object.entries(losses.each).map(([name, value]) => {
    const before = sums.each[name];
    return [name, before === undefined ? factor * value : before + factor * value] as const;
  });
  return { weighted: sums.weighted + factor * losses.weighted, each: Object.fromEntries(each) };
}

/**
 * Divides losses.
 *
 * @param sums - of some images, or passes
 * @param count - how many
 * @returns their mean
 */
export const divideTerms = ({ weighted, each }: TermLosses, count: number): TermLosses => ({
  weighted: weighted / count,
  each: Object.fromEntries(Object.entries(each).map(([name, value]) => [name, value / count])),
});
