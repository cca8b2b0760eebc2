import { describe, expect, it } from 'vitest';
import * as arithmetic from '../../../src/ml/algebra/arithmetic.ts';
import { array, constant, input } from '../../../src/ml/algebra/inputs.ts';
import { adaptivePool, averagePool, stretch } from '../../../src/ml/algebra/maps.ts';
import * as matrices from '../../../src/ml/algebra/matrices.ts';
import type { Node } from '../../../src/ml/algebra/node.ts';
import { inOrder } from '../../../src/ml/algebra/order.ts';
import { logSoftmax, logSumExp, mean, softmax, sum, sumRows } from '../../../src/ml/algebra/reductions.ts';
import { broadcast, concat, reshape, slice, transpose } from '../../../src/ml/algebra/shapes.ts';
import { evaluateNodes } from '../../support/evaluate-expression.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { signed } from '../../support/hashed.ts';
import { largestDifference } from '../../support/loss-reference.ts';
import { slopes, table, total } from '../../support/plain-arrays.ts';

const { add, addN, div, equal, exp, greater, log, maximum, minimum, mul, pow, select, sub } = arithmetic;
const { gather, gatherProducts, gatherSums, identity, matmul, oneHot } = matrices;

type Plain = (a: ArrayLike<number>, b: ArrayLike<number>) => number[];
/** An operation on a [2, 3] and b [3, 2], both between 0.2 and 1.8, and what it is in loops. */
type Row = readonly [name: string, operation: (a: Node, b: Node) => Node, plain: Plain];

const each =
  (of: (x: number, y: number) => number): Plain =>
  (a, b) =>
    Array.from(a, (value, i) => of(value, b[(i % 3) * 2 + Math.floor(i / 3)]!));
const rowsOf =
  (of: (row: number[]) => readonly number[]): Plain =>
  (a) =>
    [0, 3].flatMap((from) => of(Array.from(a).slice(from, from + 3)));
const exponentials = (row: readonly number[]) => total(3, (j) => Math.exp(row[j]!));
/** bᵀ has the shape of a. */
const t = (b: Node): Node => transpose(b);

const rows: readonly Row[] = [
  ['add', (a, b) => add(a, t(b)), each((x, y) => x + y)],
  ['sub', (a, b) => sub(a, t(b)), each((x, y) => x - y)],
  ['mul', (a, b) => mul(a, t(b)), each((x, y) => x * y)],
  ['div', (a, b) => div(a, t(b)), each((x, y) => x / y)],
  ['numbers on either side', (a) => sub(2, mul(a, 3)), each((x) => 2 - 3 * x)],
  ['maximum', (a, b) => maximum(a, t(b)), each(Math.max)],
  ['minimum', (a, b) => minimum(a, t(b)), each(Math.min)],
  ['select by greater', (a, b) => select(greater(a, t(b)), exp(a), t(b)), each((x, y) => (x > y ? Math.exp(x) : y))],
  ['exp', (a) => exp(a), each((x) => Math.exp(x))],
  ['log', (a) => log(a), each((x) => Math.log(x))],
  ['sqrt', (a) => arithmetic.sqrt(a), each((x) => Math.sqrt(x))],
  ['abs', (a) => arithmetic.abs(sub(a, 1)), each((x) => Math.abs(x - 1))],
  ['square', (a) => arithmetic.square(a), each((x) => x * x)],
  ['softplus', (a) => arithmetic.softplus(a), each((x) => Math.log1p(Math.exp(x)))],
  ['sigmoid', (a) => arithmetic.sigmoid(a), each((x) => 1 / (1 + Math.exp(-x)))],
  ['pow', (a) => pow(a, 2.5), each((x) => x ** 2.5)],
  ['addN', (a, b) => addN([a, t(b), a]), each((x, y) => 2 * x + y)],
  [
    'broadcasting',
    (a, b) => mul(a, sum(b, { axes: [1] })),
    (a, b) => Array.from(a, (x, i) => x * (b[(i % 3) * 2]! + b[(i % 3) * 2 + 1]!)),
  ],
  ['sum of rows', (a) => sumRows(a), rowsOf((row) => [row[0]! + row[1]! + row[2]!])],
  ['mean of all', (a) => mean(a), (a) => [total(6, (i) => a[i]!) / 6]],
  [
    'mean of columns',
    (a) => mean(a, { axes: [0], keepDims: true }),
    (a) => Array.from({ length: 3 }, (_, j) => (a[j]! + a[j + 3]!) / 2),
  ],
  ['softmax', (a) => softmax(a), rowsOf((row) => row.map((x) => Math.exp(x) / exponentials(row)))],
  ['logSoftmax', (a) => logSoftmax(a), rowsOf((row) => row.map((x) => x - Math.log(exponentials(row))))],
  ['logSumExp', (a) => logSumExp(a), rowsOf((row) => [Math.log(exponentials(row))])],
  ['matmul', (a, b) => matmul(a, b), (a, b) => table(2, 2, (i, j) => total(3, (k) => a[3 * i + k]! * b[2 * k + j]!))],
  [
    'matmul, both transposed',
    (a, b) => matmul(a, b, { transposeA: true, transposeB: true }),
    (a, b) => table(3, 3, (i, j) => total(2, (k) => a[3 * k + i]! * b[2 * j + k]!)),
  ],
  ['concat of equal shapes', (a) => concat([a, a], 1), rowsOf((row) => [...row, ...row])],
  [
    'concat of unequal shapes',
    (a, b) =>
      concat(
        [a, b, t(a)].map((x) => reshape(x, [-1])),
        0,
      ),
    (a, b) => [...Array.from(a), ...Array.from(b), ...table(3, 2, (i, j) => a[3 * j + i]!)],
  ],
  ['slice', (a) => slice(a, { axis: 1, from: 1, length: 2 }), rowsOf((row) => row.slice(1))],
  ['broadcast', (a) => broadcast(a, [2, 2, 3]), (a) => [...Array.from(a), ...Array.from(a)]],
  [
    'Gram matrix of rows',
    (a) => matrices.rowGram(a),
    (a) => table(2, 2, (i, j) => total(3, (k) => a[3 * i + k]! * a[3 * j + k]!)),
  ],
  [
    'Gram matrix of columns',
    (a) => matrices.columnGram(a),
    (a) => table(3, 3, (i, j) => total(2, (k) => a[3 * k + i]! * a[3 * k + j]!)),
  ],
  [
    'products with rows of a table',
    (a) => gatherProducts(a, array([1, 2, 3, 4, 5, 6], [2, 3]), array([1, 0], [2, 1])),
    (a) => [0, 1].map((i) => total(3, (k) => a[3 * i + k]! * (k + (i === 0 ? 4 : 1)))),
  ],
  [
    'average pooling',
    (a) => averagePool(stretch(reshape(a, [2, 1, 1, 3]), { height: 2, width: 4 }), 2),
    (a) => table(2, 6, (i, j) => a[3 * i + (j % 3)]!),
  ],
  ['identity', (a) => matmul(a, mul(identity(3), 2)), each((x) => 2 * x)],
  [
    'one-hot',
    (a) => matmul(oneHot(array([1, 0, 1]), 2), a),
    (a) => [1, 0, 1].flatMap((row) => Array.from(a).slice(3 * row, 3 * row + 3)),
  ],
];

describe('operations', () => {
  const shapes = { a: [2, 3], b: [3, 2] } as const;
  const values = {
    a: signed('a', 6, 0.8).map((x) => x + 1),
    b: signed('b', 6, 0.8).map((x) => x + 1),
  };

  it.each(rows)('%s: values are what loops compute, gradients what differences show', (_, operation, plain) => {
    const weights = [...signed('weights', plain(values.a, values.b).length)];
    const weighted = ({ a, b }: Readonly<Record<'a' | 'b', Node>>) =>
      sum(mul(reshape(operation(a, b), [-1]), array(weights)));
    const oracle = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      plain(a, b).reduce((whole, value, i) => whole + value * weights[i]!, 0);
    const { value, gradients } = evaluateLoss(shapes, values, weighted);
    expect(value).toBeCloseTo(oracle(values.a, values.b), 12);
    const expected = {
      a: slopes((a) => oracle(a, values.b), values.a),
      b: slopes((b) => oracle(values.a, b), values.b),
    };
    for (const side of ['a', 'b'] as const)
      expect(largestDifference(gradients[side], expected[side])).toBeLessThan(1e-9);
  });
});

describe('operations without a gradient', () => {
  const valueOf = (node: Node) => [...evaluateNodes([node], {})[0]!];
  const rowsOfThree = array([1, 2, 3, 4, 5, 6], [2, 3]);

  it('compare, and look up', () => {
    expect(valueOf(greater(rowsOfThree, array([1, 2, 2])))).toEqual([0, 0, 1, 1, 1, 1]);
    expect(valueOf(equal(rowsOfThree, array([1, 5, 3])))).toEqual([1, 0, 1, 0, 1, 0]);
    expect(valueOf(gather(rowsOfThree, array([1, 0, 1])))).toEqual([4, 5, 6, 1, 2, 3, 4, 5, 6]);
    expect(valueOf(gatherSums(array([1, 10], [1, 2]), rowsOfThree, array([1, 0], [1, 2])))).toEqual([14, 25, 36]);
    expect(valueOf(identity(2))).toEqual([1, 0, 0, 1]);
  });
});

describe('maps', () => {
  /** [1, from, from, 2]. */
  const mapOf = (from: number) => array([...signed(`map${from}`, from * from * 2)], [1, from, from, 2]);
  const eachPixel = (to: number, of: (y: number, x: number, c: number) => number) =>
    table(to * to, 2, (pixel, c) => of(Math.floor(pixel / to), pixel % to, c));
  const valueAt = ({ attributes, shape }: ReturnType<typeof mapOf>, y: number, x: number, c: number) =>
    attributes.values[(y * shape[1]! + x) * 2 + c]!;

  it.each([
    [2, 4],
    [3, 7],
    [4, 4],
    [5, 3],
  ])('are stretched as PyTorch’s interpolate with nearest does: %d to %d pixels', (from, to) => {
    const map = mapOf(from);
    const place = (i: number) => Math.floor((i * from) / to);
    const [values] = evaluateNodes([stretch(map, { height: to, width: to })], {});
    expect([...values!]).toEqual(eachPixel(to, (y, x, c) => valueAt(map, place(y), place(x), c)));
  });

  it.each([
    [4, 2],
    [7, 4],
    [6, 4],
    [5, 1],
  ])('are pooled as PyTorch’s adaptive_avg_pool2d does: %d to %d pixels', (from, to) => {
    const map = mapOf(from);
    const window = (i: number) => [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)] as const;
    const expected = eachPixel(to, (y, x, c) => {
      const [[top, bottom], [left, right]] = [window(y), window(x)];
      const ofRow = (i: number) => total(right - left, (j) => valueAt(map, top + i, left + j, c));
      return total(bottom - top, ofRow) / ((bottom - top) * (right - left));
    });
    const [values] = evaluateNodes([adaptivePool(map, { height: to, width: to })], {});
    expect(largestDifference(values!, expected)).toBeLessThan(1e-15);
  });
});

describe('expressions', () => {
  const x = input('x', [2, 3]);

  it('are not made longer by what changes nothing', () => {
    for (const same of [mul(x, 1), add(x, 0), add(0, x), sub(x, 0), div(x, 1), addN([x]), sum(x, { axes: [] })])
      expect(same).toBe(x);
    for (const same of [reshape(x, [2, 3]), transpose(x, [0, 1]), broadcast(x, [2, 3]), concat([x], 0)])
      expect(same).toBe(x);
    expect(slice(x, { axis: 0, from: 0, length: 2 })).toBe(x);
    expect(reshape(reshape(x, [6]), [2, 3])).toBe(x);
    expect(sum(reshape(x, [2, 3, 1]), { axes: [2] })).toBe(x);
  });

  it('compute with constants where they are made', () => {
    expect(mul(mul(x, 2), 3)).toMatchObject({ op: 'mul', inputs: [x, { attributes: { value: 6 } }] });
    expect(mul(2, constant(3, [2]))).toMatchObject({ op: 'constant', attributes: { value: 6 }, shape: [2] });
    expect(sum(constant(0.5, [2, 3]), { axes: [1] })).toMatchObject({ attributes: { value: 1.5 }, shape: [2] });
    expect(add(x, mul(exp(x), -1)).op).toBe('sub');
  });

  it('compute what is repeated once', () => {
    const repeated = exp(mul(broadcast(x, [4, 2, 3]), 2));
    expect(repeated).toMatchObject({ op: 'broadcast', shape: [4, 2, 3], inputs: [{ op: 'exp', shape: [2, 3] }] });
    expect(sum(mul(x, 2))).toMatchObject({
      op: 'mul',
      inputs: [{ op: 'sum', inputs: [x] }, { attributes: { value: 2 } }],
    });
    expect(inOrder([sum(repeated, { axes: [0] })]).map(({ op }) => op)).not.toContain('sum');
  });
});

describe('shapes that do not fit', () => {
  const of = (...shape: number[]): Node => input('x', shape);

  it.each<readonly [string, () => Node]>([
    ['add of [2, 3] and [2]: the shapes do not broadcast', () => add(of(2, 3), of(2))],
    ['select of [2] and [2] and [3]: the shapes do not broadcast', () => select(of(2), of(2), of(3))],
    ['broadcast of [2]: no shape of [3]', () => broadcast(of(2), [3])],
    ['broadcast of [2]: no shape of [1]', () => broadcast(of(2), [1])],
    ['sum of [2]: no dimensions 1', () => sum(of(2), { axes: [1] })],
    ['matmul of [2, 3] and [2, 3]: the matrices do not meet', () => matmul(of(2, 3), of(2, 3))],
    ['matmul of [2, 1, 3] and [4, 3, 1]: the matrices do not meet', () => matmul(of(2, 1, 3), of(4, 3, 1))],
    ['transpose of [2, 3]: 0, 0 is no permutation of its dimensions', () => transpose(of(2, 3), [0, 0])],
    ['reshape of [2, 3]: no shape of [4, -1]', () => reshape(of(2, 3), [4, -1])],
    ['concat of [2, 3] and [3, 3]: no array along dimension 1', () => concat([of(2, 3), of(3, 3)], 1)],
    ['slice of [2, 3]: no places 2 to 4 along dimension 1', () => slice(of(2, 3), { axis: 1, from: 2, length: 2 })],
    ['gather of [2] and [2]: it takes [n, D] and [N]', () => gather(of(2), of(2))],
    [
      'gatherProducts of [2, 3] and [4, 2] and [2, 5]: it takes [N, D], [n, D] and [N, J]',
      () => gatherProducts(of(2, 3), of(4, 2), of(2, 5)),
    ],
    [
      'gatherSums of [2, 3] and [4, 2] and [2, 5]: it takes [N, J], [n, D] and [N, J]',
      () => gatherSums(of(2, 3), of(4, 2), of(2, 5)),
    ],
    ['oneHot of [2, 1]: it takes [N]', () => oneHot(of(2, 1), 3)],
    ['2 values are no array [3]', () => array([1, 2], [3])],
    ['averagePool of [1, 3, 4, 1]: windows of side 2 do not fill it', () => averagePool(of(1, 3, 4, 1), 2)],
    ['stretch of [1, 3]: it takes maps [N, H, W, C]', () => stretch(of(1, 3), { height: 2, width: 2 })],
  ])('are refused where the expression is written: %s', (message, build) => {
    expect(build).toThrow(message);
  });

  it('are inferred otherwise', () => {
    expect(
      [
        add(of(4, 1, 3), of(2, 1)),
        sum(of(2, 3, 4), { axes: [0, -1] }),
        sum(of(2, 3, 4), { axes: [1], keepDims: true }),
        matmul(of(5, 2, 3), of(5, 4, 3), { transposeB: true }),
        matmul(of(2, 3), of(5, 3, 4)),
        transpose(of(2, 3, 4), [0, 2, 1]),
        reshape(of(2, 3, 4), [2, -1]),
        concat([of(2, 3), of(2, 1)], -1),
        slice(of(2, 3), { axis: -1, from: 1, length: 1 }),
        logSumExp(of(2, 3)),
      ].map(({ shape }) => shape),
    ).toEqual([[4, 2, 3], [3], [2, 1, 4], [5, 2, 4], [5, 2, 4], [2, 4, 3], [2, 12], [2, 4], [2, 1], [2]]);
  });
});
