import { at } from '../../util/at.ts';
import type { Numbers, Operands, PrimitiveName } from './primitives.ts';
import type { Target } from './target.ts';

/** Memory that a session keeps from step to step. */
export type SessionSpace = Exclude<Space, 'step' | 'constant' | 'port'>;

/**
 * Memory that an operation may name. `step` is the step's own planned memory; the others belong to the session and live on
 * from step to step: trained parameters, their gradients, what a second pass adds its gradients to, two optimiser slots,
 * running statistics, and moving averages of parameters and statistics. `constant` holds the given numbers of an expression,
 * `port` what its caller writes and reads.
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
  | 'statistic-average'
  | 'constant'
  | 'port';

/**
 * Where an operand lies: in `step` an index into the program's buffers, and floats from there; elsewhere an offset in floats.
 * `outside` is memory of others: a step's, or an array's.
 */
export type Ref =
  | { readonly space: 'step'; readonly buffer: number; readonly offset?: number }
  | { readonly space: Exclude<Space, 'step'>; readonly offset: number }
  | { readonly space: 'outside'; readonly region: Region; readonly offset: number };

/** A piece of an executor's memory. */
export interface Region {
  /** In the executor's own unit. */
  readonly address: number;
  readonly floats: number;
}

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
  readonly ref: Ref;
  readonly floats: number;
  /** `in`: the caller writes it. `out`: the program does. */
  readonly direction: 'in' | 'out';
}

/** Operations over planned memory: a network lowered for one batch size, or an expression. */
export interface Program<S extends string = Section> {
  /** Size of each buffer, in floats. */
  readonly sizes: readonly number[];
  /** Offset of each buffer in the step's memory, in floats; of one that has no place there, 0. */
  readonly offsets: readonly number[];
  /** Size of the step's memory, in floats: known before anything runs. */
  readonly floats: number;
  /** The most that buffers without a place hold at the same time, in floats: see {@link Target.placesValues}. */
  readonly valueFloats: number;
  /** Size of the space `port`, in floats. */
  readonly portFloats: number;
  readonly sections: Readonly<Record<S, readonly Operation[]>>;
  /** Of a network `input`, `logits`, `logits-gradient`, `tap:<name>`, `tap-gradient:<name>`, `input-gradient`. */
  readonly ports: Readonly<Record<string, Port>>;
}

/**
 * Memory that a program's step takes. Of an executor that makes room for values as it goes this is what the values themselves
 * take: neither what its library needs beside them, such as room for a convolution's algorithm, nor gaps between them.
 *
 * @param program - the lowered program
 * @param target - what it was lowered for
 * @returns bytes
 */
export function bytes(program: Program<string>, target: Target): number {
  return target.elementBytes * (program.floats + program.valueFloats);
}

/**
 * Where an operand lies.
 *
 * @param ref - the operand
 * @param program - whose buffers it may name
 * @param memory - where each space lies
 * @returns a region, and floats from its beginning
 */
export function locate(
  ref: Ref,
  program: Pick<Program, 'offsets'>,
  memory: Partial<Readonly<Record<Space, Region>>>,
): { readonly region: Region; readonly offset: number } {
  if (ref.space === 'outside') return ref;
  const region = memory[ref.space];
  if (!region) throw new Error(`the program has no memory for ${ref.space}`);
  return { region, offset: ref.space === 'step' ? at(program.offsets, ref.buffer) + (ref.offset ?? 0) : ref.offset };
}
