import { makeNode, type Node } from './node.ts';
import { inOrder } from './order.ts';

/** What runs once, however it looks: an adapter keeps what it computed for its gradient. */
const isAlone = ({ op }: Node): boolean => op === 'adapter' || op === 'adapterGradient';

/**
 * Merges equal operations of equal inputs, so that each is computed once: softmax and logSoftmax of the same logits, say, have
 * their exponentials in common.
 *
 * @param roots - any nodes
 * @returns what stands in the place of each, and of all that they are computed of; adapters are never merged
 */
export function merge(roots: readonly Node[]): (node: Node) => Node {
  const merged = new Map<Node, Node>();
  const known = new Map<string, Node>();
  const mergedOf = (node: Node): Node => merged.get(node) ?? node;
  for (const node of inOrder(roots)) {
    const inputs = node.inputs.map(mergedOf);
    // Made anew even where nothing has changed, so that their order stays.
    const own = inputs.length === 0 ? node : (makeNode(node.op, inputs, node.attributes, node.shape) as Node);
    if (isAlone(node)) {
      merged.set(node, own);
      continue;
    }
    const key = JSON.stringify([node.op, node.attributes, node.shape, inputs.map(({ serial }) => serial)]);
    const found = known.get(key) ?? own;
    known.set(key, found);
    merged.set(node, found);
  }
  return mergedOf;
}

/**
 * The same values of merged operations.
 *
 * @param roots - any nodes
 * @returns what {@link merge} puts in the place of each
 */
export const share = (roots: readonly Node[]): readonly Node[] => roots.map(merge(roots));
