import type { Adapter } from './adapter.ts';

/** Lengths of the dimensions of an array, the outermost first; none of a scalar. */
export type Dimensions = readonly number[];

/** What the elements of an array are. */
export type ElementType = 'float32' | 'int32';

/** Where an input comes from: taps of either network, or arrays that are filled for each step. */
export type InputSource = 'student' | 'teacher' | 'step';

/** An operation without attributes. */
export type None = Readonly<Record<string, never>>;

/** A reduction: dimensions that are summed over, ascending, and whether they stay with length 1. */
export interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** A pooled form of a map: its side, and its weight in the sum. */
export interface PooledForm {
  readonly side: number;
  readonly weight: number;
}

/**
 * All operations, and the attributes of each: what it computes beside its inputs. Shapes are stated where nodes are made
 * (the other files of this folder). `B` means that shapes broadcast as in NumPy.
 */
export interface Operations {
  /** An array from outside. */
  readonly input: { readonly source: InputSource; readonly name: string };
  /** One number in every place. */
  readonly constant: { readonly value: number };
  /** The identity matrix. */
  readonly identity: None;
  /** 1 at the class, 0 elsewhere. */
  readonly oneHot: None;
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
  /** The second where the first is not 0, else the third; equal shapes; no gradient in the first. */
  readonly select: None;
  /** Sum of any number of arrays of equal shapes. */
  readonly addN: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly abs: None;
  readonly square: None;
  /** log(1 + eˣ). */
  readonly softplus: None;
  /** xᵖ. */
  readonly pow: { readonly exponent: number };
  readonly sum: Reduction;
  readonly mean: Reduction;
  /** Of the last dimension, as the two that follow. */
  readonly softmax: None;
  readonly logSoftmax: None;
  /** log Σ eˣ: the last dimension goes. */
  readonly logSumExp: None;
  /** Products of the matrices in the last two dimensions, either of them transposed first; outer dimensions are equal. */
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /** Dimension k of the result is dimension `permutation[k]` of the input. */
  readonly transpose: { readonly permutation: readonly number[] };
  readonly reshape: None;
  readonly concat: { readonly axis: number };
  /** Rows of the first at the places that the second (int32) names; no gradient in the second. */
  readonly gather: None;
  /** Rows of the last dimension divided by their L2 norms, at least 1e-12. */
  readonly unitRows: None;
  /** F Fᵀ. */
  readonly rowGram: None;
  /** Fᵀ F of each image. */
  readonly columnGram: None;
  /** ‖v_i − v_j‖ of all pairs of rows; of equal rows 0, and no gradient. */
  readonly pairDistances: None;
  /** Cosines of the angles at v_i between v_j and v_k; 0 and no gradient where one of them equals v_i. */
  readonly tripleCosines: None;
  /** Mean of each channel over an image's pixels. */
  readonly columnMeans: None;
  /** Σ f² of each channel over an image's pixels. */
  readonly columnEnergies: None;
  /** Σ (f − mean)² of each channel over an image's pixels. */
  readonly columnSpreads: None;
  /** Σ f² of each pixel over its channels. */
  readonly pixelEnergies: None;
  /** Σ (a − b)² of each channel over all images and pixels. */
  readonly channelDistances: None;
  /** Means of windows that do not overlap. */
  readonly averagePool: { readonly window: number };
  /** Pixel i of the larger map is pixel ⌊i · from/to⌋ of the smaller one. */
  readonly stretch: None;
  /** σ(s₀) · a + σ(s₁) · b, s two scores a pixel. */
  readonly weighTwo: None;
  /** weight · mean (a − b)² + Σ weight · mean (pool(a − b))², pooled adaptively as PyTorch does: windows may overlap. */
  readonly pooledDistance: { readonly weight: number; readonly forms: readonly PooledForm[] };
  /** Noise-contrastive estimation over entries of a bank; differentiable in the features alone. */
  readonly contrast: { readonly temperature: number };
  /** What the scores of `contrast` are divided by: kept, or where that is 0 of this batch; no gradient. */
  readonly contrastScale: { readonly temperature: number };
  /** A small network that is trained along. */
  readonly adapter: { readonly adapter: Adapter };
}

/** Name of an operation. */
export type Op = keyof Operations;

/** A node of one operation. */
export interface NodeOf<O extends Op> {
  readonly op: O;
  readonly inputs: readonly Node[];
  readonly attributes: Operations[O];
  readonly shape: Dimensions;
  readonly dtype: ElementType;
  /** Ascends in the order in which nodes are made: that in which they are evaluated, so that sums of gradients keep their order. */
  readonly serial: number;
}

/** An expression: what is computed, of what, and the shape of the result. Data, equal for equal shapes; values come later. */
export type Node = { readonly [O in Op]: NodeOf<O> }[Op];

/** A node, or a number that stands for a constant. */
export type Operand = Node | number;

/** What a node results in. */
export interface ArrayType {
  readonly shape: Dimensions;
  /** float32 by default. */
  readonly dtype?: ElementType;
}

let serial = 0;

/**
 * Makes a node; for the constructors of this folder, which know the shapes.
 *
 * @param op - the operation
 * @param inputs - what it computes from
 * @param attributes - of the operation
 * @param result - shape and type of the result
 * @returns the node
 */
export const makeNode = <O extends Op>(
  op: O,
  inputs: readonly Node[],
  attributes: Operations[O],
  { shape, dtype = 'float32' }: ArrayType,
): NodeOf<O> => ({ op, inputs, attributes, shape, dtype, serial: serial++ });

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
export function refuse(op: Op, inputs: readonly Node[], demand: string): never {
  const given = inputs.map(({ shape, dtype }) => `${dtype} ${shapeText(shape)}`).join(' and ');
  throw new Error(`${op} of ${given}: ${demand}`);
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
