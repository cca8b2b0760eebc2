/** Most lines that a diff shows. */
const mostLines = 40;

/** Most lines that may be edited before the shortest way is no longer looked for: time and memory are its square. */
const mostEdits = 1000;

/** Lines of both sides without those that they begin and end with alike. */
function differingPart(left: readonly string[], right: readonly string[]): readonly [string[], string[]] {
  const shorter = Math.min(left.length, right.length);
  let start = 0;
  while (start < shorter && left[start] === right[start]) start++;
  let end = 0;
  while (end < shorter - start && left[left.length - 1 - end] === right[right.length - 1 - end]) end++;
  return [left.slice(start, left.length - end), right.slice(start, right.length - end)];
}

/** How far each diagonal was walked after 0, 1, 2 … edits; diagonals count from -edits. */
type Walks = readonly Int32Array[];

/**
 * Walks along the diagonals of the edit graph (Myers 1986): `walks[d][k + d]` is the farthest line of `left` on diagonal k that
 * d edits reach.
 *
 * @returns the walks, the last of which reaches both ends; undefined where more edits are needed than are looked for
 */
function walk(left: readonly string[], right: readonly string[]): Walks | undefined {
  const walks: Int32Array[] = [];
  for (let edits = 0; edits <= Math.min(mostEdits, left.length + right.length); edits++) {
    const reached = new Int32Array(2 * edits + 1);
    walks.push(reached);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let at = startOn(diagonal, edits, walks);
      while (at < left.length && at - diagonal < right.length && left[at] === right[at - diagonal]) at++;
      reached[diagonal + edits] = at;
      if (at >= left.length && at - diagonal >= right.length) return walks;
    }
  }
  return undefined;
}

/** True where the farthest way onto a diagonal adds a line of `right`, instead of leaving out one of `left`. */
function comesByAdding(diagonal: number, edits: number, walks: Walks): boolean {
  if (diagonal === -edits) return true;
  if (diagonal === edits) return false;
  const before = walks[edits - 1];
  return (before?.[diagonal + edits - 2] ?? 0) < (before?.[diagonal + edits] ?? 0);
}

/** Where a diagonal is entered by the last of some edits. */
function startOn(diagonal: number, edits: number, walks: Walks): number {
  if (edits === 0) return 0;
  const before = walks[edits - 1];
  return comesByAdding(diagonal, edits, walks)
    ? (before?.[diagonal + edits] ?? 0)
    : (before?.[diagonal + edits - 2] ?? 0) + 1;
}

/** The edits of the shortest way, in order. */
function editsAlong(walks: Walks, left: readonly string[], right: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let diagonal = left.length - right.length;
  for (let edits = walks.length - 1; edits > 0; edits--) {
    const start = startOn(diagonal, edits, walks);
    if (comesByAdding(diagonal, edits, walks)) {
      lines.push(`+${right[start - diagonal - 1] ?? ''}`);
      diagonal++;
    } else {
      lines.push(`-${left[start - 1] ?? ''}`);
      diagonal--;
    }
  }
  return lines.reverse();
}

/**
 * Compares two texts line by line.
 *
 * @param before - the text that is there
 * @param after - the text that should be
 * @returns lines that begin with `-` (only there) or `+` (only wanted), in order; a long diff is cut and says so. Of texts that
 * differ in more than a thousand lines, whatever stands between their common start and end
 */
export function lineDiff(before: string, after: string): readonly string[] {
  const [left, right] = differingPart(before.split('\n'), after.split('\n'));
  const walks = walk(left, right);
  const lines = walks
    ? editsAlong(walks, left, right)
    : [...left.map((line) => `-${line}`), ...right.map((line) => `+${line}`)];
  const hidden = lines.length - mostLines;
  return hidden > 0 ? [...lines.slice(0, mostLines), `… and ${hidden} more lines differ`] : lines;
}
