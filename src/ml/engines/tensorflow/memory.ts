import { at } from '../../../util/at.ts';
import type { Region } from '../program.ts';
import { sizeOf, type Graph, type NodeName, type Tensor } from './graph.ts';
import { Intervals, type Piece } from './intervals.ts';
import { nameOf, type Cell, type Partition } from './partition.ts';
import { VariableInRound, type Variables } from './variables.ts';

/** A value that an operation has put somewhere, and whether it has to be there after the round. */
interface Held {
  readonly tensor: Tensor;
  readonly isKept: () => boolean;
}

/** What memory is made of. */
export interface MemoryParts {
  readonly graph: Graph;
  readonly partition: Partition;
  readonly variables: Variables;
}

/**
 * The executor's memory in the course of a round. What is written there is a value of the graph, which whoever reads it next is
 * given; what has not been written since the round began is in variables, and what has to last goes there when the round ends.
 */
export class Memory {
  readonly #graph: Graph;
  readonly #partition: Partition;
  readonly #variables: Variables;
  readonly #held = new Map<number, Intervals<Held>>();
  readonly #states = new Map<string, VariableInRound>();

  constructor({ graph, partition, variables }: MemoryParts) {
    this.#graph = graph;
    this.#partition = partition;
    this.#variables = variables;
  }

  #intervals({ address }: Pick<Region, 'address'>): Intervals<Held> {
    const known = this.#held.get(address) ?? new Intervals<Held>();
    this.#held.set(address, known);
    return known;
  }

  #state(cell: Cell): VariableInRound {
    const name = nameOf(cell);
    const known = this.#states.get(name) ?? new VariableInRound(this.#graph, this.#variables.of(cell));
    this.#states.set(name, known);
    return known;
  }

  /** Values that cover a stretch, in their order. */
  #pieces(region: Region, from: number, to: number): readonly Piece<Tensor>[] {
    const held = this.#intervals(region);
    const inside = held.within(from, to).map((piece) => ({ ...piece, value: piece.value.tensor }));
    const outside = held
      .gaps(from, to)
      .flatMap((gap) => this.#partition.cells(region.address, gap.from, gap.to))
      .map((cell) => ({ from: cell.from, to: cell.to, value: this.#state(cell).read(), start: 0 }));
    return outside.length === 0 ? inside : [...inside, ...outside].sort((a, b) => a.from - b.from);
  }

  /** Floats of a stretch, in whatever shape they were put there where it is one value's. */
  read(region: Region, from: number, floats: number): Tensor {
    const parts = this.#pieces(region, from, from + floats).map(({ value, start, from: begin, to }) =>
      sizeOf(value.shape) === to - begin ? value : this.#graph.slice(this.#graph.flat(value), [start], [to - begin]),
    );
    if (parts.length === 1) return at(parts, 0);
    return this.#graph.concat(
      parts.map((part) => this.#graph.flat(part)),
      0,
    );
  }

  /** Where the values that cover a stretch, or the cells, begin and end. */
  borders(region: Region, from: number, to: number): readonly number[] {
    const held = this.#intervals(region);
    const cells = held.gaps(from, to).flatMap((gap) => this.#partition.cells(region.address, gap.from, gap.to));
    return [...held.within(from, to), ...cells].flatMap((piece) => [piece.from, piece.to]);
  }

  /** Floats from a place on that belong together: those of the value that is there, or all that the region has left. */
  extent(region: Region, from: number): number {
    const [piece] = this.#intervals(region).within(from, from + 1);
    return piece ? sizeOf(piece.value.tensor.shape) - piece.start : region.floats - from;
  }

  /** Puts a value somewhere. */
  write(region: Region, from: number, tensor: Tensor, isKept: () => boolean): void {
    this.#intervals(region).put(from, from + sizeOf(tensor.shape), { tensor, isKept });
  }

  /** The variable of a stretch, which is one cell, for a node that changes it in place. */
  variable(region: Region, from: number, floats: number): VariableInRound | undefined {
    const [cell, ...others] = this.#partition.cells(region.address, from, from + floats);
    if (!cell || others.length > 0) return undefined;
    const state = this.#state(cell);
    if (this.#intervals(region).within(from, from + floats).length > 0) {
      state.assign(this.#graph.flat(this.read(region, from, floats)));
      this.#intervals(region).remove(from, from + floats);
    }
    return state;
  }

  /** Puts what has to last into variables. */
  close(): readonly NodeName[] {
    for (const [address, held] of this.#held)
      for (const { from, to, value, start } of held.all()) {
        if (!value.isKept()) continue;
        for (const cell of this.#partition.cells(address, from, to)) {
          const flat = this.#graph.flat(value.tensor);
          const part = this.#graph.slice(flat, [start + cell.from - from], [cell.to - cell.from]);
          this.#state(cell).assign(part);
        }
      }
    return [...this.#states.values()].flatMap(({ writer }) => writer ?? []);
  }
}
