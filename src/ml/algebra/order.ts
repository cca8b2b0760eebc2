import type { Node } from './node.ts';

/**
 * All that some nodes are computed of.
 *
 * @param roots - the nodes
 * @returns each once, in the order in which they were made: inputs stand in front of what is computed of them
 */
export function inOrder(roots: readonly Node[]): readonly Node[] {
  const found = new Set<Node>();
  const waiting = [...roots];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    waiting.push(...node.inputs);
  }
  return [...found].sort((a, b) => a.serial - b.serial);
}
