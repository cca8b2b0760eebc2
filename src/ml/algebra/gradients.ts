import { isInputDifferentiable } from './adapter.ts';
import { add } from './arithmetic.ts';
import { constant } from './inputs.ts';
import type { Dimensions, Node } from './node.ts';
import { inOrder } from './order.ts';
import { sum } from './reductions.ts';
import { broadcast, reshape } from './shapes.ts';
import { slopeOf, type Slope } from './slopes.ts';

/** Gradients of a scalar. */
export interface Gradients {
  /** In each node that was asked for, of its shape. */
  readonly gradients: readonly Node[];
  /** `adapterGradient` of every adapter that has a gradient: they have to be evaluated, whoever wants the results. */
  readonly adapters: readonly Node[];
}

/** Adds up what a broadcast has repeated. */
function sumTo(x: Node, shape: Dimensions): Node {
  const lead = x.shape.length - shape.length;
  const axes = [...x.shape.keys()].filter((axis) => x.shape[axis] !== (axis < lead ? undefined : shape[axis - lead]));
  return reshape(sum(x, { axes, keepDims: lead === 0 }), shape);
}

/** The slope of a node in one of its inputs, for the gradient beyond it. */
const slopeBeyond = (node: Node, at: number): Slope | null =>
  node.op === 'adapter' && !isInputDifferentiable(node.attributes.adapter) ? null : slopeOf(node, at);

/** Nodes that lead to some others, or to an adapter. */
function leadingTo(targets: readonly Node[], order: readonly Node[]): ReadonlySet<Node> {
  const found = new Set<Node>(targets);
  for (const node of order) {
    const leads = node.inputs.some((input, at) => found.has(input) && slopeBeyond(node, at) !== null);
    if (leads || node.op === 'adapter') found.add(node);
  }
  return found;
}

/**
 * Differentiates an expression backwards. Contributions to a gradient are added in the reverse order of the nodes that they come
 * from: equal expressions have equal gradients, to the bit.
 *
 * @param loss - a scalar
 * @param of - what it is differentiated in
 * @param seed - the gradient of the loss; 1 by default
 * @returns gradients as expressions; 0 in a node that the loss does not depend on
 */
export function differentiate(loss: Node, of: readonly Node[], seed: Node = constant(1)): Gradients {
  const order = inOrder([loss]);
  const wanted = leadingTo(of, order);
  const gradients = new Map<Node, Node>([[loss, seed]]);
  const adapters: Node[] = [];
  const addTo = (input: Node, part: Node): void => {
    const before = gradients.get(input);
    gradients.set(input, before ? add(before, part) : part);
  };
  for (const node of order.toReversed()) {
    const gradient = gradients.get(node);
    if (!gradient || !wanted.has(node)) continue;
    node.inputs.forEach((input, at) => {
      const isWanted = wanted.has(input) && slopeBeyond(node, at) !== null;
      const part = isWanted || node.op === 'adapter' ? slopeOf(node, at)?.(gradient) : undefined;
      if (!part) return;
      if (node.op === 'adapter') adapters.push(part);
      if (isWanted) addTo(input, sumTo(part, input.shape));
    });
  }
  return { gradients: of.map((node) => broadcast(gradients.get(node) ?? constant(0), node.shape)), adapters };
}
