import type { Controls, Numbers, Operands, PrimitiveName } from '../primitives.ts';

/** Implementations of some primitives over float64 arrays. */
export type Implementations<P extends PrimitiveName> = {
  readonly [Name in P]: (operands: Operands<Name, Float64Array>, numbers: Numbers<Name>, controls: Controls) => void;
};
