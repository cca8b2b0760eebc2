import type { AdapterCall, Dimensions, Node, NodeOf, Op } from '../../src/ml/algebra/node.ts';
import { isSameShape, lengthOf, sizeOf } from '../../src/ml/algebra/node.ts';
import { inOrder } from '../../src/ml/algebra/order.ts';
import { rightSingularVectors } from '../../src/ml/engines/reference/singular.ts';

/** Numbers of an array, row by row. */
export type Values = ArrayLike<number>;

/** What runs adapters. */
export interface AdapterCallbacks {
  /** The output of an adapter, dense. */
  forward(call: AdapterCall, input: Float64Array, images: number): Values;
  /** The gradient of the input of its last run, from that of the output; null where there is none. */
  backward(call: AdapterCall, gradient: Float64Array): Values | null;
}

/** How far apart neighbours along each dimension of a dense array lie. */
const stridesOf = (shape: Dimensions): readonly number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** Σ index · stride of every place of an array of a shape, in order. */
function walk(shape: Dimensions, strides: readonly number[], start = 0): Int32Array {
  return shape.reduce((places, length, axis) => {
    const longer = new Int32Array(places.length * length);
    places.forEach((place, i) => {
      for (let k = 0; k < length; k++) longer[i * length + k] = place + k * strides[axis]!;
    });
    return longer;
  }, Int32Array.of(start));
}

/** Places in a smaller array, which is broadcast to a shape. */
function broadcastPlaces(from: Dimensions, to: Dimensions): Int32Array {
  const strides = stridesOf(from).map((stride, axis) => (from[axis] === 1 ? 0 : stride));
  return walk(to, [...new Array<number>(to.length - from.length).fill(0), ...strides]);
}

type Given = readonly Float64Array[];

/** Values at places. */
const pick = (values: Float64Array, places: Int32Array): Float64Array =>
  Float64Array.from(places, (place) => values[place]!);

/** Values of all places of a node. */
const filled = ({ shape }: Node, of: (place: number) => number): Float64Array =>
  new Float64Array(sizeOf(shape)).map((_, place) => of(place));

const elementwise =
  (of: (a: number, b: number, c: number) => number) =>
  (node: Node, given: Given): Float64Array => {
    const [a, b = a, c = a] = given.map((values, k) => {
      const { shape } = node.inputs[k]!;
      return isSameShape(shape, node.shape) ? values : pick(values, broadcastPlaces(shape, node.shape));
    });
    return a!.map((value, place) => of(value, b![place]!, c![place]!));
  };

/** Folds over dimensions. */
function reduced(node: NodeOf<'sum' | 'max'>, values: Float64Array, of: (before: number, value: number) => number) {
  const { axes } = node.attributes;
  const { shape } = node.inputs[0]!;
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const result = new Float64Array(sizeOf(kept)).fill(node.op === 'sum' ? 0 : -Infinity);
  const places = broadcastPlaces(kept, shape);
  values.forEach((value, from) => (result[places[from]!] = of(result[places[from]!]!, value)));
  return result;
}

/** Size of a matrix among others and steps through it: to the next matrix, along the result, along the sum. */
function matrixSteps({ shape }: Node, isAlongLast: boolean) {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const next = shape.length > 2 ? rows * columns : 0;
  return isAlongLast ? { next, along: 1, depth: columns } : { next, along: columns, depth: 1 };
}

function product(node: NodeOf<'matmul'>, [x, y]: Given): Float64Array {
  const { transposeA, transposeB } = node.attributes;
  const [rows, columns] = node.shape.slice(-2) as [number, number];
  const [a, b] = [matrixSteps(node.inputs[0]!, transposeA), matrixSteps(node.inputs[1]!, !transposeB)];
  const depth = lengthOf(node.inputs[0]!, transposeA ? -2 : -1);
  return filled(node, (place) => {
    const matrix = Math.floor(place / (rows * columns));
    const left = matrix * a.next + (Math.floor(place / columns) % rows) * a.along;
    const right = matrix * b.next + (place % columns) * b.along;
    let sum = 0;
    for (let k = 0; k < depth; k++) sum += x![left + k * a.depth]! * y![right + k * b.depth]!;
    return sum;
  });
}

function joined(node: NodeOf<'concat'>, given: Given): Float64Array {
  const { axis } = node.attributes;
  const strides = stridesOf(node.shape);
  const result = new Float64Array(sizeOf(node.shape));
  let from = 0;
  node.inputs.forEach(({ shape }, k) => {
    walk(shape, strides, from * strides[axis]!).forEach((to, place) => (result[to] = given[k]![place]!));
    from += shape[axis]!;
  });
  return result;
}

/** Operations that take nothing from outside. */
type Computed = Exclude<Op, 'input' | 'adapter' | 'adapterGradient'>;

const operations: { readonly [O in Computed]: (node: NodeOf<O>, given: Given) => Float64Array } = {
  constant: (node) => filled(node, () => node.attributes.value),
  array: (node) => Float64Array.from(node.attributes.values),
  add: elementwise((a, b) => a + b),
  sub: elementwise((a, b) => a - b),
  mul: elementwise((a, b) => a * b),
  div: elementwise((a, b) => a / b),
  maximum: elementwise((a, b) => Math.max(a, b)),
  minimum: elementwise((a, b) => Math.min(a, b)),
  greater: elementwise((a, b) => Number(a > b)),
  equal: elementwise((a, b) => Number(a === b)),
  select: elementwise((condition, yes, no) => (condition === 0 ? no : yes)),
  exp: elementwise((x) => Math.exp(x)),
  log: elementwise((x) => Math.log(x)),
  sqrt: elementwise((x) => Math.sqrt(x)),
  abs: elementwise((x) => Math.abs(x)),
  square: elementwise((x) => x * x),
  softplus: elementwise((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x))),
  pow: elementwise((a, b) => a ** b),
  sum: (node, [x]) => reduced(node, x!, (sum, value) => sum + value),
  max: (node, [x]) => reduced(node, x!, (largest, value) => Math.max(largest, value)),
  matmul: product,
  rightSingularVectors: (node, [x]) => {
    const [rows, columns] = node.inputs[0]!.shape.slice(-2) as [number, number];
    const matrices = Array.from({ length: x!.length / (rows * columns) }, (_, i) =>
      rightSingularVectors(x!.subarray(i * rows * columns, (i + 1) * rows * columns), rows, columns),
    );
    return Float64Array.from(matrices.flatMap((matrix) => [...matrix]));
  },
  transpose: (node, [x]) => {
    const strides = stridesOf(node.inputs[0]!.shape);
    const { permutation } = node.attributes;
    return pick(
      x!,
      walk(
        node.shape,
        permutation.map((axis) => strides[axis]!),
      ),
    );
  },
  reshape: (_, [x]) => x!.slice(),
  broadcast: elementwise((x) => x),
  concat: joined,
  slice: (node, [x]) => {
    const { axis, from } = node.attributes;
    const strides = stridesOf(node.inputs[0]!.shape);
    return pick(x!, walk(node.shape, strides, from * strides[axis]!));
  },
  gather: (node, [table, places]) => {
    const size = lengthOf(node, 1);
    return filled(node, (place) => table![places![Math.floor(place / size)]! * size + (place % size)]!);
  },
  gatherProducts: (node, [x, table, places]) => {
    const [each, size] = [lengthOf(node, 1), lengthOf(node.inputs[0]!, 1)];
    return filled(node, (place) => {
      const row = Math.floor(place / each);
      let sum = 0;
      for (let k = 0; k < size; k++) sum += x![row * size + k]! * table![places![place]! * size + k]!;
      return sum;
    });
  },
  gatherSums: (node, [x, table, places]) => {
    const [each, size] = [lengthOf(node.inputs[0]!, 1), lengthOf(node, 1)];
    return filled(node, (place) => {
      const first = Math.floor(place / size) * each;
      let sum = 0;
      for (let j = first; j < first + each; j++) sum += x![j]! * table![places![j]! * size + (place % size)]!;
      return sum;
    });
  },
};

const compute = <O extends Computed>(node: NodeOf<O>, given: Given): Float64Array => operations[node.op](node, given);

function valuesOf(node: NodeOf<'input'>, inputs: Readonly<Record<string, Values>>): Float64Array {
  const { name } = node.attributes;
  const values = inputs[name];
  if (!values) throw new Error(`nothing gives ${name}`);
  if (values.length !== sizeOf(node.shape))
    throw new Error(`${name} has ${values.length} values, and its shape [${node.shape.join(', ')}]`);
  return Float64Array.from(values);
}

/**
 * Evaluates expressions in float64, operation by operation, each as its definition says.
 *
 * @param roots - what is wanted
 * @param inputs - values of the inputs, by name
 * @param adapters - runs adapters; there are none by default
 * @returns values of each root
 */
export function evaluateNodes(
  roots: readonly Node[],
  inputs: Readonly<Record<string, Values>>,
  adapters?: AdapterCallbacks,
): readonly Float64Array[] {
  const known = new Map<Node, Float64Array>();
  const zeros = (node: Node): Values => new Float64Array(sizeOf(node.shape));
  const evaluated = (node: Node): Float64Array => {
    if (node.op === 'input') return valuesOf(node, inputs);
    const given = node.inputs.map((input) => known.get(input)!);
    if (node.op !== 'adapter' && node.op !== 'adapterGradient') return compute(node, given);
    if (!adapters) throw new Error(`nothing runs adapter ${node.attributes.adapter.name}`);
    return Float64Array.from(
      node.op === 'adapter'
        ? adapters.forward(node.attributes, given[0]!, lengthOf(node, 0))
        : (adapters.backward(node.attributes, given[0]!) ?? zeros(node)),
    );
  };
  for (const node of inOrder(roots)) known.set(node, evaluated(node));
  return roots.map((root) => known.get(root)!);
}
