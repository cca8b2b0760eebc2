import type { Controls, Numbers, Operands, PrimitiveName } from '../../primitives.ts';
import type { Graph, Tensor } from '../graph.ts';
import type { Operand } from '../operand.ts';

/** What primitives find beside their operands. */
export interface Context {
  readonly graph: Graph;
  /** Whether TensorFlow's kernels are those of a GPU. */
  readonly gpu: boolean;
  /** A control of this run: whole numbers as uint32. */
  readonly control: (name: keyof Controls) => Tensor;
}

/** Primitives as nodes of a graph. */
export type Nodes<P extends PrimitiveName> = {
  readonly [Name in P]: (operands: Operands<Name, Operand>, numbers: Numbers<Name>, context: Context) => void;
};
