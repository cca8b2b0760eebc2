/** Characters of a long text that stand before the first difference. */
const leadIn = 12;

/**
 * Leaves out what two long texts begin with alike.
 *
 * @param one - a text
 * @param other - another text
 * @param longest - characters up to which a text is shown whole
 * @returns both from just before their first difference on, after `…`; as they are where either is short
 */
export function differingParts(one: string, other: string, longest: number): readonly [string, string] {
  if (one === other || Math.min(one.length, other.length) <= longest) return [one, other];
  let same = 0;
  while (one[same] === other[same]) same++;
  const from = Math.max(0, same - leadIn);
  const cut = (text: string): string => (from > 0 ? `…${text.slice(from)}` : text);
  return [cut(one), cut(other)];
}
