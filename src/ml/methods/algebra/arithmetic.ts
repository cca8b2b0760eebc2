import { isSameShape, makeNode, refuse, type Dimensions, type Node, type Op, type Operand } from './node.ts';

/** Element by element. Numbers stand for constants; shapes broadcast as in NumPy; throws Error for shapes that do not fit. */

/**
 * One number in every place.
 *
 * @param value - the number
 * @param shape - a scalar by default
 * @returns the array
 */
export const constant = (value: number, shape: Dimensions = []): Node => makeNode('constant', [], { value }, { shape });

const nodeOf = (operand: Operand): Node => (typeof operand === 'number' ? constant(operand) : operand);

/** Shape of two arrays that broadcast; undefined where they do not. */
function broadcast(a: Dimensions, b: Dimensions): Dimensions | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let back = rank; back > 0; back--) {
    const [left = 1, right = 1] = [a.at(-back), b.at(-back)];
    if (back <= a.length && back <= b.length && left !== right && left !== 1 && right !== 1) return undefined;
    shape.push(left === 1 ? right : left);
  }
  return shape;
}

type Unary = 'exp' | 'log' | 'sqrt' | 'abs' | 'square' | 'softplus';
type Binary = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum' | 'greater';

const requireFloats = (op: Op, inputs: readonly Node[]): void => {
  if (inputs.some(({ dtype }) => dtype !== 'float32')) refuse(op, inputs, 'it takes float32');
};

const unary =
  (op: Unary) =>
  (x: Node): Node => {
    requireFloats(op, [x]);
    return makeNode(op, [x], {}, x);
  };

const binary =
  (op: Binary) =>
  (a: Operand, b: Operand): Node => {
    const [left, right] = [nodeOf(a), nodeOf(b)];
    requireFloats(op, [left, right]);
    const shape = broadcast(left.shape, right.shape);
    return shape
      ? makeNode(op, [left, right], {}, { shape })
      : refuse(op, [left, right], 'the shapes do not broadcast');
  };

/** eˣ. */
export const exp = unary('exp');
/** Natural logarithm. */
export const log = unary('log');
/** √x; its slope at 0 is infinite: guard it under the root. */
export const sqrt = unary('sqrt');
/** |x|. */
export const abs = unary('abs');
/** x². */
export const square = unary('square');
/** log(1 + eˣ). */
export const softplus = unary('softplus');

/** a + b. */
export const add = binary('add');
/** a − b. */
export const sub = binary('sub');
/** a · b. */
export const mul = binary('mul');
/** a / b. */
export const div = binary('div');
/** The larger one. */
export const maximum = binary('maximum');
/** The smaller one. */
export const minimum = binary('minimum');
/** 1 where a > b, else 0; no gradient. */
export const greater = binary('greater');

/**
 * A power.
 *
 * @param x - any shape
 * @param exponent - p
 * @returns xᵖ
 */
export function pow(x: Node, exponent: number): Node {
  requireFloats('pow', [x]);
  return makeNode('pow', [x], { exponent }, x);
}

/**
 * Chooses element by element.
 *
 * @param condition - 0 or not; no gradient
 * @param yes - taken where it is not 0, the same shape
 * @param no - taken where it is 0, the same shape
 * @returns the same shape
 */
export function select(condition: Node, yes: Node, no: Node): Node {
  const inputs = [condition, yes, no];
  requireFloats('select', inputs);
  if (inputs.some(({ shape }) => !isSameShape(shape, yes.shape))) refuse('select', inputs, 'the shapes differ');
  return makeNode('select', inputs, {}, yes);
}

/**
 * Adds up arrays of equal shapes, in their order.
 *
 * @param terms - at least one
 * @returns their sum
 */
export function addN(terms: readonly Node[]): Node {
  const [first] = terms;
  if (!first) throw new Error('addN of nothing');
  requireFloats('addN', terms);
  if (terms.some(({ shape }) => !isSameShape(shape, first.shape))) refuse('addN', terms, 'the shapes differ');
  return makeNode('addN', terms, {}, first);
}
