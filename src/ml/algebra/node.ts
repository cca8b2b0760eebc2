import type { Adapter } from './adapter.ts';

/** Lengths of the dimensions of an array, the outermost first; none of a scalar. */
export type Dimensions = readonly number[];

/** An operation without attributes. */
export type None = Readonly<Record<string, never>>;

/** A reduction: dimensions that go, ascending, and whether they stay with length 1. */
export interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** One run of an adapter: the second pass over a batch (R-Drop, a second view) has activations of its own. */
export interface AdapterCall {
  readonly adapter: Adapter;
  /** From 0. */
  readonly pass: number;
}

/**
 * All operations, and the attributes of each: what it computes beside its inputs. Everything else is made of them
 * (the other files of this folder). All arrays are real numbers; indices are whole ones. `B` means that shapes broadcast as
 * in NumPy.
 */
export interface Operations {
  /** An array from outside; of equal names it is the same one. */
  readonly input: { readonly name: string };
  /** One number in every place. */
  readonly constant: { readonly value: number };
  /** Given numbers. */
  readonly array: { readonly values: readonly number[] };
  /** a + b, B. */
  readonly add: None;
  /** a − b, B. */
  readonly sub: None;
  /** a · b, B. */
  readonly mul: None;
  /** a / b, B. */
  readonly div: None;
  /** The larger one, B; of equal ones the gradient goes to both. */
  readonly maximum: None;
  /** The smaller one, B; of equal ones the gradient goes to both. */
  readonly minimum: None;
  /** 1 where a > b, else 0, B; no gradient. */
  readonly greater: None;
  /** 1 where a = b, else 0, B; no gradient. */
  readonly equal: None;
  /** The second where the first is not 0, else the third, B; no gradient in the first. */
  readonly select: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly abs: None;
  readonly square: None;
  /** log(1 + eˣ). */
  readonly softplus: None;
  /** 1/(1 + e⁻ˣ). */
  readonly sigmoid: None;
  /** aᵇ, B; a ≥ 0, and 0⁰ = 1; no gradient in b, which is a constant. */
  readonly pow: None;
  readonly sum: Reduction;
  /** The largest; no gradient. */
  readonly max: Reduction;
  /**
   * Products of the matrices in the last two dimensions, either of them transposed first. Outer dimensions are equal, or one
   * side has none: its matrix is that of all.
   */
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /** Right singular vectors of the matrices [..., m, n] in the last two dimensions: [..., n, min(m, n)]. */
  readonly rightSingularVectors: None;
  /** Dimension k of the result is dimension `permutation[k]` of the input. */
  readonly transpose: { readonly permutation: readonly number[] };
  readonly reshape: None;
  /** The same values along dimensions of length 1, which become longer, and along new outer ones. */
  readonly broadcast: None;
  readonly concat: { readonly axis: number };
  /** Places `from` … of a dimension, as many as the result has. */
  readonly slice: { readonly axis: number; readonly from: number };
  /** Rows of the first [n, D] at the places that the second [N] names: [N, D]; no gradient. */
  readonly gather: None;
  /** ⟨x_i, table[places_ij]⟩ of x [N, D], table [n, D], places [N, J]: [N, J]; differentiable in x. */
  readonly gatherProducts: None;
  /** Σ_j x_ij · table[places_ij] of x [N, J], table [n, D], places [N, J]: [N, D]; no gradient. */
  readonly gatherSums: None;
  /** A small network that is trained along. */
  readonly adapter: AdapterCall;
  /** The gradient of its input, from that of its output; of its parameters beside that. */
  readonly adapterGradient: AdapterCall;
}

/** Name of an operation. */
export type Op = keyof Operations;

/** A node of one operation. */
export interface NodeOf<O extends Op> {
  readonly op: O;
  readonly inputs: readonly Node[];
  readonly attributes: Operations[O];
  readonly shape: Dimensions;
  /** Ascends in the order in which nodes are made: that in which they are evaluated, so that sums of gradients keep their order. */
  readonly serial: number;
}

/** An expression: what is computed, of what, and the shape of the result. Data, equal for equal shapes; values come later. */
export type Node = { readonly [O in Op]: NodeOf<O> }[Op];

/** A node, or a number that stands for a constant. */
export type Operand = Node | number;

let serial = 0;

/**
 * Makes a node; for the constructors of this folder, which know the shapes.
 *
 * @param op - the operation
 * @param inputs - what it computes from
 * @param attributes - of the operation
 * @param shape - of the result
 * @returns the node
 */
export const makeNode = <O extends Op>(
  op: O,
  inputs: readonly Node[],
  attributes: Operations[O],
  shape: Dimensions,
): NodeOf<O> => ({ op, inputs, attributes, shape, serial: serial++ });

/** A shape for messages: `[2, 3]`. */
export const shapeText = (shape: Dimensions): string => `[${shape.join(', ')}]`;

/**
 * Refuses what an operation cannot compute: a bug of the method.
 *
 * @param op - the operation
 * @param inputs - that it was given
 * @param demand - what it wants
 * @throws Error always
 */
export function refuse(op: string, inputs: readonly Node[], demand: string): never {
  throw new Error(`${op} of ${inputs.map(({ shape }) => shapeText(shape)).join(' and ')}: ${demand}`);
}

/** Number of elements of a shape. */
export const sizeOf = (shape: Dimensions): number => shape.reduce((product, length) => product * length, 1);

/** Whether two shapes are the same. */
export const isSameShape = (a: Dimensions, b: Dimensions): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis]);

/**
 * One dimension of a node.
 *
 * @param node - of which
 * @param axis - from 0; negative ones count from the end
 * @returns its length
 * @throws Error where there is no such dimension (a bug)
 */
export function lengthOf(node: Node, axis: number): number {
  const length = node.shape.at(axis);
  if (length === undefined) throw new Error(`${node.op} of shape ${shapeText(node.shape)} has no dimension ${axis}`);
  return length;
}
