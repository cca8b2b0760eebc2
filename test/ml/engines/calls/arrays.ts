import { ELEMENTWISE, FUNCTIONS, type FunctionName } from '../../../../src/ml/engines/array-primitives.ts';
import { hashed, signed } from '../../../support/hashed.ts';
import { empty, positive, type Call, type Case } from './call.ts';
import {
  constant,
  dense,
  elementwiseCall,
  partly,
  reduceCall,
  sizeOf,
  walkOperands,
  whole,
  type Input,
  type Walk,
} from './walk.ts';

/** Each function alone, over more than a strip that ends within a vector. */
function functionCalls(): Call[] {
  const shape = [1003];
  const inputs = ['a', 'b', 'c'].map((name) => whole(name, shape, 10));
  const zeros = inputs[0]!.values.map((value) => (Math.abs(value) < 2 ? 0 : value));
  const bases: Partial<Record<FunctionName, Float32Array>> = {
    select: zeros,
    log: positive('a', 1003),
    sqrt: positive('a', 1003),
    pow: positive('a', 1003),
    equal: inputs[1]!.values.map((value, i) => (i % 3 ? value : 1)),
  };
  return Object.entries(FUNCTIONS).map(([name, operands]) => {
    const base = bases[name as FunctionName] ?? inputs[0]!.values;
    const given = [{ values: base, strides: [1] }, ...inputs.slice(1)].slice(0, operands);
    return elementwiseCall({
      shape,
      inputs: given,
      code: [[name as FunctionName, operands, ...given.keys()]],
    });
  });
}

/** Programs that use all there is: six inputs, registers that are written again, constants, the last instruction. */
function programs(): Call[] {
  const shape = [3, 5, 70];
  const inputs = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => whole(name, shape));
  const chain = Array.from({ length: ELEMENTWISE.instructions - 2 }, (_, i): [FunctionName, number, number, number] => [
    i % 2 ? 'add' : 'mul',
    i % ELEMENTWISE.registers,
    i % 6,
    i % 3 ? (i + 5) % 16 : constant(i % 8),
  ]);
  const filling = Array.from({ length: 10 }, (_, i): [FunctionName, number, number] => ['square', 6 + i, i % 6]);
  return [
    elementwiseCall({
      shape,
      inputs,
      code: [...filling, ...chain.slice(0, 12), ['sub', 0, 0, 1], ['add', 3, 0, constant(7)]],
      constants: [1, 2, 0.5, -1, 0.25, 3, -0.125, 8],
    }),
    // A squared distance with a scale; softmax's numerator; no instruction at all.
    elementwiseCall({
      shape,
      inputs: inputs.slice(0, 2),
      code: [
        ['sub', 2, 0, 1],
        ['square', 2, 2],
        ['mul', 2, 2, constant(0)],
      ],
      constants: [0.3],
    }),
    elementwiseCall({
      shape,
      inputs: [inputs[0]!, { values: signed('row', 15), strides: [5, 1, 0] }],
      code: [
        ['sub', 0, 0, 1],
        ['exp', 0, 0],
      ],
    }),
    elementwiseCall({ shape, inputs: inputs.slice(0, 1) }),
    // Absent inputs between those that are there.
    {
      ...elementwiseCall({ shape, inputs, code: [['add', 7, 0, 5]] }),
      operands: { ...walkOperands(inputs), b: null, d: null, y: empty(sizeOf(shape)) },
    },
  ];
}

const SHAPES = [[1], [7], [513], [3, 5], [40, 10], [25, 16], [2, 3, 130], [2, 3, 4, 30], [2, 3, 2, 3, 17], [300, 1]];

/** y = a + b with b missing each of the dimensions in turn; a with its dimensions in the opposite order; y spread out. */
function broadcasts(): Call[] {
  return SHAPES.flatMap((shape): Call[] => {
    const last = shape.length - 1;
    const a = whole('a', shape);
    const code = [['add', 2, 0, 1] as const];
    const sums = (b: Input): Walk => ({ shape, inputs: [a, b], code });
    const values = signed('b', sizeOf(shape));
    const missing = shape.map((_, without) => sums({ values, strides: partly(shape, (d) => d !== without) }));
    const only = shape.map((_, own) => sums({ values, strides: partly(shape, (d) => d === own) }));
    const turned = sums({ values, strides: dense([...shape].reverse()).reverse() });
    const scalar = sums({ values, strides: [] });
    const spread = dense([...shape.slice(0, last), (shape[last] ?? 1) * 3]).map((stride, d) =>
      d === last ? 3 : stride,
    );
    return [
      ...[...missing, ...only, turned, scalar].map((walk) => elementwiseCall(walk)),
      elementwiseCall(scalar, { yStrides: dense([...shape].reverse()).reverse() }),
      elementwiseCall({ shape, inputs: [a] }, { yStrides: spread }),
    ];
  });
}

/** Every choice of dimensions, whole and in pieces, of a program's results. */
function masks(): Call[] {
  const shape = [2, 3, 4, 3, 11];
  const walk: Walk = {
    shape,
    inputs: [whole('a', shape), { values: signed('b', 33), strides: partly(shape, (d) => d > 2) }],
    code: [
      ['mul', 2, 0, 1],
      ['add', 2, 2, constant(0)],
    ],
    constants: [0.5],
  };
  return Array.from({ length: 32 }, (_, mask) => shape.flatMap((_, d) => (mask & (1 << d) ? [d] : []))).flatMap(
    (reduced) => [
      reduceCall(walk, { reduced }),
      reduceCall(walk, { reduced, chunks: 3 }),
      reduceCall(walk, { reduced, largest: 1 }),
      reduceCall(walk, { reduced, largest: 1, chunks: 5 }),
    ],
  );
}

/** Rows and columns that are longer and shorter than a strip, far from 0. */
function longReductions(): Call[] {
  const shapes = [[3, 3000], [3000, 5], [500, 10], [40, 300], [70001], [7, 2, 1000]];
  return shapes.flatMap((shape): Call[] => {
    const a = {
      values: signed('a', sizeOf(shape)).map((value) => (10 + value) / sizeOf(shape)),
      strides: dense(shape),
    };
    const dimensions = [...shape.keys()];
    return [...dimensions.map((d) => [d]), dimensions].flatMap((reduced) =>
      [1, 7].map((chunks) => reduceCall({ shape, inputs: [a] }, { reduced, chunks })),
    );
  });
}

interface Product {
  readonly batch?: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** Both factors in both orders. */
function productCalls({ batch = 1, rows, columns, depth }: Product): Call[] {
  const layout = (name: string, [far, near]: readonly [number, number], turned: boolean, shared: boolean) => ({
    values: signed(name, (shared ? 1 : batch) * far * near),
    batch: shared ? 0 : far * near,
    strides: turned ? [1, far] : [near, 1],
  });
  return [0, 1, 2, 3].map((which): Call => {
    const a = layout('a', [rows, depth], which % 2 === 1, batch > 2);
    const b = layout('b', [depth, columns], which > 1, batch === 2);
    const [aRow, aDepth, bDepth, bColumn] = [...a.strides, ...b.strides] as [number, number, number, number];
    return {
      primitive: 'matrix-product',
      operands: { a: a.values, b: b.values, y: signed('y', batch * rows * columns) },
      numbers: { batch, rows, columns, depth, aBatch: a.batch, aRow, aDepth, bBatch: b.batch, bDepth, bColumn },
    };
  });
}

const PRODUCTS: readonly Product[] = [
  { rows: 1, columns: 1, depth: 1 },
  { rows: 7, columns: 9, depth: 5, batch: 2 },
  { rows: 4, columns: 72, depth: 8, batch: 9 },
  { rows: 13, columns: 20, depth: 300 },
  { rows: 100, columns: 33, depth: 70 },
  { rows: 130, columns: 140, depth: 12, batch: 2 },
  // More than is packed at a time.
  { rows: 5, columns: 19, depth: 4200 },
];

/** Shapes of few and many rows and columns. */
const MATRICES: readonly (readonly [batch: number, rows: number, columns: number])[] = [
  [1, 1, 1],
  [3, 5, 1],
  [2, 1, 6],
  [5, 9, 4],
  [35, 4, 9],
  [2, 40, 33],
];

/** Stacks of matrices; one of them has less rank than rows and columns, the first one nothing in it. */
function singularCalls(): Call[] {
  return MATRICES.flatMap(([batch, rows, columns]) => {
    const count = Math.min(rows, columns);
    const chunks = Math.min(batch, 3);
    const x = signed('x', batch * rows * columns);
    const call = (values: Float32Array): Call => ({
      primitive: 'right-singular-vectors',
      operands: {
        x: values,
        y: empty(batch * columns * count),
        work: empty(2 * chunks * (count * (2 * count + 3) + columns)),
      },
      numbers: { batch, rows, columns, chunks },
      scratch: ['work'],
    });
    // Each row is a multiple of the first.
    const poor = x.map((_, i) => x[i % columns]! * (1 + Math.floor(i / columns)));
    return [call(x), call(x.map((value, i) => (i < rows * columns ? 0 : value))), ...(batch === 2 ? [call(poor)] : [])];
  });
}

/** Rows of a table of 90 that are picked, some of them several times. */
function tables(columns: number): Call[] {
  const [rows, entries] = [37, 90];
  const places = (count: number): Float32Array =>
    Float32Array.from(hashed('places', count), (u) => Math.floor(u * entries));
  const table = signed('table', entries * columns);
  const x = signed('x', rows * columns);
  const copy = { rows, columns };
  const sums = { rows: 3, each: 300, columns };
  return [
    { primitive: 'gather', operands: { table, places: places(rows), y: empty(rows * columns) }, numbers: copy },
    { primitive: 'scatter', operands: { x, places: places(rows).map((place) => place % 9), table }, numbers: copy },
    {
      primitive: 'gather-products',
      operands: { x: x.subarray(0, 3 * columns), table, places: places(900), y: empty(900) },
      numbers: sums,
    },
    {
      primitive: 'gather-sums',
      operands: { x: signed('weights', 900), table, places: places(900), y: empty(3 * columns) },
      numbers: sums,
    },
  ];
}

export const arrays: readonly Case[] = [
  { title: 'functions', calls: functionCalls, tolerance: 1e-6 },
  { title: 'programs', calls: programs, tolerance: 1e-6 },
  { title: 'broadcasts', calls: broadcasts, tolerance: 1e-6 },
  { title: 'reductions over any dimensions', calls: masks, tolerance: 1e-6 },
  { title: 'long reductions', calls: longReductions, tolerance: 1e-6 },
  { title: 'matrix products', calls: () => PRODUCTS.flatMap(productCalls), tolerance: 1e-6 },
  { title: 'singular vectors', calls: singularCalls, tolerance: 1e-6 },
  { title: 'tables', calls: () => [1, 5, 16, 30, 128].flatMap(tables), tolerance: 1e-6 },
];
