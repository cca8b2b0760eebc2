/** A stretch of a line, and what is there. */
export interface Piece<V> {
  readonly from: number;
  readonly to: number;
  readonly value: V;
  /** Where the stretch begins in the value. */
  readonly start: number;
}

/** What lies where on a line, in stretches that do not overlap. */
export class Intervals<V> {
  /** In ascending order. */
  #pieces: Piece<V>[] = [];

  /** What lies within a stretch, cut to it, in ascending order. */
  within(from: number, to: number): readonly Piece<V>[] {
    return this.#pieces
      .filter((piece) => piece.from < to && piece.to > from)
      .map((piece) => ({
        ...piece,
        from: Math.max(from, piece.from),
        to: Math.min(to, piece.to),
        start: piece.start + Math.max(0, from - piece.from),
      }));
  }

  /** All there is. */
  all(): readonly Piece<V>[] {
    return this.#pieces;
  }

  /** Takes away what lies within a stretch. */
  remove(from: number, to: number): void {
    const [least, most] = [-Infinity, Infinity];
    if (!this.#pieces.some((piece) => piece.from < to && piece.to > from)) return;
    this.#pieces = [...this.within(least, from), ...this.within(to, most)];
  }

  /** Puts a value over a stretch, in the place of what was there. */
  put(from: number, to: number, value: V): void {
    this.remove(from, to);
    const after = this.#pieces.findIndex((piece) => piece.from >= to);
    this.#pieces.splice(after < 0 ? this.#pieces.length : after, 0, { from, to, value, start: 0 });
  }

  /** The stretches within one where nothing lies. */
  gaps(from: number, to: number): readonly { readonly from: number; readonly to: number }[] {
    const gaps: { from: number; to: number }[] = [];
    let end = from;
    for (const piece of this.within(from, to)) {
      if (piece.from > end) gaps.push({ from: end, to: piece.from });
      end = piece.to;
    }
    if (end < to) gaps.push({ from: end, to });
    return gaps;
  }
}
