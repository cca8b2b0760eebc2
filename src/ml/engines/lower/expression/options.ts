import type { AdapterCall, Node } from '../../../algebra/node.ts';
import type { Program, Ref } from '../../program.ts';
import type { Target } from '../../target.ts';

/** Where an adapter's step keeps what an expression gives it and takes from it. */
export interface AdapterPlaces {
  readonly input: Ref;
  readonly output: Ref;
  readonly outputGradient: Ref;
  /** null where its input is not differentiable. */
  readonly inputGradient: Ref | null;
}

/** A value that is written somewhere. */
export interface Write {
  readonly value: Node;
  readonly to: Ref;
}

/** A value that replaces what an array holds, or some of its rows, when the step is over. */
export interface Update extends Write {
  readonly places?: Node;
}

/** What an expression is lowered for. */
export interface ExpressionOptions {
  readonly target: Target;
  /** Where arrays from outside lie, by their inputs' names; those that are missing become ports of these names. */
  readonly inputs: ReadonlyMap<string, Ref>;
  readonly adapter: (call: AdapterCall) => AdapterPlaces;
  /** Values that the caller reads: ports of these names. */
  readonly results: Readonly<Record<string, Node>>;
  readonly writes: readonly Write[];
  readonly updates: readonly Update[];
  /** Runs of adapters that count for what they leave behind. */
  readonly effects: readonly Node[];
}

/** A run of an adapter between two parts of a program. */
export interface Call {
  readonly call: AdapterCall;
  readonly direction: 'forward' | 'backward';
}

/** An expression as a program: parts `0`, `1` … with runs of adapters between them, and `update`. */
export interface LoweredExpression {
  readonly program: Program<string>;
  /** Call k follows part k. */
  readonly calls: readonly Call[];
  /** What the space `constant` holds. */
  readonly constants: readonly number[];
}
