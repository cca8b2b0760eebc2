/** Characters of the private use area stand for run, commit and command; no escaping touches them. */
export const placeholders = { run: '\u{e000}', commit: '\u{e001}', command: '\u{e002}' } as const;

/**
 * What texts have in common that differ in run, commit and command alone: for each line the pieces between these, in order.
 */
export type Likeness = readonly (readonly string[])[];

/**
 * Finds what a text has in common with those of other runs.
 *
 * @param text - a text in which {@link placeholders} stand for run, commit and command
 * @returns its lines, in pieces
 */
export function likenessOf(text: string): Likeness {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/[\u{e000}-\u{e002}]/u));
}

/**
 * Says whether a line holds the pieces in order, the first at its start and the last at its end. Taking each piece where it
 * first occurs leaves most room for those after it, so that one walk decides.
 */
function holdsPieces(line: string, pieces: readonly string[]): boolean {
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return line === first;
  if (!line.startsWith(first)) return false;
  let at = first.length;
  for (const piece of others) {
    const found = line.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return line.length - last.length >= at && line.endsWith(last);
}

/**
 * Says whether a text is one that another run, commit and command would have made.
 *
 * @param text - a text without blank lines at its end
 * @param likeness - what such texts have in common
 * @returns true when only those three differ; each is within one line
 */
export function isAlike(text: string, likeness: Likeness): boolean {
  const lines = text.split('\n');
  return lines.length === likeness.length && likeness.every((pieces, at) => holdsPieces(lines[at] ?? '', pieces));
}
