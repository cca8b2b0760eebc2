import { at as inputAt } from '../../util/at.ts';
import { abs, add, div, greater, mul, pow, select, sigmoid, square, sub } from './arithmetic.ts';
import { constant } from './inputs.ts';
import { gatherSums, matmul } from './matrices.ts';
import { lengthOf, makeNode, type Dimensions, type Node, type NodeOf, type Op } from './node.ts';
import { max, sum } from './reductions.ts';
import { broadcast, concat, reshape, slice, transpose } from './shapes.ts';

/** From the gradient of a node to what that contributes to the gradient of one of its inputs; it may still be broadcast. */
export type Slope = (gradient: Node) => Node;

/** The slope of a node in its input at a place; null where there is none. */
type Rule<O extends Op> = (node: NodeOf<O>, at: number) => Slope | null;

const none = (): null => null;
const first = ({ inputs }: Node): Node => inputAt(inputs, 0);
const second = ({ inputs }: Node): Node => inputAt(inputs, 1);

/** Slope of an operation of one input: the gradient and the node make it. */
const unary =
  (slope: (gradient: Node, x: Node, y: Node) => Node) =>
  (node: Node): Slope =>
  (gradient) =>
    slope(gradient, first(node), node);

/** All of the gradient, but where the other one is chosen. */
const unlessChosen =
  (isOther: (own: Node, other: Node) => Node) =>
  ({ inputs }: Node, at: number): Slope =>
  (gradient) =>
    select(isOther(inputAt(inputs, at), inputAt(inputs, 1 - at)), 0, gradient);

/** [..., m, n] → [..., n, m]. */
function transposeMatrices(x: Node): Node {
  const rank = x.shape.length;
  return transpose(x, [...x.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2));
}

/** y = A B, each perhaps transposed: dA = dy Bᵀ, dB = Aᵀ dy. A matrix times itself, transposed, has both in one product. */
function productSlope(node: NodeOf<'matmul'>, at: number): Slope | null {
  const [a, b] = [first(node), second(node)];
  const { transposeA, transposeB } = node.attributes;
  if (a === b && transposeA !== transposeB) {
    if (at === 1) return null;
    const both: Slope = (gradient) => add(gradient, transposeMatrices(gradient));
    return (gradient) => (transposeB ? matmul(both(gradient), a) : matmul(a, both(gradient)));
  }
  if (at === 0)
    return (gradient) =>
      transposeA
        ? matmul(b, gradient, { transposeA: transposeB, transposeB: true })
        : matmul(gradient, b, { transposeB: !transposeB });
  return (gradient) =>
    transposeB
      ? matmul(gradient, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, gradient, { transposeA: !transposeA });
}

/** Squared values of matrices that are nearer than this to each other, by the largest of a matrix, have no slope between them. */
const NEAR = 2 ** -23;

/**
 * X = U S Vᵀ with V as a function of X: dX = X V ((M + Mᵀ) Vᵀ + S⁻² (dVᵀ − dVᵀ V Vᵀ)), M_ij = (Vᵀ dV)_ij / (s_j² − s_i²), which is what
 * eigenvectors of Xᵀ X have, those of its null space as one (Magnus: On Differentiating Eigenvalues and Eigenvectors, 1985).
 */
function singularSlope(node: NodeOf<'rightSingularVectors'>): Slope {
  const x = first(node);
  const scaled = matmul(x, node);
  const values = sum(square(scaled), { axes: [-2], keepDims: true });
  const least = mul(max(values, { axes: [-1], keepDims: true }), NEAR);
  const quotient = (numerator: Node, by: Node): Node => {
    const isApart = greater(abs(by), least);
    return select(isApart, div(numerator, select(isApart, by, 1)), 0);
  };
  return (gradient) => {
    const along = matmul(node, gradient, { transposeA: true });
    const within = quotient(along, sub(values, transposeMatrices(values)));
    const across = sub(gradient, matmul(node, along));
    const both = add(within, transposeMatrices(within));
    const sides = add(matmul(both, node, { transposeB: true }), transposeMatrices(quotient(across, values)));
    return matmul(scaled, sides);
  };
}

/** 0 along a dimension, for what a part does not have. */
const zeros = (shape: Dimensions, axis: number, length: number): readonly Node[] =>
  length > 0 ? [constant(0, shape.with(axis, length))] : [];

/** Every operation's slopes. */
const rules: { readonly [O in Op]: Rule<O> } = {
  input: none,
  constant: none,
  array: none,
  add: () => (gradient) => gradient,
  sub: (_, at) => (gradient) => mul(gradient, at === 0 ? 1 : -1),
  mul: (node, at) => (gradient) => mul(gradient, inputAt(node.inputs, 1 - at)),
  div: (node, at) => (gradient) => {
    const quotient = div(gradient, second(node));
    return at === 0 ? quotient : mul(mul(quotient, node), -1);
  },
  maximum: unlessChosen((own, other) => greater(other, own)),
  minimum: unlessChosen((own, other) => greater(own, other)),
  greater: none,
  equal: none,
  select: (node, at) =>
    at === 0 ? null : (gradient) => select(first(node), at === 1 ? gradient : 0, at === 1 ? 0 : gradient),
  exp: unary((gradient, _, y) => mul(gradient, y)),
  log: unary((gradient, x) => div(gradient, x)),
  sqrt: unary((gradient, _, y) => div(mul(gradient, 0.5), y)),
  abs: unary((gradient, x) => mul(gradient, sub(greater(x, 0), greater(0, x)))),
  square: unary((gradient, x) => mul(mul(gradient, 2), x)),
  softplus: unary((gradient, x) => mul(gradient, sigmoid(x))),
  sigmoid: unary((gradient, _, y) => mul(gradient, mul(y, sub(1, y)))),
  pow: (node, at) =>
    at === 1 ? null : (gradient) => mul(mul(gradient, second(node)), pow(first(node), sub(second(node), 1))),
  sum: (node) => (gradient) => {
    const { axes } = node.attributes;
    const { shape } = first(node);
    const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    return broadcast(reshape(gradient, kept), shape);
  },
  max: none,
  matmul: productSlope,
  rightSingularVectors: singularSlope,
  transpose:
    ({ attributes: { permutation } }) =>
    (gradient) =>
      transpose(
        gradient,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  reshape: (node) => (gradient) => reshape(gradient, first(node).shape),
  broadcast: () => (gradient) => gradient,
  concat:
    ({ attributes: { axis }, inputs }, at) =>
    (gradient) => {
      const from = inputs.slice(0, at).reduce((total, part) => total + lengthOf(part, axis), 0);
      return slice(gradient, { axis, from, length: lengthOf(inputAt(inputs, at), axis) });
    },
  slice: (node) => (gradient) => {
    const { axis, from } = node.attributes;
    const { shape } = first(node);
    const behind = lengthOf(first(node), axis) - from - lengthOf(gradient, axis);
    return concat([...zeros(shape, axis, from), gradient, ...zeros(shape, axis, behind)], axis);
  },
  gather: none,
  gatherProducts: ({ inputs }, at) =>
    at > 0 ? null : (gradient) => gatherSums(gradient, inputAt(inputs, 1), inputAt(inputs, 2)),
  gatherSums: none,
  adapter: (node) => (gradient) => makeNode('adapterGradient', [gradient], node.attributes, first(node).shape),
  adapterGradient: none,
};

/**
 * How the gradient of a node comes to one of its inputs.
 *
 * @param node - any
 * @param at - place of the input
 * @returns the slope; null where there is no gradient in that input
 */
export function slopeOf<O extends Op>(node: NodeOf<O>, at: number): Slope | null {
  return rules[node.op](node, at);
}
