import { Intervals } from './intervals.ts';

/** A piece of a region that one variable holds. */
export interface Cell {
  /** Address of the region. */
  readonly region: number;
  readonly from: number;
  readonly to: number;
}

/** Name of a cell's variable. */
export const nameOf = ({ region, from }: Cell): string => `cell${region}.${from}`;

/** Cuts regions into cells so that whatever is read or kept in one piece is a number of whole cells. */
export class Partition {
  readonly #regions = new Map<number, Intervals<null>>();
  /** Grows with every cut. */
  cuts = 0;

  /** Sees to it that a stretch consists of whole cells, and gives them in their order. */
  cells(region: number, from: number, to: number): readonly Cell[] {
    const known = this.#regions.get(region) ?? new Intervals<null>();
    this.#regions.set(region, known);
    for (const gap of known.gaps(from, to)) this.#put(known, gap.from, gap.to);
    for (const place of [from, to])
      for (const piece of known.all().filter((one) => one.from < place && one.to > place)) {
        this.#put(known, piece.from, place);
        this.#put(known, place, piece.to);
      }
    return known.within(from, to).map((piece) => ({ region, from: piece.from, to: piece.to }));
  }

  #put(known: Intervals<null>, from: number, to: number): void {
    known.put(from, to, null);
    this.cuts++;
  }

  /** Cells that have something of a stretch. */
  touched(region: number, from: number, to: number): readonly Cell[] {
    const known = this.#regions.get(region)?.all() ?? [];
    return known
      .filter((cell) => cell.from < to && cell.to > from)
      .map((cell) => ({ region, from: cell.from, to: cell.to }));
  }

  /** All cells. */
  all(): readonly Cell[] {
    return [...this.#regions].flatMap(([region, known]) => known.all().map(({ from, to }) => ({ region, from, to })));
  }
}
