import { describe, expect, it } from 'vitest';
import * as arithmetic from '../../../src/ml/algebra/arithmetic.ts';
import { differentiate } from '../../../src/ml/algebra/gradients.ts';
import { array, constant, input } from '../../../src/ml/algebra/inputs.ts';
import { gather, gatherProducts, gatherSums, matmul, rightSingularVectors } from '../../../src/ml/algebra/matrices.ts';
import { sizeOf, type Dimensions, type Node, type Op } from '../../../src/ml/algebra/node.ts';
import { inOrder } from '../../../src/ml/algebra/order.ts';
import { max, mean, softmax, sum, withoutGradient } from '../../../src/ml/algebra/reductions.ts';
import { share } from '../../../src/ml/algebra/share.ts';
import * as shapes from '../../../src/ml/algebra/shapes.ts';
import { adapter } from '../../../src/ml/methods/terms/adapter.ts';
import { evaluateNodes } from '../../support/evaluate-expression.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { signed } from '../../support/hashed.ts';
import { largestDifference } from '../../support/loss-reference.ts';
import { slopes } from '../../support/plain-arrays.ts';

const { add, div, mul, square, sub } = arithmetic;
const { broadcast, concat, reshape, slice, transpose } = shapes;

/** An operation, the shapes of what it is differentiated in, and how it is applied. */
type Row = readonly [op: Op, what: string, shapes: readonly Dimensions[], of: (...inputs: Node[]) => Node];

const BROADCASTS: readonly (readonly [Dimensions, Dimensions])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], []],
  [[3], [4, 2, 3]],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [
    [1, 1],
    [2, 3],
  ],
];

const binary = (['add', 'sub', 'mul', 'div', 'maximum', 'minimum'] as const).flatMap((op) =>
  BROADCASTS.map((pair): Row => [op, `of ${JSON.stringify(pair)}`, pair, arithmetic[op]]),
);
const unary = (['exp', 'log', 'sqrt', 'square', 'softplus', 'sigmoid'] as const).map((op): Row => [
  op,
  'of each value',
  [[2, 3]],
  arithmetic[op],
]);
const REDUCTIONS = [{}, { axes: [1] }, { axes: [0, 2], keepDims: true }, { axes: [-1] }] as const;

const products = [false, true].flatMap((transposeA) =>
  [false, true].flatMap((transposeB) =>
    (
      [
        [[], []],
        [[2], [2]],
        [[2, 2], []],
        [[], [3]],
      ] as const
    ).map(([outer, inner]): Row => {
      const [a, b] = [transposeA ? [4, 2] : [2, 4], transposeB ? [3, 4] : [4, 3]];
      const of = (x: Node, y: Node) => matmul(x, y, { transposeA, transposeB });
      const dimensions = [
        [...outer, ...a],
        [...inner, ...b],
      ];
      return ['matmul', `of ${JSON.stringify({ dimensions, transposeA, transposeB })}`, dimensions, of];
    }),
  ),
);

const rows: readonly Row[] = [
  ...binary,
  ...unary,
  ['abs', 'of both signs', [[2, 3]], (x) => arithmetic.abs(sub(x, 1))],
  ['pow', 'of one exponent', [[2, 3]], (x) => arithmetic.pow(x, 2.5)],
  ['pow', 'of several exponents', [[2, 3]], (x) => arithmetic.pow(x, array([0.5, 1, 3]))],
  ['select', 'of three shapes', [[3], [2, 3], [2, 1]], (a, b, c) => arithmetic.select(arithmetic.greater(a, 1), b, c)],
  ...REDUCTIONS.map((options): Row => ['sum', `over ${JSON.stringify(options)}`, [[2, 3, 4]], (x) => sum(x, options)]),
  ['sum', 'of what is repeated', [[2, 1, 4]], (x) => sum(broadcast(x, [5, 2, 3, 4]), { axes: [0, 1, 2] })],
  ...products,
  ['matmul', 'of rows with themselves', [[2, 3, 4]], (x) => matmul(x, x, { transposeB: true })],
  ['matmul', 'of columns with themselves', [[2, 3, 4]], (x) => matmul(x, x, { transposeA: true })],
  ['matmul', 'of a matrix with itself', [[3, 3]], (x) => matmul(x, x)],
  ['rightSingularVectors', 'of tall matrices', [[2, 4, 3]], rightSingularVectors],
  ['rightSingularVectors', 'of wide matrices', [[3, 5]], rightSingularVectors],
  ['transpose', 'of three dimensions', [[2, 3, 4]], (x) => transpose(x, [2, 0, 1])],
  ['reshape', 'of matrices', [[2, 6]], (x) => reshape(x, [3, -1])],
  ['broadcast', 'along both ends', [[3, 1]], (x) => broadcast(x, [2, 3, 4])],
  [
    'concat',
    'of three parts',
    [
      [2, 3],
      [2, 1],
      [2, 2],
    ],
    (...parts) => concat(parts, 1),
  ],
  ['slice', 'of the middle', [[2, 5]], (x) => slice(x, { axis: 1, from: 1, length: 3 })],
  ['slice', 'of the start', [[3, 2]], (x) => slice(x, { axis: 0, from: 0, length: 1 })],
  [
    'gatherProducts',
    'of rows',
    [[2, 3]],
    (x) => gatherProducts(x, array([...signed('table', 12)], [4, 3]), array([3, 0, 1, 1], [2, 2])),
  ],
];

/** The nodes that lead to a node, by operation. */
const opsOf = (...roots: Node[]): readonly Op[] => inOrder(roots).map(({ op }) => op);

describe('the gradient of an operation', () => {
  it.each(rows)('is what differences of its value show: %s %s', (op, _, dimensions, of) => {
    const names = dimensions.map((_shape, at) => `x${at}`);
    const shapesOf = Object.fromEntries(names.map((name, at) => [name, dimensions[at]!]));
    const values = Object.fromEntries(
      names.map((name, at) => [
        name,
        Float64Array.from(signed(`${op}.${name}`, sizeOf(dimensions[at]!), 0.8), (x) => x + 1),
      ]),
    );
    // Squares have slopes that differ from place to place, and in both directions of a sum.
    const loss = (inputs: Readonly<Record<string, Node>>) => {
      const result = of(...names.map((name) => inputs[name]!));
      return sum(mul(square(result), array([...signed('weights', sizeOf(result.shape))], result.shape)));
    };
    const { gradients } = evaluateLoss(shapesOf, values, loss);
    for (const name of names) {
      const value = (moved: Float64Array) => evaluateLoss(shapesOf, { ...values, [name]: moved }, loss).value;
      expect(largestDifference(gradients[name]!, slopes(value, values[name]!))).toBeLessThan(1e-7);
    }
    const result = of(...names.map((name) => input(name, shapesOf[name]!)));
    expect(opsOf(result)).toContain(op);
  });

  it('stops where there is none', () => {
    const x = input('x', [3, 2]);
    const places = input('places', [3]);
    for (const constantOfX of [
      max(x),
      arithmetic.greater(x, 0),
      arithmetic.equal(x, 0),
      gather(x, places),
      gatherSums(x, x, reshape(x, [3, 2])),
      withoutGradient(x),
      arithmetic.pow(2, x),
      arithmetic.select(x, 1, 2),
    ])
      expect(differentiate(sum(constantOfX), [x]).gradients[0]).toMatchObject({
        op: 'constant',
        attributes: { value: 0 },
      });
  });

  it('goes to both of equal ones, and to none of 0 under the absolute value', () => {
    const both = ({ a, b }: Readonly<Record<'a' | 'b', Node>>) => arithmetic.maximum(a, arithmetic.minimum(a, b));
    expect(evaluateLoss({ a: [], b: [] }, { a: [1], b: [1] }, both).gradients).toEqual({
      a: Float64Array.of(2),
      b: Float64Array.of(1),
    });
    expect(evaluateLoss({ a: [] }, { a: [0] }, ({ a }) => arithmetic.abs(a)).gradients.a).toEqual(Float64Array.of(0));
  });
});

describe('gradients', () => {
  const [x, y] = [input('x', [2, 3]), input('y', [2, 3])];

  it('are multiplied by the seed, and 0 in what the loss does not depend on', () => {
    const { gradients } = differentiate(sum(x), [x, y], constant(3));
    expect(evaluateNodes(gradients, {})).toEqual([new Float64Array(6).fill(3), new Float64Array(6)]);
    expect(gradients.map(({ shape }) => shape)).toEqual([
      [2, 3],
      [2, 3],
    ]);
  });

  it('are of the shape of what is asked for, an intermediate result too', () => {
    const rowsOfX = sum(x, { axes: [1] });
    const [slope] = differentiate(mean(square(rowsOfX)), [rowsOfX]).gradients;
    const ones = new Float64Array(6).fill(1);
    expect(evaluateNodes([slope!], { x: ones })).toEqual([Float64Array.of(3, 3)]);
  });

  it('compute nothing that nobody wants', () => {
    const loss = sum(mul(x, arithmetic.exp(y)));
    expect(opsOf(...differentiate(loss, [x]).gradients)).toEqual(['input', 'exp']);
  });

  it('take no detour: a mean of squares is one product', () => {
    const [slope] = differentiate(mean(square(sub(x, y))), [x]).gradients;
    expect(opsOf(slope!).filter((op) => op !== 'input')).toEqual(['sub', 'constant', 'mul']);
  });
});

describe('adapters', () => {
  const from = { height: 1, width: 1, channels: 3 };
  const made = (name: string, differentiable: boolean) =>
    adapter({ name, from, differentiable, layers: (net) => net.linear(name, net.image, 3) });
  const apply = (of: ReturnType<typeof made>, map: Node): Node => ({
    ...{ op: 'adapter', inputs: [map], attributes: { adapter: of, pass: 0 }, shape: map.shape },
    serial: input('later', []).serial,
  });
  const [map, other] = [input('map', [2, 1, 1, 3]), input('other', [2, 1, 1, 3])];

  it('run backwards though nobody wants the gradient of their input', () => {
    const [first, second] = [apply(made('first', true), map), apply(made('second', false), other)];
    const loss = add(mean(square(first)), mean(second));
    const { gradients, adapters } = differentiate(loss, [map, other]);
    expect(adapters.map((node) => node.op === 'adapterGradient' && node.attributes.adapter.name)).toEqual([
      'second',
      'first',
    ]);
    expect(gradients[0]).toBe(adapters[1]);
    // A network whose input has no gradient.
    expect(gradients[1]).toMatchObject({ op: 'constant', attributes: { value: 0 } });
    expect(differentiate(loss, []).adapters).toHaveLength(2);
  });

  it('run one behind the other', () => {
    const chained = apply(made('second', true), square(apply(made('first', true), map)));
    expect(differentiate(mean(chained), []).adapters).toHaveLength(2);
  });
});

describe('sharing', () => {
  const x = input('x', [2, 3]);

  it('makes one node of equal operations of equal inputs', () => {
    const [p, q] = share([softmax(x), arithmetic.log(softmax(input('x', [2, 3])))]);
    expect(opsOf(p!, q!)).toEqual(['input', 'max', 'sub', 'exp', 'sum', 'div', 'log']);
    expect(q!.inputs[0]).toBe(p);
  });

  it('keeps apart what differs in anything', () => {
    const nodes = [sum(x), max(x), sum(x, { axes: [0] }), input('y', [2, 3]), reshape(x, [6]), reshape(x, [3, 2])];
    expect(new Set(share(nodes)).size).toBe(nodes.length);
    expect(share(nodes).map(({ op, shape }) => [op, shape])).toEqual(nodes.map(({ op, shape }) => [op, shape]));
  });

  it('leaves values and gradients as they are', () => {
    const loss = sum(div(softmax(x), add(arithmetic.exp(x), softmax(x))));
    const plain = [loss, ...differentiate(loss, [x]).gradients];
    const values = { x: signed('x', 6) };
    expect(evaluateNodes(share(plain), values)).toEqual(evaluateNodes(plain, values));
  });
});
