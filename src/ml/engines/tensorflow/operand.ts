import { locate, type Ref, type Region } from '../program.ts';
import type { Compiled } from './compiled.ts';
import { sizeOf, type Graph, type Tensor } from './graph.ts';
import type { Memory } from './memory.ts';
import type { VariableInRound } from './variables.ts';

/** What operands of a section have in common. */
export interface Surroundings {
  readonly graph: Graph;
  readonly memory: Memory;
  readonly compiled: Compiled;
  /** Buffers of the step that hold something. */
  readonly defined: Set<number>;
  /** Whether a buffer has to last until after the round. */
  readonly isKept: (buffer: number) => boolean;
}

/** Where an operation of a graph reads or writes. */
export class Operand {
  readonly #surroundings: Surroundings;
  readonly #ref: Ref;
  readonly #region: Region;
  readonly #offset: number;

  constructor(surroundings: Surroundings, ref: Ref) {
    this.#surroundings = surroundings;
    this.#ref = ref;
    const { region, offset } = locate(ref, surroundings.compiled.program, surroundings.compiled.memory);
    this.#region = region;
    this.#offset = offset;
  }

  /** The same, some floats further on. */
  from(floats: number): Operand {
    const ref = this.#ref;
    return new Operand(this.#surroundings, { ...ref, offset: (ref.offset ?? 0) + floats });
  }

  get isDefined(): boolean {
    return this.#ref.space !== 'step' || this.#surroundings.defined.has(this.#ref.buffer);
  }

  /** So many of its values, in the shape that whoever made them gave them. */
  some(floats: number): Tensor {
    const { graph, memory } = this.#surroundings;
    return this.isDefined ? memory.read(this.#region, this.#offset, floats) : graph.fill([floats], 0);
  }

  /** Its values in a shape. */
  get(...shape: readonly number[]): Tensor {
    return this.#surroundings.graph.reshape(this.some(sizeOf(shape)), shape);
  }

  /** Rows of channels, as a map of four dimensions: in the shape that it has, if it has four. */
  rows(rows: number, channels: number): Tensor {
    const found = this.some(rows * channels);
    const isMap = found.shape.length === 4 && found.shape[3] === channels;
    return isMap ? found : this.#surroundings.graph.reshape(found, [rows, 1, 1, channels]);
  }

  /** All rows of a table. */
  table(columns: number): Tensor {
    const rows = Math.floor(this.#surroundings.memory.extent(this.#region, this.#offset) / columns);
    return this.get(rows, columns);
  }

  /** Gives it its value, from its beginning on, or adds to it (1). */
  put(value: Tensor, accumulate = 0): void {
    const { graph, memory, defined, isKept } = this.#surroundings;
    const sum = accumulate && this.isDefined ? graph.add(this.get(...value.shape), value) : value;
    const ref = this.#ref;
    if (ref.space === 'step') defined.add(ref.buffer);
    memory.write(this.#region, this.#offset, sum, () => ref.space !== 'step' || isKept(ref.buffer));
  }

  /** Where its first floats come in pieces, from its beginning. */
  borders(floats: number): readonly number[] {
    const places = this.#surroundings.memory.borders(this.#region, this.#offset, this.#offset + floats);
    return places.map((place) => place - this.#offset);
  }

  /** The variable that holds so many floats, where it is one. */
  variable(floats: number): VariableInRound | undefined {
    return this.#surroundings.memory.variable(this.#region, this.#offset, floats);
  }
}

/**
 * Cuts a range that several operands have in common where one of them comes in pieces.
 *
 * @param operands - read alike
 * @param floats - of the range
 * @returns stretches of it, each of which every operand has in one piece, in their order
 */
export function stretches(
  operands: readonly Operand[],
  floats: number,
): readonly { readonly from: number; readonly floats: number }[] {
  const borders = new Set([0, floats, ...operands.flatMap((operand) => operand.borders(floats))]);
  const places = [...borders].sort((a, b) => a - b);
  return places.slice(1).map((to, k) => ({ from: places[k] ?? 0, floats: to - (places[k] ?? 0) }));
}
