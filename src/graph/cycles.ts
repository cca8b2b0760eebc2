import { byCodeUnits } from '../util/text.ts';
import { walkDepthFirst, type Needs } from './depth-first.ts';

/** Turns a cycle so that it starts and ends with its smallest name: the same cycle is always written the same way. */
function rotate(cycle: readonly string[]): string[] {
  const first = cycle.reduce((least, node) => (byCodeUnits(node, least) < 0 ? node : least));
  const at = cycle.indexOf(first);
  return [...cycle.slice(at), ...cycle.slice(0, at), first];
}

/**
 * Finds cycles: one for each edge that leads back into the path on which a depth-first walk stands. At least one is
 * found when there is any.
 *
 * @param nodes - names of the nodes
 * @param needs - what a node needs; names that are no nodes are passed over
 * @returns each cycle as a path that ends where it starts, e.g. `['a', 'b', 'a']`; empty when there is none
 */
export function findCycles(nodes: Iterable<string>, needs: Needs): string[][] {
  const cycles: string[][] = [];
  walkDepthFirst(nodes, needs, { cycle: (path) => cycles.push(rotate(path)) });
  return cycles;
}
