import {
  abs,
  add,
  addN,
  avgPool,
  cast,
  div,
  exp,
  eye,
  fill,
  gather,
  greater,
  log,
  logSoftmax,
  logSumExp,
  matMul,
  maximum,
  mean,
  minimum,
  mul,
  notEqual,
  oneHot,
  pow,
  reshape,
  scalar,
  softmax,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  transpose,
  where,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { NodeOf, Op } from '../algebra/node.ts';
import { at } from '../../../util/at.ts';
import { columnEnergies, columnGram, columnMeans, columnSpreads, rowGram } from './columns.ts';
import { contrast, contrastScale, type ComparedTensors } from './contrast.ts';
import { concat, weighTwo } from './fusion.ts';
import { channelDistances, pixelEnergies, stretch } from './maps.ts';
import { pairDistances, tripleCosines } from './pairs.ts';
import { pooledDistance } from './pooled-distance.ts';
import { unitRows } from './rows.ts';
import { lengthOf, withoutGradient } from './values.ts';

/** What a kernel is told beside its tensors. */
export interface KernelCall<O extends Op> {
  readonly node: NodeOf<O>;
  /** Whether the input at a place is constant: nobody asks for its gradient. */
  readonly isConstant: (input: number) => boolean;
}

type Kernel<O extends Op> = (inputs: readonly Tensor[], call: KernelCall<O>) => Tensor;

/** Operations that are computed from values; inputs and adapters are not, they come from outside. */
export type ComputedOp = Exclude<Op, 'input' | 'adapter'>;

const unary =
  (of: (x: Tensor) => Tensor) =>
  (inputs: readonly Tensor[]): Tensor =>
    of(at(inputs, 0));
const binary =
  (of: (a: Tensor, b: Tensor) => Tensor) =>
  (inputs: readonly Tensor[]): Tensor =>
    of(at(inputs, 0), at(inputs, 1));

const compared = (inputs: readonly Tensor[], { temperature }: { temperature: number }): ComparedTensors => ({
  features: at(inputs, 0),
  bank: at(inputs, 1),
  places: at(inputs, 2),
  scale: at(inputs, 3),
  temperature,
});

/** Every operation in tfjs's ops, or in one of ours where that is faster. */
export const kernels: { readonly [O in ComputedOp]: Kernel<O> } = {
  constant: (_, { node: { shape, attributes } }) =>
    shape.length === 0 ? scalar(attributes.value) : fill([...shape], attributes.value),
  identity: (_, { node }) => eye(lengthOf(node, 0)),
  oneHot: (inputs, { node }) => oneHot(at(inputs, 0), lengthOf(node, 1), 1, 0, 'float32'),
  add: binary(add),
  sub: binary(sub),
  mul: binary(mul),
  div: binary(div),
  maximum: binary(maximum),
  minimum: binary(minimum),
  greater: binary((a, b) => withoutGradient(() => cast(greater(a, b), 'float32'))),
  select: (inputs) =>
    where(
      withoutGradient(() => notEqual(at(inputs, 0), 0)),
      at(inputs, 1),
      at(inputs, 2),
    ),
  addN: (inputs) => addN([...inputs]),
  exp: unary(exp),
  log: unary(log),
  sqrt: unary(sqrt),
  abs: unary(abs),
  square: unary(square),
  softplus: unary(softplus),
  pow: (inputs, { node }) => pow(at(inputs, 0), node.attributes.exponent),
  sum: (inputs, { node: { attributes } }) => sum(at(inputs, 0), [...attributes.axes], attributes.keepDims),
  mean: (inputs, { node: { attributes } }) => mean(at(inputs, 0), [...attributes.axes], attributes.keepDims),
  softmax: unary((x) => softmax(x)),
  logSoftmax: unary((x) => logSoftmax(x)),
  logSumExp: unary((x) => logSumExp(x, x.rank - 1)),
  matmul: (inputs, { node: { attributes } }) =>
    matMul(at(inputs, 0), at(inputs, 1), attributes.transposeA, attributes.transposeB),
  transpose: (inputs, { node }) => transpose(at(inputs, 0), [...node.attributes.permutation]),
  reshape: (inputs, { node }) => reshape(at(inputs, 0), [...node.shape]),
  concat: (inputs, { node }) => concat(inputs, node.attributes.axis),
  gather: binary((table, places) => gather(table, places)),
  unitRows: unary(unitRows),
  rowGram: unary(rowGram),
  pairDistances: unary(pairDistances),
  tripleCosines: unary(tripleCosines),
  columnGram: unary(columnGram),
  columnMeans: unary(columnMeans),
  columnEnergies: unary(columnEnergies),
  columnSpreads: unary(columnSpreads),
  pixelEnergies: unary(pixelEnergies),
  channelDistances: binary(channelDistances),
  averagePool: (inputs, { node: { attributes } }) =>
    avgPool(at(inputs, 0) as Tensor4D, attributes.window, attributes.window, 'valid'),
  stretch: (inputs, { node }) => stretch(at(inputs, 0), { height: lengthOf(node, 1), width: lengthOf(node, 2) }),
  weighTwo: (inputs) => weighTwo(at(inputs, 0), at(inputs, 1), at(inputs, 2)),
  pooledDistance: (inputs, { node, isConstant }) =>
    pooledDistance(at(inputs, 0), at(inputs, 1), node.attributes, isConstant(1)),
  contrast: (inputs, { node }) => contrast(compared(inputs, node.attributes)),
  contrastScale: (inputs, { node }) => contrastScale(compared(inputs, node.attributes)),
};
