import { describe, expect, it } from 'vitest';
import * as arithmetic from '../../../src/ml/methods/algebra/arithmetic.ts';
import { identity, input, oneHot, stepInput } from '../../../src/ml/methods/algebra/inputs.ts';
import { applyAdapter, averagePool, stretch, weighTwo } from '../../../src/ml/methods/algebra/maps.ts';
import * as matrices from '../../../src/ml/methods/algebra/matrices.ts';
import type { Dimensions, Node } from '../../../src/ml/methods/algebra/node.ts';
import { logSoftmax, logSumExp, mean, softmax, sum } from '../../../src/ml/methods/algebra/reductions.ts';
import type { KdLoss, KdMethod, StepArrays, TermInputs } from '../../../src/ml/methods/kd-method.ts';
import { recordTerm } from '../../../src/ml/methods/terms/term-graph.ts';
import { adapter } from '../../../src/ml/methods/terms/adapter.ts';
import { TermInterpreter } from '../../../src/ml/methods/tfjs/interpreter.ts';
import { EchoRunner } from '../../support/echo-runner.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { signed } from '../../support/hashed.ts';
import { alike, evaluate } from '../../support/kd-evaluation.ts';
import { largestDifference } from '../../support/loss-reference.ts';
import { slopes, table, total } from '../../support/plain-arrays.ts';

const { add, addN, constant, div, exp, greater, log, maximum, minimum, mul, pow, select, sub } = arithmetic;
const { concat, gather, matmul, reshape, transpose } = matrices;

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
  ['pow', (a) => pow(a, 2.5), each((x) => x ** 2.5)],
  ['addN', (a, b) => addN([a, t(b), a]), each((x, y) => 2 * x + y)],
  [
    'broadcasting',
    (a, b) => mul(a, sum(b, { axes: [1] })),
    (a, b) => Array.from(a, (x, i) => x * (b[(i % 3) * 2]! + b[(i % 3) * 2 + 1]!)),
  ],
  ['sum of rows', (a) => sum(a, { axes: [-1] }), rowsOf((row) => [row[0]! + row[1]! + row[2]!])],
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
  [
    'gather',
    (a) => gather(a, stepInput('places', { shape: [3], dtype: 'int32' })),
    (a) => [1, 0, 1].flatMap((row) => Array.from(a).slice(3 * row, 3 * row + 3)),
  ],
  ['unit rows', (a) => matrices.unitRows(a), rowsOf((row) => row.map((x) => x / Math.hypot(...row)))],
  [
    'Gram matrix of rows',
    (a) => matrices.rowGram(a),
    (a) => table(2, 2, (i, j) => total(3, (k) => a[3 * i + k]! * a[3 * j + k]!)),
  ],
  [
    'channel distances',
    (a, b) => matrices.channelDistances(a, t(b)),
    (a, b) => Array.from({ length: 3 }, (_, c) => total(2, (i) => (a[3 * i + c]! - b[2 * c + i]!) ** 2)),
  ],
  [
    'average pooling',
    (a) => averagePool(stretch(reshape(a, [2, 1, 1, 3]), { height: 2, width: 4 }), 2),
    (a) => table(2, 6, (i, j) => a[3 * i + (j % 3)]!),
  ],
  [
    'weighing two maps',
    (a, b) =>
      weighTwo(...([a, t(b)].map((x) => reshape(x, [2, 1, 1, 3])) as [Node, Node]), constant(0.5, [2, 1, 1, 2])),
    each((x, y) => (x + y) / (1 + Math.exp(-0.5))),
  ],
  ['identity', (a) => matmul(a, mul(identity(3), 2)), each((x) => 2 * x)],
  [
    'one-hot',
    (a) => matmul(oneHot(stepInput('places', { shape: [3], dtype: 'int32' }), 2), a),
    (a) => [1, 0, 1].flatMap((row) => Array.from(a).slice(3 * row, 3 * row + 3)),
  ],
];

describe('operations', () => {
  const shapes = { a: [2, 3], b: [3, 2] } as const;
  const values = {
    a: signed('a', 6, 0.8).map((x) => x + 1),
    b: signed('b', 6, 0.8).map((x) => x + 1),
  };
  const places = { places: Int32Array.of(1, 0, 1) };

  it.each(rows)('%s: values are what loops compute, gradients what differences show', (_, operation, plain) => {
    const weights = signed('weights', plain(values.a, values.b).length);
    const weighted = ({ a, b }: Readonly<Record<'a' | 'b', Node>>) => {
      const result = operation(a, b);
      return sum(mul(reshape(result, [-1]), stepInput('weights', { shape: [weights.length] })));
    };
    const oracle = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      plain(a, b).reduce((whole, value, i) => whole + value * weights[i]!, 0);
    const { value, gradients } = evaluateLoss(shapes, values, weighted, { ...places, weights });
    expect(value).toBeCloseTo(oracle(values.a, values.b), 5);
    const expected = {
      a: slopes((a) => oracle(a, values.b), values.a),
      b: slopes((b) => oracle(values.a, b), values.b),
    };
    for (const side of ['a', 'b'] as const)
      expect(largestDifference(gradients[side], expected[side])).toBeLessThan(2e-6);
  });
});

describe('shapes that do not fit', () => {
  const of = (...shape: number[]): Node => input('student', 'x', { shape });
  const labels = input('step', 'labels', { shape: [2], dtype: 'int32' });

  it.each<readonly [string, () => Node]>([
    ['add of float32 [2, 3] and float32 [2]: the shapes do not broadcast', () => add(of(2, 3), of(2))],
    ['mul of int32 [2] and float32 []: it takes float32', () => mul(labels, 2)],
    ['sum of float32 [2]: no dimensions 1', () => sum(of(2), { axes: [1] })],
    ['matmul of float32 [2, 3] and float32 [2, 3]: the matrices do not meet', () => matmul(of(2, 3), of(2, 3))],
    ['transpose of float32 [2, 3]: 0, 0 is no permutation of its dimensions', () => transpose(of(2, 3), [0, 0])],
    ['reshape of float32 [2, 3]: no shape of [4, -1]', () => reshape(of(2, 3), [4, -1])],
    ['concat of float32 [2, 3] and float32 [3, 3]: no array along dimension 1', () => concat([of(2, 3), of(3, 3)], 1)],
    ['select of float32 [2] and float32 [2] and float32 [3]: the shapes differ', () => select(of(2), of(2), of(3))],
    ['addN of float32 [2] and float32 []: the shapes differ', () => addN([of(2), of()])],
    ['gather of float32 [2] and float32 [2]: it takes rows and int32 places', () => gather(of(2), of(2))],
    ['oneHot of float32 [2]: it takes int32 [N]', () => oneHot(of(2), 3)],
    ['rowGram of float32 [2]: it takes 2 or 3 dimensions', () => matrices.rowGram(of(2))],
    ['averagePool of float32 [1, 3, 4, 1]: windows of side 2 do not fill it', () => averagePool(of(1, 3, 4, 1), 2)],
    ['stretch of float32 [1, 3]: it takes maps [N, H, W, C]', () => stretch(of(1, 3), { height: 2, width: 2 })],
    [
      'weighTwo of float32 [1, 2, 2, 3] and float32 [1, 2, 2, 3] and float32 [1, 2, 2, 1]: it takes two equal maps and two scores a pixel',
      () => weighTwo(of(1, 2, 2, 3), of(1, 2, 2, 3), of(1, 2, 2, 1)),
    ],
    [
      'channelDistances of float32 [2] and float32 [1]: the shapes differ',
      () => matrices.channelDistances(of(2), of(1)),
    ],
  ])('are refused where the expression is written: %s', (message, build) => {
    expect(build).toThrow(message);
  });

  it('are inferred otherwise', () => {
    const shapesOf = (nodes: readonly Node[]): readonly Dimensions[] => nodes.map(({ shape }) => shape);
    expect(
      shapesOf([
        add(of(4, 1, 3), of(2, 1)),
        sum(of(2, 3, 4), { axes: [0, -1] }),
        sum(of(2, 3, 4), { axes: [1], keepDims: true }),
        matmul(of(5, 2, 3), of(5, 4, 3), { transposeB: true }),
        transpose(of(2, 3, 4), [0, 2, 1]),
        reshape(of(2, 3, 4), [2, -1]),
        concat([of(2, 3), of(2, 1)], -1),
        logSumExp(of(2, 3)),
      ]),
    ).toEqual([[4, 2, 3], [3], [2, 1, 4], [5, 2, 4], [2, 4, 3], [2, 12], [2, 4], [2]]);
  });
});

/** What a newcomer would write into a file of their own: L = mean (|p_s − p_t| + 0.01)ᵖ of softmaxes, p an option. */
const toy: KdMethod = {
  name: 'Toy',
  source: 'Nobody: A Method Against the Algebra, 2024',
  options: { toy_power: { type: 'number', minimum: 1, default: 3, description: 'p.' } },
  weighting: 'plain',
  taps: () => ({ teacher: ['logits'], student: ['logits'] }),
  create: ({ toy_power: power }) => ({
    loss: ({ student, teacher }) => {
      const distance = arithmetic.abs(sub(softmax(student('logits')), softmax(teacher('logits'))));
      return mean(pow(add(distance, 0.01), Number(power)));
    },
  }),
};

describe('a method that is written against the algebra alone', () => {
  const [student, teacher] = [signed('student', 12), signed('teacher', 12)];
  const shapes = alike('logits', { height: 1, width: 1, channels: 4 });
  const probabilities = (logits: ArrayLike<number>) =>
    [0, 4, 8].flatMap((from) => {
      const row = Array.from(logits)
        .slice(from, from + 4)
        .map(Math.exp);
      return row.map((value) => value / total(4, (j) => row[j]!));
    });
  const oracle = (logits: ArrayLike<number>, power: number) => {
    const [ours, theirs] = [probabilities(logits), probabilities(teacher)];
    return total(12, (i) => (Math.abs(ours[i]! - theirs[i]!) + 0.01) ** power) / 12;
  };

  it.each([1, 3])('has a value, and a gradient that it did not write: p = %d', (power) => {
    const taps = { student: { logits: student }, teacher: { logits: teacher } };
    const labels = Int32Array.of(0, 1, 2);
    const { value, gradients } = evaluate({ method: toy, options: { toy_power: power }, shapes, taps, labels });
    expect(value).toBeCloseTo(oracle(student, power), 6);
    const expected = slopes((moved) => oracle(moved, power), student);
    expect(largestDifference(gradients['logits']!, expected)).toBeLessThan(1e-6);
  });

  it('is data: equal for equal shapes, and recorded once for each size of batch', () => {
    const term = toy.create({ toy_power: 2 }, shapes, shapes, { labels: new Int32Array(1), seed: 0 });
    const plain = (images: number) =>
      recordTerm(term, shapes, images).nodes.map(({ op, attributes, shape, dtype }) => ({
        op,
        attributes,
        shape,
        dtype,
      }));
    expect(plain(3)).toEqual(plain(3));
    expect(structuredClone(plain(3))).toEqual(plain(3));
    expect(plain(3).map(({ op }) => op)).toEqual([
      'input',
      'input',
      'softmax',
      'softmax',
      'sub',
      'abs',
      'constant',
      'add',
      'pow',
      'mean',
    ]);
    expect(plain(5)[0]!.shape).toEqual([5, 4]);
  });
});

describe('a term is refused', () => {
  const shapes = alike('block1', { height: 2, width: 2, channels: 3 });
  const from = { height: 2, width: 2, channels: 3 };
  const own = adapter({ name: 'own', from, layers: (net) => net.conv('own', net.image, { channels: 3, kernel: 1 }) });
  const record = (term: Parameters<typeof recordTerm>[0]) => () => recordTerm(term, shapes, 2);

  it('where it is no scalar', () => {
    expect(record({ loss: ({ student }) => student('block1') })).toThrow(
      'input of float32 [2, 2, 2, 3]: a term is a scalar',
    );
  });

  it('where it reads a tap that its method does not name', () => {
    expect(record({ loss: ({ teacher }) => sum(teacher('logits')) })).toThrow(
      'the term reads logits, which its method does not name',
    );
  });

  it('where it does not apply each of its adapters once', () => {
    const once = ({ student }: TermInputs) => applyAdapter(own, student('block1'));
    expect(record({ adapters: [own], loss: (inputs) => mean(once(inputs)) })).not.toThrow();
    expect(record({ adapters: [own], loss: (inputs) => mean(add(once(inputs), once(inputs))) })).toThrow(
      'adapter own runs twice',
    );
    expect(record({ loss: (inputs) => mean(once(inputs)) })).toThrow('adapter own is none of the term’s');
    expect(record({ adapters: [own], loss: ({ student }) => mean(student('block1')) })).toThrow(
      'nothing reads the output of adapter own',
    );
    expect(
      record({ adapters: [own], loss: ({ student }) => mean(applyAdapter(own, reshape(student('block1'), [8, 3]))) }),
    ).toThrow('own takes other maps');
  });

  it('where it has no gradient in an adapter, which would be updated by another batch’s', () => {
    const term: KdLoss = {
      adapters: [own],
      loss: ({ student }) => add(sum(greater(applyAdapter(own, student('block1')), 0)), mean(student('block1'))),
    };
    const block1 = new Float32Array(24);
    const batch = {
      ...{ taps: { student: { block1 }, teacher: {} }, labels: new Int32Array(2), indices: new Uint32Array(2) },
      ...{ draw: { seed: 0, step: 0 }, weight: 1 },
    };
    expect(() => new TermInterpreter(term, shapes).run(batch, new EchoRunner(term))).toThrow(
      'the term has no gradient in adapter own',
    );
  });

  it('where nothing fills one of its arrays, or not all of it', () => {
    const loss = ({ a }: Readonly<Record<'a', Node>>) => sum(mul(a, stepInput('mask', { shape: [2] })));
    const run = (arrays: StepArrays) => () => evaluateLoss({ a: [2] }, { a: Float32Array.of(1, 2) }, loss, arrays);
    expect(run({})).toThrow('nothing fills mask');
    expect(run({ mask: Float32Array.of(1) })).toThrow('mask has 1 values, and its shape [2]');
    expect(run({ mask: Float32Array.of(1, 3) })().value).toBe(7);
  });
});
