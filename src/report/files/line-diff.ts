/** Most lines that a diff shows. */
const mostLines = 40;

/** Lengths of the longest common subsequences of all suffixes: `lengths[i][j]` of `left` from i and `right` from j. */
function commonLengths(left: readonly string[], right: readonly string[]): readonly (readonly number[])[] {
  const lengths = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  for (let i = left.length - 1; i >= 0; i--) {
    const row = lengths[i] ?? [];
    const below = lengths[i + 1] ?? [];
    for (let j = right.length - 1; j >= 0; j--) {
      row[j] = left[i] === right[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
}

/**
 * Compares two texts line by line.
 *
 * @param before - the text that is there
 * @param after - the text that should be
 * @returns lines that begin with `-` (only there) or `+` (only wanted), in order; a long diff is cut and says so
 */
export function lineDiff(before: string, after: string): readonly string[] {
  const [left, right] = [before.split('\n'), after.split('\n')];
  const lengths = commonLengths(left, right);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [here, there] = [left[i], right[j]];
    if (here !== undefined && here === there) {
      i++;
      j++;
    } else if (
      there === undefined ||
      (here !== undefined && (lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0))
    ) {
      lines.push(`-${here ?? ''}`);
      i++;
    } else {
      lines.push(`+${there}`);
      j++;
    }
  }
  const hidden = lines.length - mostLines;
  return hidden > 0 ? [...lines.slice(0, mostLines), `… and ${hidden} more lines differ`] : lines;
}
