import { walkDepthFirst, type Needs } from './depth-first.ts';

/**
 * Sorts nodes so that each stands after all that it needs, whatever the order in which they are given.
 *
 * @param nodes - names of the nodes
 * @param needs - what a node needs; cycles must have been excluded (`findCycles`), names that are no nodes are passed over
 * @returns every node once, needs first
 */
export function topologicalOrder(nodes: Iterable<string>, needs: Needs): string[] {
  const order: string[] = [];
  walkDepthFirst(nodes, needs, { leave: (node) => order.push(node) });
  return order;
}
