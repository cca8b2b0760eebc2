import { describe, expect, it } from 'vitest';
import { abs, add, greater, mul, pow, sub } from '../../../../src/ml/algebra/arithmetic.ts';
import { input } from '../../../../src/ml/algebra/inputs.ts';
import { inOrder } from '../../../../src/ml/algebra/order.ts';
import { mean, softmax, sum } from '../../../../src/ml/algebra/reductions.ts';
import { reshape } from '../../../../src/ml/algebra/shapes.ts';
import type { KdLoss, KdMethod, TapShapes, TermInputs } from '../../../../src/ml/methods/kd-method.ts';
import { adapter } from '../../../../src/ml/methods/terms/adapter.ts';
import { recordTerm } from '../../../../src/ml/methods/terms/record-term.ts';
import { signed } from '../../../support/hashed.ts';
import { alike, evaluate } from '../../../support/kd-evaluation.ts';
import { largestDifference } from '../../../support/loss-reference.ts';
import { slopes, total } from '../../../support/plain-arrays.ts';

const record = (term: KdLoss, shapes: TapShapes, images = 2, prefix = '') =>
  recordTerm(term, shapes, {
    ...{ images, prefix, pass: 0, labels: input('labels', [images]), indices: input('indices', [images]) },
    student: (tap, shape) => input(`student/${tap}`, shape),
    teacher: (tap, shape) => input(`teacher/${tap}`, shape),
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
      const distance = abs(sub(softmax(student('logits')), softmax(teacher('logits'))));
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
    expect(value).toBeCloseTo(oracle(student, power), 12);
    const expected = slopes((moved) => oracle(moved, power), student);
    expect(largestDifference(gradients['logits']!, expected)).toBeLessThan(1e-9);
  });

  it('is data: equal for equal shapes', () => {
    const term = toy.create({ toy_power: 2 }, shapes, shapes, { labels: new Int32Array(1), seed: 0 });
    const plain = (images: number) =>
      inOrder([record(term, shapes, images).loss]).map(({ op, attributes, shape }) => ({ op, attributes, shape }));
    expect(plain(3)).toEqual(plain(3));
    expect(structuredClone(plain(3))).toEqual(plain(3));
    expect(plain(3).map(({ op }) => op)).toEqual([
      ...['input', 'max', 'sub', 'exp', 'sum', 'div'],
      ...['input', 'max', 'sub', 'exp', 'sum', 'div'],
      ...['sub', 'abs', 'constant', 'add', 'constant', 'pow', 'sum', 'constant', 'mul'],
    ]);
    expect(plain(5)[0]!.shape).toEqual([5, 4]);
  });
});

describe('a recorded term', () => {
  const shapes: TapShapes = {
    student: { logits: { height: 1, width: 1, channels: 5 }, block1: { height: 4, width: 2, channels: 3 } },
    teacher: { classifier: { height: 5, width: 1, channels: 7 } },
  };

  it('has taps of the shapes that they have for so many images', () => {
    const seen: unknown[] = [];
    const loss = ({ student, teacher }: TermInputs) => {
      seen.push(...[student('logits'), student('block1'), teacher('classifier')].map(({ shape }) => shape));
      return sum(student('logits'));
    };
    record({ loss }, shapes, 3);
    expect(seen).toEqual([
      [3, 5],
      [3, 4, 2, 3],
      [5, 7],
    ]);
  });

  const remembering: KdLoss = {
    memory: new Map([['bank', new Float32Array(12)]]),
    loss: ({ step, memory, indices }) => {
      const [mask, bank] = [step('mask', [2, 4]), memory('bank', [3, 4])];
      return { loss: add(sum(mask), sum(bank)), remember: [{ name: 'bank', places: indices, value: mul(mask, 2) }] };
    },
  };

  it('says which arrays of its own it reads, under names with the prefix', () => {
    const { step, memory, remember } = record(remembering, shapes, 2, 'kd0/');
    expect(step['mask']).toMatchObject({ op: 'input', attributes: { name: 'kd0/mask' }, shape: [2, 4] });
    expect(memory['bank']).toMatchObject({ op: 'input', attributes: { name: 'kd0/bank' }, shape: [3, 4] });
    expect(remember).toMatchObject([{ name: 'bank', places: { attributes: { name: 'indices' } } }]);
  });

  it('is refused where its arrays are of other shapes than it says', () => {
    const twice: KdLoss = { loss: ({ step }) => add(sum(step('mask', [2])), sum(step('mask', [3]))) };
    expect(() => record(twice, shapes)).toThrow('input of [2]: mask is not [3] too');
    expect(() => record({ ...remembering, memory: new Map() }, shapes)).toThrow(
      'the term’s memory has no bank of shape [3, 4]',
    );
    const elsewhere: KdLoss = {
      loss: ({ student }) => ({ loss: sum(student('logits')), remember: [{ name: 'bank', value: student('logits') }] }),
    };
    expect(() => record(elsewhere, shapes)).toThrow('the term remembers bank, which it does not read');
    const wider: KdLoss = {
      ...remembering,
      loss: ({ memory, indices }) => {
        const bank = memory('bank', [3, 4]);
        return { loss: sum(bank), remember: [{ name: 'bank', places: indices, value: bank }] };
      },
    };
    expect(() => record(wider, shapes)).toThrow('input of [3, 4]: bank takes [2, 4]');
  });
});

describe('a term is refused', () => {
  const from = { height: 2, width: 2, channels: 3 };
  const shapes = alike('block1', from);
  const own = adapter({ name: 'own', from, layers: (net) => net.conv('own', net.image, { channels: 3, kernel: 1 }) });
  const recording = (term: KdLoss) => () => record(term, shapes);

  it('where it is no scalar', () => {
    expect(recording({ loss: ({ student }) => student('block1') })).toThrow(
      'input of [2, 2, 2, 3]: a term is a scalar',
    );
  });

  it('where it reads a tap that its method does not name', () => {
    expect(recording({ loss: ({ teacher }) => sum(teacher('logits')) })).toThrow(
      'the term reads logits, which its method does not name',
    );
  });

  it('where it does not apply each of its adapters once', () => {
    const once = ({ student, adapt }: TermInputs) => adapt(own, student('block1'));
    expect(recording({ adapters: [own], loss: (inputs) => mean(once(inputs)) })).not.toThrow();
    expect(recording({ adapters: [own], loss: (inputs) => mean(add(once(inputs), once(inputs))) })).toThrow(
      'adapter own runs twice',
    );
    expect(recording({ loss: (inputs) => mean(once(inputs)) })).toThrow('adapter own is none of the term’s');
    expect(recording({ adapters: [own], loss: ({ student }) => mean(student('block1')) })).toThrow(
      'nothing reads the output of adapter own',
    );
    const narrower: KdLoss = {
      adapters: [own],
      loss: ({ student, adapt }) => mean(adapt(own, reshape(student('block1'), [8, 3]))),
    };
    expect(recording(narrower)).toThrow('own takes other maps');
  });

  it('where it has no gradient in an adapter, which would be updated by another batch’s', () => {
    const term: KdLoss = {
      adapters: [own],
      loss: ({ student, adapt }) => add(sum(greater(adapt(own, student('block1')), 0)), mean(student('block1'))),
    };
    expect(recording(term)).toThrow('the term has no gradient in adapter own');
  });
});
