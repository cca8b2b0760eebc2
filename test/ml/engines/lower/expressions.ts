import {
  add,
  addN,
  div,
  exp,
  greater,
  maximum,
  mul,
  select,
  square,
  sub,
} from '../../../../src/ml/algebra/arithmetic.ts';
import { differentiate } from '../../../../src/ml/algebra/gradients.ts';
import { array, constant, input } from '../../../../src/ml/algebra/inputs.ts';
import { adaptivePool, averagePool, stretch } from '../../../../src/ml/algebra/maps.ts';
import {
  columnGram,
  gather,
  gatherProducts,
  matmul,
  rightSingularVectors,
  rowGram,
} from '../../../../src/ml/algebra/matrices.ts';
import { sizeOf, type Dimensions, type Node } from '../../../../src/ml/algebra/node.ts';
import { logSoftmax, max, mean, softmax, sum } from '../../../../src/ml/algebra/reductions.ts';
import { share } from '../../../../src/ml/algebra/share.ts';
import { concat, reshape, slice, transpose } from '../../../../src/ml/algebra/shapes.ts';
import { signed } from '../../../support/hashed.ts';

/** Inputs of these shapes, and values for them; names of places hold whole numbers. */
function given(shapes: Readonly<Record<string, Dimensions>>) {
  const entries = Object.entries(shapes);
  return {
    nodes: Object.fromEntries(entries.map(([name, shape]) => [name, input(name, shape)])),
    values: Object.fromEntries(
      entries.map(([name, shape]) => {
        const values = Float64Array.from(signed(name, sizeOf(shape)));
        return [name, name.startsWith('places') ? values.map((x) => Math.abs(Math.floor(7 * x)) % 5) : values];
      }),
    ),
  };
}

type Inputs = Readonly<Record<string, Node>>;

const CASES: Readonly<Record<string, readonly [Readonly<Record<string, Dimensions>>, (inputs: Inputs) => Node]>> = {
  'one walk': [{ x: [3, 4, 5], y: [5] }, ({ x, y }) => sum(square(sub(mul(x!, 3), exp(y!))))],
  'more than a walk can hold': [
    Object.fromEntries(Array.from({ length: 9 }, (_, k) => [`x${k}`, [4, 3]])),
    (inputs) => sum(square(addN(Object.values(inputs).map((x, k) => mul(exp(x), k + 2))))),
  ],
  'values that are read twice': [{ x: [6, 5] }, ({ x }) => sum(mul(softmax(x!), logSoftmax(mul(x!, 2))))],
  'sums over every dimension': [
    { x: [2, 3, 4, 5] },
    ({ x }) =>
      addN(
        [[0], [1], [2], [3], [0, 2], [1, 3], [0, 3], [1, 2], [0, 1, 2, 3]].map((axes) =>
          sum(square(mean(exp(x!), { axes }))),
        ),
      ),
  ],
  'a largest value': [{ x: [4, 6] }, ({ x }) => sum(mul(x!, max(x!, { axes: [1], keepDims: true })))],
  'moved dimensions': [
    { x: [2, 3, 4, 5] },
    ({ x }) =>
      sum(
        square(
          add(
            transpose(x!, [0, 2, 3, 1]),
            mul(transpose(x!, [0, 2, 3, 1]), reshape(sum(x!, { axes: [1, 2] }), [2, 1, 5, 1])),
          ),
        ),
      ),
  ],
  'reshaped what lies apart': [
    { x: [3, 4, 2] },
    ({ x }) => sum(mul(reshape(transpose(x!, [2, 0, 1]), [6, 4]), exp(reshape(x!, [6, 4])))),
  ],
  'parts and wholes': [
    { x: [3, 5], y: [3, 2] },
    ({ x, y }) => sum(square(mul(slice(concat([x!, exp(y!), x!], 1), { axis: 1, from: 3, length: 6 }), 2))),
  ],
  'products of all layouts': [
    { a: [4, 3], b: [3, 5] },
    ({ a, b }) => {
      const [at, bt] = [transpose(a!), transpose(b!)];
      return sum(
        square(
          addN([
            matmul(a!, b!),
            matmul(exp(at), b!, { transposeA: true }),
            matmul(a!, bt, { transposeB: true }),
            matmul(at, bt, { transposeA: true, transposeB: true }),
          ]),
        ),
      );
    },
  ],
  'products of stacks': [
    { a: [2, 4, 3], b: [2, 3, 5], c: [5, 4], d: [6, 3] },
    ({ a, b, c, d }) => add(sum(square(matmul(matmul(a!, b!), c!))), sum(square(matmul(d!, transpose(a!, [0, 2, 1]))))),
  ],
  'products of thin matrices': [
    { a: [4, 1], b: [1, 5], c: [5, 1] },
    ({ a, b, c }) => sum(square(matmul(matmul(a!, b!), c!))),
  ],
  'Gram matrices': [{ x: [3, 4, 5] }, ({ x }) => add(sum(square(rowGram(x!))), sum(exp(columnGram(x!))))],
  'singular vectors of tall and wide matrices': [
    { x: [2, 7, 3], y: [2, 3, 4, 2] },
    ({ x, y }) =>
      add(
        sum(mul(rightSingularVectors(x!), slice(x!, { axis: 1, from: 0, length: 3 }))),
        sum(mul(rightSingularVectors(transpose(y!, [1, 0, 3, 2])), exp(transpose(y!, [1, 0, 2, 3])))),
      ),
  ],
  'pooled and stretched maps': [
    { x: [2, 6, 6, 3], y: [2, 7, 7, 3] },
    ({ x, y }) =>
      addN([
        sum(square(averagePool(x!, 3))),
        sum(square(adaptivePool(y!, { height: 4, width: 4 }))),
        sum(
          square(
            mul(
              x!,
              stretch(slice(slice(x!, { axis: 1, from: 0, length: 3 }), { axis: 2, from: 1, length: 3 }), {
                height: 6,
                width: 6,
              }),
            ),
          ),
        ),
        sum(
          square(
            mul(
              y!,
              stretch(slice(slice(x!, { axis: 1, from: 0, length: 3 }), { axis: 2, from: 1, length: 3 }), {
                height: 7,
                width: 7,
              }),
            ),
          ),
        ),
      ]),
  ],
  'entries of tables': [
    { x: [4, 3], table: [5, 3], places: [4, 6], 'places of rows': [4] },
    ({ x, table, places, ...rest }) =>
      add(sum(exp(gatherProducts(x!, table!, places!))), sum(mul(x!, gather(table!, rest['places of rows']!)))),
  ],
  'chosen values': [
    { x: [3, 4], y: [3, 1] },
    ({ x, y }) => sum(select(greater(x!, y!), square(x!), mul(maximum(x!, 0), y!))),
  ],
  'given numbers': [
    { x: [2, 3] },
    ({ x }) => sum(square(matmul(x!, div(array([1, 2, 3, 4, 5, 6], [3, 2]), constant(7))))),
  ],
};

/** Scalars of every kind of operation, each with its gradients in all inputs that are differentiable, and values for the inputs. */
export const expressions = Object.entries(CASES).map(([title, [shapes, make]]) => {
  const { nodes, values } = given(shapes);
  const loss = make(nodes);
  const wanted = Object.entries(nodes).flatMap(([name, node]) => (/places|table/.test(name) ? [] : [node]));
  return { title, values, roots: share([loss, ...differentiate(loss, wanted).gradients]) };
});
