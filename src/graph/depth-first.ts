import { byCodeUnits } from '../util/text.ts';

/** What each node stands on. */
export type Needs = (node: string) => Iterable<string>;

/** What a walk tells. */
export interface Visitor {
  /** All that the node needs was left before. */
  readonly leave?: (node: string) => void;
  /** The nodes from the one that an edge leads back to, up to the one that the edge starts from. */
  readonly cycle?: (path: readonly string[]) => void;
}

interface Frame {
  readonly node: string;
  readonly needs: Iterator<string>;
}

const sorted = (nodes: Iterable<string>): string[] => [...nodes].sort(byCodeUnits);

/**
 * Walks a graph depth first. Nodes and needs are visited by code units, so the order in which they are given does not
 * matter; needs that are no nodes are passed over. The stack is an explicit one: a chain of ten thousand stages must
 * not overflow the call stack.
 *
 * @param nodes - names of the nodes
 * @param needs - what a node needs
 * @param visitor - is told of nodes and cycles
 */
export function walkDepthFirst(nodes: Iterable<string>, needs: Needs, visitor: Visitor): void {
  const known = new Set(nodes);
  const seen = new Set<string>();
  const path: Frame[] = [];
  const depth = new Map<string, number>();
  const enter = (node: string): void => {
    const at = depth.get(node);
    if (at !== undefined) visitor.cycle?.(path.slice(at).map((frame) => frame.node));
    if (seen.has(node) || !known.has(node)) return;
    seen.add(node);
    depth.set(node, path.length);
    path.push({ node, needs: sorted(needs(node)).values() });
  };
  for (const root of sorted(known)) {
    enter(root);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.needs.next();
      if (!next.done) {
        enter(next.value);
        continue;
      }
      visitor.leave?.(top.node);
      depth.delete(top.node);
      path.pop();
    }
  }
}
