import { Graph } from './graph.ts';
import { nameOf, Partition, type Cell } from './partition.ts';
import { emitPixels, type PixelTables } from './pixels.ts';
import type { NodeDef } from './proto.ts';
import { emitRound, type Part, type RoundNodes } from './round.ts';
import { Variables } from './variables.ts';

/** Runs that are made by one call. */
export interface Round {
  /** A node's name may begin with it. */
  readonly name: string;
  readonly parts: readonly Part[];
}

/** A graph of rounds, and of what reads and writes their variables. */
export interface Built {
  readonly nodes: readonly NodeDef[];
  readonly rounds: ReadonlyMap<string, RoundNodes>;
  readonly partition: Partition;
  /** Of regions whose pixels it looks up. */
  readonly tables: PixelTables;
}

/** Nodes of a variable. */
export const cellNodes = (cell: Cell): { readonly get: string; readonly feed: string; readonly set: string } => {
  const name = nameOf(cell);
  return { get: `${name}.get`, feed: `${name}.feed`, set: `${name}.set` };
};

/** What reads a variable, and what writes bits to it. */
function emitAccess(graph: Graph, variables: Variables, cell: Cell): void {
  const { get, feed, set } = cellNodes(cell);
  const { handle } = variables.of(cell);
  const shape = [cell.to - cell.from];
  const type = { dtype: { type: 'float' } } as const;
  const float = { T: { type: 'float' } } as const;
  const value = graph.node('ReadVariableOp', [handle], { shape, attributes: type });
  graph.node('Identity', [value], { name: get, shape, attributes: float });
  const attributes = { dtype: { type: 'int32' }, shape: { shape } } as const;
  const bits = graph.node('Placeholder', [], { name: feed, shape, type: 'int32', attributes });
  // Of its own: a variable would share the memory of what is fed.
  const own = graph.unary('DeepCopy', graph.bitcast(bits, 'float'));
  const written = graph.effect('AssignVariableOp', [handle, own], { attributes: type });
  graph.node('Identity', [graph.scalar(0)], { name: set, shape: [], attributes: float, after: [written] });
}

/** What a graph is built for. */
interface BuildOptions {
  /** Whether TensorFlow's kernels are those of a GPU. */
  readonly gpu: boolean;
  /** Of regions that take pixels. */
  readonly tables: PixelTables;
}

function emitted(rounds: readonly Round[], partition: Partition, { gpu, tables }: BuildOptions): Built {
  const graph = new Graph();
  const variables = new Variables(graph);
  const parts = { graph, partition, variables, gpu };
  const nodes = new Map(rounds.map((round) => [round.name, emitRound(round.name, round.parts, parts)]));
  emitPixels(graph, parts, tables);
  for (const cell of partition.all()) emitAccess(graph, variables, cell);
  return { nodes: graph.nodes, rounds: nodes, partition, tables };
}

/**
 * Emits rounds as one graph.
 *
 * @param rounds - all that it is to hold
 * @param options - what it is built for
 * @returns the graph
 */
export function build(rounds: readonly Round[], options: BuildOptions): Built {
  const partition = new Partition();
  for (;;) {
    const { cuts } = partition;
    const built = emitted(rounds, partition, options);
    // What was emitted before a cell was cut reads it whole: again, until no cut is new.
    if (partition.cuts === cuts) return built;
  }
}
