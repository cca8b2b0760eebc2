/**
 * The primitives of a lowered program, each described once. The lowering builds operations from this table, the
 * reference engine implements every row in TypeScript, and `npm run build:kernels` turns it into the C header
 * (`primitives.h`) against which the wasm kernels are written.
 */

import { ARRAY_PRIMITIVES } from './array-primitives.ts';
import { NETWORK_PRIMITIVES } from './network-primitives.ts';

/** Codes of elementwise functions; the C header has them in capitals. */
export const ACTIVATIONS = { none: 0, relu: 1, relu6: 2, silu: 3, sigmoid: 4, 'hard-sigmoid': 5 } as const;

/** One of the codes. */
export type ActivationCode = (typeof ACTIVATIONS)[keyof typeof ACTIVATIONS];

/** How an operand is used; `?` marks one that may be absent. `scratch` holds nothing before or after the operation. */
export type Access = 'in' | 'in?' | 'out' | 'inout' | 'scratch' | 'scratch?';

/** What a number of a row is: one, or so many of a kind. */
export type NumberType = 'int' | 'float' | `${'int' | 'float'}[${number}]`;

/**
 * Takes the type of a number apart.
 *
 * @param type - `int`, or `float[8]`
 * @returns the kind, and how many there are
 */
export function numberType(type: NumberType): { readonly of: 'int' | 'float'; readonly length: number } {
  const [of, length = '1'] = type.split(/[[\]]/);
  return { of: of === 'int' ? 'int' : 'float', length: Number(length) };
}

/** One row of the table. */
export interface PrimitiveDescription {
  readonly operands: Readonly<Record<string, Access>>;
  readonly numbers: Readonly<Record<string, NumberType>>;
}

export const PRIMITIVES = {
  ...NETWORK_PRIMITIVES,
  ...ARRAY_PRIMITIVES,
} as const satisfies Readonly<Record<string, PrimitiveDescription>>;

type Table = typeof PRIMITIVES;

/** Name of a primitive. */
export type PrimitiveName = keyof Table;

/** Numbers that change from call to call; every primitive may read them. */
export const CONTROLS = {
  /** Stream key of dropout and stochastic depth. */
  seed: 'int',
  /** Global training step. */
  step: 'int',
  learningRate: 'float',
  weightDecay: 'float',
  /** 1 − β₁ᵗ of Adam's update t. */
  biasCorrection1: 'float',
  /** √(1 − β₂ᵗ). */
  biasCorrection2Sqrt: 'float',
  /** 1 − d of a moving average with decay d. */
  averageStep: 'float',
} as const;

/** Values of the controls. */
export type Controls = Record<keyof typeof CONTROLS, number>;

/** Operands of a primitive, each a `Value` (a reference while lowering, an array while executing). */
export type Operands<P extends PrimitiveName, Value> = {
  readonly [K in keyof Table[P]['operands']]: Table[P]['operands'][K] extends `${string}?` ? Value | null : Value;
};

/** Numbers of a primitive. */
export type Numbers<P extends PrimitiveName> = {
  readonly [K in keyof Table[P]['numbers']]: Table[P]['numbers'][K] extends 'int' | 'float'
    ? number
    : readonly number[];
};
