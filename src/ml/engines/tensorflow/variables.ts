import type { Graph, NodeName, Tensor } from './graph.ts';
import { nameOf, type Cell } from './partition.ts';

/** What variables are made of. */
const FLOAT = { dtype: { type: 'float' } } as const;

/** One variable of a graph. */
export interface Variable extends Cell {
  readonly handle: Tensor;
}

/** Adds the variables of cells to a graph, each once. */
export class Variables {
  readonly #graph: Graph;
  readonly #known = new Map<string, Variable>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  of(cell: Cell): Variable {
    const name = nameOf(cell);
    const known = this.#known.get(name);
    if (known) return known;
    const shape = [cell.to - cell.from];
    const attributes = { ...FLOAT, shape: { shape }, shared_name: { text: name }, container: { text: '' } };
    const handle = this.#graph.node('VarHandleOp', [], { name, shape: [], type: 'resource', attributes });
    const made = { ...cell, handle };
    this.#known.set(name, made);
    return made;
  }
}

/** A variable in the course of a round: reads and writes of it come in the order in which they are asked for. */
export class VariableInRound {
  readonly #graph: Graph;
  readonly #variable: Variable;
  #value: Tensor | undefined;
  /** What has read it since it was written. */
  #readers: NodeName[] = [];
  #writer: NodeName | undefined;

  constructor(graph: Graph, variable: Variable) {
    this.#graph = graph;
    this.#variable = variable;
  }

  /** What wrote it last; undefined where nothing has. */
  get writer(): NodeName | undefined {
    return this.#writer;
  }

  /** What it holds now. */
  read(): Tensor {
    if (this.#value) return this.#value;
    const { handle, from, to } = this.#variable;
    const after = this.#writer === undefined ? [] : [this.#writer];
    this.#value = this.#graph.node('ReadVariableOp', [handle], { shape: [to - from], attributes: FLOAT, after });
    this.#readers.push(this.#value.name);
    return this.#value;
  }

  /** Gives it a value. */
  assign(value: Tensor): void {
    update([this], ([handle], after) =>
      this.#graph.effect('AssignVariableOp', handle ? [handle, value] : [], { attributes: FLOAT, after }),
    );
  }

  /** What a node that changes it needs, and has to come after. */
  get pending(): { readonly handle: Tensor; readonly after: readonly NodeName[] } {
    const { handle } = this.#variable;
    return { handle, after: this.#writer === undefined ? this.#readers : [...this.#readers, this.#writer] };
  }

  /** Takes note of a node that changes it. */
  changed(writer: NodeName): void {
    this.#writer = writer;
    this.#readers = [];
    this.#value = undefined;
  }
}

/**
 * Lets a node change variables, after whatever has read or written them.
 *
 * @param variables - which
 * @param emit - adds the node: given their handles, and what it comes after
 */
export function update(
  variables: readonly VariableInRound[],
  emit: (handles: readonly Tensor[], after: readonly NodeName[]) => NodeName,
): void {
  const pending = variables.map((variable) => variable.pending);
  const writer = emit(
    pending.map(({ handle }) => handle),
    pending.flatMap(({ after }) => after),
  );
  for (const variable of variables) variable.changed(writer);
}
