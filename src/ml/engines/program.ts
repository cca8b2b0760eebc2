import type { Numbers, Operands, PrimitiveName } from './primitives.ts';
import type { Target } from './target.ts';

/**
 * Memory that an operation may name. `step` is the step's own planned memory; the others belong to the session and live on
 * from step to step: trained parameters, their gradients, what a second pass adds its gradients to, two optimiser slots,
 * running statistics, and moving averages of parameters and statistics.
 */
export type Space =
  | 'step'
  | 'parameter'
  | 'gradient'
  | 'gradient-sum'
  | 'slot0'
  | 'slot1'
  | 'statistic'
  | 'parameter-average'
  | 'statistic-average';

/** Where an operand lies: in `step` an index into the program's buffers, elsewhere an offset in floats. */
export type Ref =
  | { readonly space: 'step'; readonly buffer: number }
  | { readonly space: Exclude<Space, 'step'>; readonly offset: number };

/** One primitive applied to operands; of any primitive by default. */
export type Operation<P extends PrimitiveName = PrimitiveName> = {
  readonly [Name in P]: {
    readonly primitive: Name;
    readonly operands: Operands<Name, Ref>;
    readonly numbers: Numbers<Name>;
  };
}[P];

/**
 * Replaces every operand that is there.
 *
 * @param operands - of a primitive
 * @param map - gives what stands in an operand's place
 * @returns the same names
 */
export function mapOperands<P extends PrimitiveName, From, To>(
  operands: Operands<P, From>,
  map: (value: From) => To,
): Operands<P, To> {
  const entries = Object.entries<From | null>(operands);
  return Object.fromEntries(entries.map(([name, value]) => [name, value && map(value)])) as Operands<P, To>;
}

/** Pieces of a program that are run one by one. */
export type Section = 'forward' | 'backward' | 'update';

/** A dense array that the caller reads or writes. */
export interface Port {
  readonly buffer: number;
  readonly floats: number;
  /** `in`: the caller writes it. `out`: the program does. `both`: zeroed by `forward`, then the caller adds. */
  readonly direction: 'in' | 'out' | 'both';
}

/** A network lowered for one batch size: operations over planned memory. */
export interface Program {
  /** Offset of each buffer in the step's memory, in floats. */
  readonly offsets: readonly number[];
  /** Size of the step's memory, in floats: known before anything runs. */
  readonly floats: number;
  readonly sections: Readonly<Record<Section, readonly Operation[]>>;
  /** `input`, `logits`, `logits-gradient`, `tap:<name>`, `tap-gradient:<name>`, `input-gradient`. */
  readonly ports: Readonly<Record<string, Port>>;
}

/**
 * Memory that a program's step takes.
 *
 * @param program - the lowered program
 * @param target - what it was lowered for
 * @returns bytes
 */
export function bytes(program: Program, target: Target): number {
  return target.elementBytes * program.floats;
}
