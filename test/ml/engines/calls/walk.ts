import {
  ELEMENTWISE,
  packInstruction,
  type FunctionName,
  type Instruction,
} from '../../../../src/ml/engines/array-primitives.ts';
import type { Numbers, Operands } from '../../../../src/ml/engines/primitives.ts';
import { signed } from '../../../support/hashed.ts';
import { empty } from './call.ts';

/** An input and its strides, for the last dimensions of the walk. */
export interface Input {
  readonly values: Float32Array;
  readonly strides: readonly number[];
}

/** A walk over arrays in words: function, result, operands. Constant k is operand `constant(k)`. */
export interface Walk {
  readonly shape: readonly number[];
  readonly inputs: readonly Input[];
  readonly code?: readonly (readonly [FunctionName, number, ...number[]])[];
  readonly constants?: readonly number[];
}

/** Constant k as an operand. */
export const constant = (k: number): number => ELEMENTWISE.registers + k;

/** Elements of an array. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Fills a list up in front to the rank of a walk. */
const filled = (list: readonly number[], by: number): number[] => [
  ...Array.from({ length: ELEMENTWISE.rank - list.length }, () => by),
  ...list,
];

/** Strides of a dense array. */
export const dense = (shape: readonly number[]): number[] =>
  shape.map((_, dimension) => sizeOf(shape.slice(dimension + 1)));

/** Strides of an array that has only some of the dimensions. */
export function partly(shape: readonly number[], has: (dimension: number) => boolean): number[] {
  const own = dense(shape.map((length, dimension) => (has(dimension) ? length : 1)));
  return own.map((stride, dimension) => (has(dimension) ? stride : 0));
}

function walkNumbers({ shape, inputs, code = [], constants = [] }: Walk) {
  const instructions = code.map(([name, to, ...of]): Instruction => ({ function: name, to, of }));
  return {
    shape: filled(shape, 1),
    strides: inputs.flatMap(({ strides }) => filled(strides, 0)),
    instructions: instructions.length,
    code: instructions.map(packInstruction),
    constants,
  };
}

/** Inputs as operands a, b … */
export function walkOperands(inputs: readonly Input[]) {
  const at = (k: number): Float32Array | null => inputs[k]?.values ?? null;
  return { a: at(0), b: at(1), c: at(2), d: at(3), e: at(4), f: at(5) };
}

/** An elementwise program; y is dense unless it says otherwise. */
export function elementwiseCall(walk: Walk, { yStrides = dense(walk.shape) }: { yStrides?: readonly number[] } = {}) {
  const floats = walk.shape.reduce((sum, length, d) => sum + (length - 1) * (yStrides[d] ?? 0), 1);
  return {
    primitive: 'elementwise',
    operands: { ...walkOperands(walk.inputs), y: signed('y', floats) } satisfies Operands<'elementwise', Float32Array>,
    numbers: { ...walkNumbers(walk), yStrides: filled(yStrides, 0) } satisfies Numbers<'elementwise'>,
  } as const;
}

interface Reduction {
  readonly reduced: readonly number[];
  readonly largest?: number;
  readonly chunks?: number;
}

/** A reduction over dimensions of `walk.shape`. */
export function reduceCall(walk: Walk, { reduced, largest = 0, chunks = 1 }: Reduction) {
  const floats = sizeOf(walk.shape.filter((_, dimension) => !reduced.includes(dimension)));
  const front = ELEMENTWISE.rank - walk.shape.length;
  const mask = reduced.reduce((bits, dimension) => bits | (1 << (front + dimension)), 0);
  return {
    primitive: 'reduce',
    operands: {
      ...walkOperands(walk.inputs),
      y: empty(floats),
      partials: chunks > 1 ? empty(chunks * floats) : null,
    } satisfies Operands<'reduce', Float32Array>,
    numbers: { ...walkNumbers(walk), reduced: mask, largest, chunks } satisfies Numbers<'reduce'>,
    scratch: ['partials'],
  } as const;
}

/** A dense input of a walk over `shape`. */
export const whole = (name: string, shape: readonly number[], scale = 1): Input => ({
  values: signed(name, sizeOf(shape), scale),
  strides: dense(shape),
});
