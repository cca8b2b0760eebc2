import type { JsonObject } from './json.ts';
import type { CellId, Key } from './plan.ts';

/** The result that a longer one begins as: its parameters; or why there is none. */
export type Beginning =
  | { readonly params: JsonObject }
  /** `remedy`: what would make it go on, a clause. */
  | { readonly reason: string; readonly remedy?: string };

/** How results of a kind grow: a longer one begins as a shorter one, and may go on from where that one ended. */
export interface Growth {
  /** Parameters that say how far a result goes: those in which results of one course differ. */
  readonly params: readonly string[];
  /** The parameter that says of how long a result this one is to be the beginning, where there is one. */
  readonly horizon?: string;
  /** How far a result goes. */
  readonly length: (params: JsonObject) => number;
  /** What is counted: `epochs`. */
  readonly unit: string;
  /**
   * What a result begins as.
   *
   * @param params - of the longer result
   * @param length - of the shorter one
   * @returns the parameters of the shorter one; or why their first `length` steps differ, a clause
   */
  readonly beginning: (params: JsonObject, length: number) => Beginning;
  /** File in a stage's scratch folder from which it goes on; as its stage leaves it, it is kept. */
  readonly checkpoint: string;
}

/** A kept checkpoint that a longer result goes on from. */
export interface KeptCheckpoint {
  /** Key of the result whose end it is, and the cell that made it. */
  readonly key: Key;
  readonly cell: CellId;
  readonly length: number;
  /** The file. */
  readonly path: string;
  /** SHA-256 of its bytes, as they were kept. */
  readonly digest: string;
}
