import {
  ELEMENTWISE,
  FUNCTIONS,
  unpackInstruction,
  type ArrayPrimitive,
  type FunctionName,
  type Walk,
  type WalkInputs,
} from '../array-primitives.ts';
import { at, put } from './arrays.ts';
import type { Implementations } from './implementations.ts';
import { rightSingularVectors } from './singular.ts';

const value = (condition: boolean): number => (condition ? 1 : 0);

/** The smaller or larger of two; NaN where either is. */
const functions: { readonly [F in FunctionName]: (a: number, b: number, c: number) => number } = {
  copy: (a) => a,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  // Functions are called with three numbers.
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  greater: (a, b) => value(a > b),
  equal: (a, b) => value(a === b),
  select: (a, b, c) => (a === 0 ? c : b),
  exp: (a) => Math.exp(a),
  log: (a) => Math.log(a),
  sqrt: (a) => Math.sqrt(a),
  abs: (a) => Math.abs(a),
  square: (a) => a * a,
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  pow: (a, b) => a ** b,
};

const FUNCTION_LIST = Object.keys(FUNCTIONS).map((name) => functions[name as FunctionName]);

type Inputs = WalkInputs<Float64Array>;

const numberAt = (numbers: readonly number[], index: number): number => numbers[index] ?? 0;

/** Calls back for each place with its index in every dimension and the program's result there, the last dimension fastest. */
function eachPlace(inputs: Inputs, walk: Walk, visit: (index: readonly number[], result: number) => void): void {
  const { rank, registers, constants } = ELEMENTWISE;
  const arrays = [inputs.a, inputs.b, inputs.c, inputs.d, inputs.e, inputs.f];
  const held = new Float64Array(registers + constants);
  held.set(walk.constants, registers);
  const code = walk.code.slice(0, walk.instructions).map(unpackInstruction);
  const offset = (input: number, index: readonly number[]): number =>
    index.reduce((sum, place, dimension) => sum + place * numberAt(walk.strides, input * rank + dimension), 0);
  const index = walk.shape.map(() => 0);
  const step = (dimension: number): void => {
    if (dimension < rank) {
      for (let place = 0; place < numberAt(walk.shape, dimension); place++) {
        index[dimension] = place;
        step(dimension + 1);
      }
      return;
    }
    arrays.forEach((array, input) => {
      if (array) held[input] = at(array, offset(input, index));
    });
    let result = at(held, 0);
    for (const [name, to, a, b, c] of code) {
      result = FUNCTION_LIST[name]?.(at(held, a), at(held, b), at(held, c)) ?? NaN;
      held[to] = result;
    }
    visit(index, result);
  };
  step(0);
}

export const walks: Implementations<ArrayPrimitive> = {
  elementwise({ y, ...inputs }, { yStrides, ...walk }) {
    eachPlace(inputs, walk, (index, result) => {
      const place = index.reduce((sum, at, dimension) => sum + at * numberAt(yStrides, dimension), 0);
      y[place] = result;
    });
  },
  reduce({ y, a, b, c, d, e, f }, { reduced, largest, ...walk }) {
    const isKept = (_: unknown, dimension: number): boolean => !(reduced & (1 << dimension));
    const lengths = walk.shape.filter(isKept);
    const count = lengths.reduce((product, length) => product * length, 1);
    y.fill(largest ? -Infinity : 0, 0, count);
    eachPlace({ a, b, c, d, e, f }, walk, (index, result) => {
      const place = index.filter(isKept).reduce((sum, at, k) => sum * numberAt(lengths, k) + at, 0);
      y[place] = largest ? Math.max(at(y, place), result) : at(y, place) + result;
    });
  },
  'matrix-product'({ a, b, y }, { batch, rows, columns, depth, ...n }) {
    for (let i = 0; i < batch; i++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          const [fromA, fromB] = [i * n.aBatch + r * n.aRow, i * n.bBatch + c * n.bColumn];
          let sum = 0;
          for (let k = 0; k < depth; k++) sum += at(a, fromA + k * n.aDepth) * at(b, fromB + k * n.bDepth);
          y[(i * rows + r) * columns + c] = sum;
        }
  },
  'right-singular-vectors'({ x, y }, { batch, rows, columns }) {
    for (let i = 0; i < batch; i++) {
      const matrix = x.subarray(i * rows * columns, (i + 1) * rows * columns);
      y.set(rightSingularVectors(matrix, rows, columns), i * columns * Math.min(rows, columns));
    }
  },
  gather({ table, places, y }, { rows, columns }) {
    for (let i = 0; i < rows; i++)
      y.set(table.subarray(at(places, i) * columns, (at(places, i) + 1) * columns), i * columns);
  },
  scatter({ x, places, table }, { rows, columns }) {
    for (let i = 0; i < rows; i++) table.set(x.subarray(i * columns, (i + 1) * columns), at(places, i) * columns);
  },
  'gather-products'({ x, table, places, y }, { rows, each, columns }) {
    for (let pair = 0; pair < rows * each; pair++) {
      const [own, entry] = [Math.floor(pair / each) * columns, at(places, pair) * columns];
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += at(x, own + k) * at(table, entry + k);
      y[pair] = sum;
    }
  },
  'gather-sums'({ x, table, places, y }, { rows, each, columns }) {
    y.fill(0, 0, rows * columns);
    for (let pair = 0; pair < rows * each; pair++) {
      const [own, entry] = [Math.floor(pair / each) * columns, at(places, pair) * columns];
      for (let k = 0; k < columns; k++) put(y, own + k, at(x, pair) * at(table, entry + k), 1);
    }
  },
};
