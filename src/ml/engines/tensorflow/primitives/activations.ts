import { ACTIVATIONS } from '../../primitives.ts';
import type { Graph, Tensor } from '../graph.ts';

/** A function and its gradient. */
interface Curve {
  readonly value: (graph: Graph, x: Tensor) => Tensor;
  readonly gradient: (graph: Graph, dy: Tensor, x: Tensor) => Tensor;
}

const sigmoid = (graph: Graph, x: Tensor): Tensor => graph.unary('Sigmoid', x);
const lifted = (graph: Graph, x: Tensor): Tensor => graph.add(x, graph.scalar(3));
const sixth = (graph: Graph, x: Tensor): Tensor => graph.mul(x, graph.scalar(1 / 6));

/** s(x) · (1 + x · (1 − s(x))). */
function siluSlope(graph: Graph, x: Tensor): Tensor {
  const [s, one] = [sigmoid(graph, x), graph.scalar(1)];
  return graph.mul(s, graph.add(one, graph.mul(x, graph.sub(one, s))));
}

const CURVES: ReadonlyMap<number, Curve> = new Map<number, Curve>([
  [ACTIVATIONS.none, { value: (_, x) => x, gradient: (_, dy) => dy }],
  [
    ACTIVATIONS.relu,
    { value: (graph, x) => graph.unary('Relu', x), gradient: (graph, dy, x) => graph.binary('ReluGrad', dy, x) },
  ],
  [
    ACTIVATIONS.relu6,
    { value: (graph, x) => graph.unary('Relu6', x), gradient: (graph, dy, x) => graph.binary('Relu6Grad', dy, x) },
  ],
  [
    ACTIVATIONS.silu,
    {
      value: (graph, x) => graph.mul(x, sigmoid(graph, x)),
      gradient: (graph, dy, x) => graph.mul(dy, siluSlope(graph, x)),
    },
  ],
  [
    ACTIVATIONS.sigmoid,
    { value: sigmoid, gradient: (graph, dy, x) => graph.typed('SigmoidGrad', [sigmoid(graph, x), dy], x.shape) },
  ],
  [
    ACTIVATIONS['hard-sigmoid'],
    {
      value: (graph, x) => sixth(graph, graph.unary('Relu6', lifted(graph, x))),
      gradient: (graph, dy, x) => sixth(graph, graph.binary('Relu6Grad', dy, lifted(graph, x))),
    },
  ],
]);

function curve(code: number): Curve {
  const found = CURVES.get(code);
  if (!found) throw new Error(`no activation has the code ${code}`);
  return found;
}

/** Whether an activation's slope may be had of its output as well. */
export const isSlopeOfOutput = (code: number): boolean => code === ACTIVATIONS.relu || code === ACTIVATIONS.relu6;

/**
 * Applies an activation.
 *
 * @param graph - receives the nodes
 * @param x - values
 * @param code - of `ACTIVATIONS`
 * @returns as many
 */
export const activate = (graph: Graph, x: Tensor, code: number): Tensor => curve(code).value(graph, x);

/**
 * Goes back through an activation.
 *
 * @param graph - receives the nodes
 * @param dy - gradient of its output
 * @param x - its input, of as many values
 * @param code - of `ACTIVATIONS`
 * @returns the gradient of its input
 */
export const activationGradient = (graph: Graph, dy: Tensor, x: Tensor, code: number): Tensor =>
  curve(code).gradient(graph, dy, graph.reshape(x, dy.shape));
