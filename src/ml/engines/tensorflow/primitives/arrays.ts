import { at } from '../../../../util/at.ts';
import {
  ELEMENTWISE,
  FUNCTIONS,
  unpackInstruction,
  type ArrayPrimitive,
  type FunctionName,
  type Walk,
  type WalkInputs,
} from '../../array-primitives.ts';
import type { Graph, Tensor } from '../graph.ts';
import type { Operand } from '../operand.ts';
import type { Nodes } from './context.ts';
import { putStrided, strided } from './strided.ts';

type Function = (graph: Graph, a: Tensor, b: Tensor, c: Tensor) => Tensor;

const truth = (graph: Graph, condition: Tensor): Tensor => graph.cast(condition, 'float');

const functions: { readonly [F in FunctionName]: Function } = {
  copy: (_, a) => a,
  add: (graph, a, b) => graph.add(a, b),
  sub: (graph, a, b) => graph.sub(a, b),
  mul: (graph, a, b) => graph.mul(a, b),
  div: (graph, a, b) => graph.div(a, b),
  maximum: (graph, a, b) => graph.binary('Maximum', a, b),
  minimum: (graph, a, b) => graph.binary('Minimum', a, b),
  greater: (graph, a, b) => truth(graph, graph.compare('Greater', a, b)),
  equal: (graph, a, b) => truth(graph, graph.compare('Equal', a, b)),
  select: (graph, a, b, c) => graph.select(graph.compare('NotEqual', a, graph.scalar(0)), b, c),
  exp: (graph, a) => graph.unary('Exp', a),
  log: (graph, a) => graph.unary('Log', a),
  sqrt: (graph, a) => graph.unary('Sqrt', a),
  abs: (graph, a) => graph.unary('Abs', a),
  square: (graph, a) => graph.unary('Square', a),
  softplus: (graph, a) => graph.unary('Softplus', a),
  sigmoid: (graph, a) => graph.unary('Sigmoid', a),
  pow: (graph, a, b) => graph.binary('Pow', a, b),
};

const FUNCTION_LIST = Object.keys(FUNCTIONS).map((name) => functions[name as FunctionName]);

type Inputs = WalkInputs<Operand>;

/** The results of a walk's program at all of its places. */
function walked(graph: Graph, { a, b, c, d, e, f }: Inputs, walk: Walk): Tensor {
  const { rank, registers } = ELEMENTWISE;
  const held = new Map<number, Tensor>();
  [a, b, c, d, e, f].forEach((operand, input) => {
    const strides = walk.strides.slice(input * rank, (input + 1) * rank);
    if (operand) held.set(input, strided(graph, operand, walk.shape, strides));
  });
  walk.constants.forEach((value, constant) => held.set(registers + constant, graph.scalar(value)));
  const zero = graph.scalar(0);
  let result = held.get(0) ?? zero;
  for (const word of walk.code.slice(0, walk.instructions)) {
    const [code, to, ...of] = unpackInstruction(word);
    const [first, second, third] = of.map((register) => held.get(register) ?? zero);
    result = at(FUNCTION_LIST, code)(graph, first ?? zero, second ?? zero, third ?? zero);
    held.set(to, result);
  }
  return graph.broadcastTo(graph.reshape(result, padded(result.shape)), walk.shape);
}

/** A shape of as many dimensions as walks have. */
const padded = (shape: readonly number[]): readonly number[] => [
  ...Array<number>(ELEMENTWISE.rank - shape.length).fill(1),
  ...shape,
];

/** A factor of a product, [batch, rows, columns], and whether it lies the other way round. */
function factorOf(
  graph: Graph,
  operand: Operand,
  shape: readonly [number, number, number],
  strides: readonly [number, number, number],
): { readonly value: Tensor; readonly turned: boolean } {
  const [batch, rows, columns] = shape;
  const [far, row, column] = strides;
  const turned = row === 1 && column !== 1;
  const value = turned
    ? strided(graph, operand, [batch, columns, rows], [far, column, row])
    : strided(graph, operand, shape, strides);
  // Lengths of 1 go on nowhere, whatever their stride.
  const lengths = turned ? [value.shape[0] ?? 1, columns, rows] : [value.shape[0] ?? 1, rows, columns];
  const full = graph.broadcastTo(value, lengths);
  return { value: batch === 1 ? graph.reshape(full, lengths.slice(1)) : full, turned };
}

/** Rows of a table at [rows, each] places: [rows, each, columns]. */
function pairs(
  graph: Graph,
  table: Operand,
  places: Operand,
  n: { rows: number; each: number; columns: number },
): Tensor {
  return graph.gather(table.table(n.columns), places.get(n.rows, n.each));
}

/** Right singular vectors of x [batch, rows, columns], as the primitive has them; NaN of matrices that are not finite. */
function singularVectors(graph: Graph, x: Tensor): Tensor {
  const [batch = 0, rows = 0, columns = 0] = x.shape;
  const count = Math.min(rows, columns);
  const across = (each: Tensor): Tensor => graph.reshape(each, [batch, 1, count]);
  const zero = graph.scalar(0);
  const nothing = graph.reshape(graph.reduce('Sum', graph.mul(x, zero), [1, 2]), [batch, 1, 1]);
  const finite = graph.compare('Equal', nothing, zero);
  const attributes = { T: { type: 'double' }, compute_uv: { bool: true }, full_matrices: { bool: false } } as const;
  const shapes = [
    [batch, count],
    [batch, rows, count],
    [batch, columns, count],
  ];
  const parts = graph.outputs('Svd', [graph.cast(graph.select(finite, x, zero), 'double')], shapes, { attributes });
  const [values, vectors] = [at(parts, 0), at(parts, 2)].map((part) =>
    graph.cast({ ...part, type: 'double' }, 'float'),
  ) as [Tensor, Tensor];
  const size = graph.unary('Abs', vectors);
  const isLargest = graph.compare('Equal', size, across(graph.reduce('Max', size, [1])));
  const sign = graph.unary('Sign', graph.reduce('Sum', graph.select(isLargest, vectors, zero), [1]));
  const least = graph.mul(graph.slice(values, [0, 0], [batch, 1]), graph.scalar(2 ** -23));
  const kept = graph.mul(sign, truth(graph, graph.compare('Greater', values, least)));
  return graph.add(graph.mul(vectors, across(kept)), nothing);
}

export const arrays: Nodes<ArrayPrimitive> = {
  elementwise({ y, ...inputs }, { yStrides, ...walk }, { graph }) {
    putStrided(graph, y, walked(graph, inputs, walk), yStrides);
  },
  reduce({ y, a, b, c, d, e, f }, { reduced, largest, ...walk }, { graph }) {
    const result = walked(graph, { a, b, c, d, e, f }, walk);
    const axes = walk.shape.flatMap((_, axis) => (reduced & (1 << axis) ? [axis] : []));
    y.put(graph.reduce(largest ? 'Max' : 'Sum', result, axes));
  },
  'matrix-product'({ a, b, y }, { batch, rows, columns, depth, ...n }, { graph }) {
    const first = factorOf(graph, a, [batch, rows, depth], [n.aBatch, n.aRow, n.aDepth]);
    const second = factorOf(graph, b, [batch, depth, columns], [n.bBatch, n.bDepth, n.bColumn]);
    y.put(graph.product(first.value, second.value, { turnA: first.turned, turnB: second.turned }));
  },
  'right-singular-vectors'({ x, y }, { batch, rows, columns }, { graph }) {
    y.put(singularVectors(graph, x.get(batch, rows, columns)));
  },
  gather({ table, places, y }, { rows, columns }, { graph }) {
    y.put(graph.gather(table.table(columns), places.get(rows)));
  },
  scatter({ x, places, table }, { rows, columns }, { graph }) {
    // Of equal places the last one counts: each place is given the row of the last one that is equal.
    const [down, across] = [places.get(rows, 1), places.get(1, rows)];
    const order = graph.constant(
      Float32Array.from({ length: rows }, (_, row) => row + 1),
      [1, rows],
    );
    const equal = graph.cast(graph.compare('Equal', down, across), 'float');
    const last = graph.sub(graph.reduce('Max', graph.mul(equal, order), [1]), graph.scalar(1));
    const values = graph.gather(x.get(rows, columns), last);
    table.put(graph.scatter(table.table(columns), places.get(rows), values));
  },
  'gather-products'({ x, table, places, y }, n, { graph }) {
    const { rows, columns } = n;
    y.put(graph.product(pairs(graph, table, places, n), x.get(rows, columns, 1)));
  },
  'gather-sums'({ x, table, places, y }, n, { graph }) {
    const { rows, each } = n;
    y.put(graph.product(x.get(rows, 1, each), pairs(graph, table, places, n)));
  },
};
