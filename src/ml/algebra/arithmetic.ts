import { at } from '../../util/at.ts';
import { constant } from './inputs.ts';
import { makeNode, refuse, type Node, type Operand } from './node.ts';
import { broadcast, broadcastShape, unrepeated } from './shapes.ts';

/**
 * Element by element. Numbers stand for constants; shapes broadcast as in NumPy; throws Error for shapes that do not fit. What
 * is repeated is computed once and then broadcast; arithmetic of constants is done here, and x · 1 and x + 0 are x.
 */

const nodeOf = (operand: Operand): Node => (typeof operand === 'number' ? constant(operand) : operand);

type Unary = 'exp' | 'log' | 'sqrt' | 'abs' | 'square' | 'softplus' | 'sigmoid';
type Binary = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum' | 'greater' | 'equal' | 'pow';

/** What stands for an operation of inputs that repeat nothing, where there is something simpler. */
type Simplify = (inputs: readonly Node[]) => Node | null;

function elementwise(op: Unary | Binary | 'select', operands: readonly Operand[], simplify: Simplify): Node {
  const inputs = operands.map(nodeOf);
  const shapeOf = (nodes: readonly Node[]) =>
    broadcastShape(nodes.map(({ shape }) => shape)) ?? refuse(op, inputs, 'the shapes do not broadcast');
  const small = inputs.map(unrepeated);
  return broadcast(simplify(small) ?? makeNode(op, small, {}, shapeOf(small)), shapeOf(inputs));
}

const unary =
  (op: Unary) =>
  (x: Node): Node =>
    elementwise(op, [x], () => null);

const binary =
  (op: Binary, simplify: Simplify = () => null) =>
  (a: Operand, b: Operand): Node =>
    elementwise(op, [a, b], simplify);

/** eˣ. */
export const exp = unary('exp');
/** Natural logarithm. */
export const log = unary('log');
/** √x; its slope at 0 is infinite: guard it under the root. */
export const sqrt = unary('sqrt');
/** |x|; its slope at 0 is 0. */
export const abs = unary('abs');
/** x². */
export const square = unary('square');
/** log(1 + eˣ). */
export const softplus = unary('softplus');
/** 1/(1 + e⁻ˣ). */
export const sigmoid = unary('sigmoid');

/** The number of a constant. */
const numberOf = (node: Node): number | null => (node.op === 'constant' ? node.attributes.value : null);

/** Arithmetic of two constants; what is simpler where one of them is a constant, or none. */
const folding =
  (of: (a: number, b: number) => number, other: (nodes: readonly [Node, Node], b: number | null) => Node | null) =>
  (inputs: readonly Node[]): Node | null => {
    const nodes = [at(inputs, 0), at(inputs, 1)] as const;
    const [a, b] = [numberOf(nodes[0]), numberOf(nodes[1])];
    return a !== null && b !== null ? constant(of(a, b)) : other(nodes, b);
  };

/**
 * The constant that a node multiplies its first input by.
 *
 * @param node - any
 * @returns the factor; null of other nodes
 */
export const factorOf = (node: Node): number | null => (node.op === 'mul' ? numberOf(at(node.inputs, 1)) : null);

/** a · b. */
export const mul = binary(
  'mul',
  folding(
    (a, b) => a * b,
    ([x, y], factor) => {
      if (numberOf(x) !== null) return mul(y, x);
      if (factor === null) return null;
      const before = factorOf(x);
      return factor === 1 ? x : before === null ? null : mul(at(x.inputs, 0), before * factor);
    },
  ),
);
/** a / b. */
export const div = binary(
  'div',
  folding(
    (a, b) => a / b,
    ([x], divisor) => (divisor === null ? null : mul(x, 1 / divisor)),
  ),
);
/** a − b. */
export const sub = binary(
  'sub',
  folding(
    (a, b) => a - b,
    ([x], other) => (other === 0 ? x : null),
  ),
);
/** a + b. */
export const add = binary(
  'add',
  folding(
    (a, b) => a + b,
    ([x, y], other) => {
      if (numberOf(x) === 0) return y;
      if (other === 0) return x;
      return factorOf(y) === -1 ? sub(x, at(y.inputs, 0)) : null;
    },
  ),
);
/** The larger one. */
export const maximum = binary('maximum');
/** The smaller one. */
export const minimum = binary('minimum');
/** 1 where a > b, else 0; no gradient. */
export const greater = binary('greater');
/** 1 where a = b, else 0; no gradient. */
export const equal = binary('equal');
/** aᵇ of a ≥ 0; 0⁰ = 1. No gradient in b. */
export const pow = binary('pow');

/**
 * Chooses element by element.
 *
 * @param condition - 0 or not; no gradient
 * @param yes - taken where it is not 0
 * @param no - taken where it is 0
 * @returns the array
 */
export const select = (condition: Node, yes: Operand, no: Operand): Node =>
  elementwise('select', [condition, yes, no], () => null);

/**
 * Adds up arrays, in their order.
 *
 * @param terms - at least one
 * @returns their sum
 */
export const addN = (terms: readonly Node[]): Node => terms.reduce((sum, term) => add(sum, term));
