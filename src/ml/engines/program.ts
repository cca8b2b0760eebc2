import type { Numbers, Operands, PrimitiveName } from './primitives.ts';

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
  | 'first'
  | 'second'
  | 'statistic'
  | 'parameter-average'
  | 'statistic-average';

/** Where an operand lies: in `step` an index into the program's buffers, elsewhere an offset in floats. */
export type Ref =
  | { readonly space: 'step'; readonly buffer: number }
  | { readonly space: Exclude<Space, 'step'>; readonly offset: number };

/** One primitive applied to operands. */
export type Operation = {
  readonly [P in PrimitiveName]: {
    readonly primitive: P;
    readonly operands: Operands<P, Ref>;
    readonly numbers: Numbers<P>;
  };
}[PrimitiveName];

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
 * @returns bytes of float32 memory
 */
export function bytes(program: Program): number {
  return 4 * program.floats;
}
