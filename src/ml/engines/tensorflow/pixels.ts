import type { Region } from '../program.ts';
import type { Feed } from './binding.ts';
import { sizeOf, type Graph, type Tensor } from './graph.ts';
import { nameOf, type Cell, type Partition } from './partition.ts';
import type { Variables } from './variables.ts';

/** Values of a table: three channels of 8 bits. */
const TABLE = 3 * 256;

/** Tables of regions that take pixels, by the regions' addresses. */
export type PixelTables = ReadonlyMap<number, Region>;

const lengthOf = ({ from, to }: Cell): number => to - from;

/** Four pixels are fed as one number of 32 bits: these alone stay on the host. */
const wordsOf = (cell: Cell): number => Math.ceil(lengthOf(cell) / 4);

/** Nodes that give a variable what pixels stand for. */
const pixelNodes = (cell: Cell): { readonly feed: string; readonly set: string } => {
  const name = nameOf(cell);
  return { feed: `${name}.pixels`, set: `${name}.look-up` };
};

/** Places in the table: of pixels from a float of their region on. */
function placesOf(graph: Graph, words: Tensor, { from, to }: Cell): Tensor {
  const shape = [...words.shape, 4];
  const attributes = { T: { type: 'int32' }, type: { type: 'uint8' } } as const;
  const bytes = graph.node('Bitcast', [words], { shape, type: 'uint8', attributes });
  const own = graph.cast(graph.slice(graph.reshape(bytes, [sizeOf(shape)]), [0], [to - from]), 'int32');
  // Channels come in turn: rows of three, where the cell begins with a pixel.
  if (from % 3 || (to - from) % 3) throw new Error(`pixels are cut between ${from} and ${to}`);
  const channels = graph.constant(Int32Array.of(0, 256, 512), [3]);
  return graph.flat(graph.add(graph.reshape(own, [(to - from) / 3, 3]), channels));
}

/** Where a cell takes pixels: the nodes that look them up. */
function emitLookUp(graph: Graph, variables: Variables, cell: Cell, tableCell: Cell): void {
  const { feed, set } = pixelNodes(cell);
  const float = { dtype: { type: 'float' } } as const;
  const shape = [wordsOf(cell)];
  const attributes = { dtype: { type: 'int32' }, shape: { shape } } as const;
  const words = graph.node('Placeholder', [], { name: feed, shape, type: 'int32', attributes });
  const { handle } = variables.of(tableCell);
  const table = graph.node('ReadVariableOp', [handle], { shape: [TABLE], attributes: float });
  const values = graph.gather(table, placesOf(graph, words, cell));
  const written = graph.effect('AssignVariableOp', [variables.of(cell).handle, values], { attributes: float });
  graph.node('Identity', [graph.scalar(0)], {
    ...{ name: set, shape: [], attributes: { T: { type: 'float' } } as const },
    after: [written],
  });
}

/**
 * Adds what looks pixels up, for all cells of regions that take them.
 *
 * @param graph - receives the nodes
 * @param parts - of the graph
 * @param parts.variables - of all cells
 * @param parts.partition - the cells
 * @param tables - of the regions
 */
export function emitPixels(
  graph: Graph,
  { variables, partition }: { readonly variables: Variables; readonly partition: Partition },
  tables: PixelTables,
): void {
  for (const [region, table] of tables) {
    const [tableCell] = partition.cells(table.address, 0, TABLE);
    for (const cell of partition.touched(region, 0, Infinity))
      if (tableCell) emitLookUp(graph, variables, cell, tableCell);
  }
}

/**
 * Feeds pixels to the cells of a region that they fill.
 *
 * @param cells - one behind the other
 * @param pixels - uint8, from the region's beginning
 * @returns feeds, and the nodes that look them up
 */
export function pixelFeeds(
  cells: readonly Cell[],
  pixels: Uint8Array,
): { readonly feeds: readonly Feed[]; readonly wanted: readonly string[] } {
  const feeds = cells.map((cell) => {
    const words = wordsOf(cell);
    const bytes = new Uint8Array(4 * words);
    bytes.set(pixels.subarray(cell.from, cell.to));
    return { name: pixelNodes(cell).feed, shape: [words], bits: new Int32Array(bytes.buffer) };
  });
  return { feeds, wanted: cells.map((cell) => pixelNodes(cell).set) };
}
