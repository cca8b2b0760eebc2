import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { ClassSampler } from '../../../src/ml/methods/terms/class-sampler.ts';
import { contrastive } from '../../../src/ml/methods/crd.ts';
import type { KdLoss, KdSplit, SeenStep } from '../../../src/ml/methods/kd-method.ts';
import { TermInterpreter } from '../../../src/ml/methods/tfjs/interpreter.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { signed } from '../../support/hashed.ts';
import { alike, optionsOf } from '../../support/kd-evaluation.ts';
import { largestDifference } from '../../support/loss-reference.ts';

type Both = Readonly<Record<'student' | 'teacher', number[]>>;
interface Step {
  readonly batch: number[];
  readonly value: number;
  readonly gradients: Both;
  readonly banks: Both;
}
const reference = JSON.parse(readFileSync('test/fixtures/crd.json', 'utf8')) as {
  readonly labels: number[];
  readonly dimension: number;
  readonly temperature: number;
  readonly momentum: number;
  readonly constants: [number, number];
  readonly steps: readonly Step[];
};
const SIDES = ['student', 'teacher'] as const;
const D = reference.dimension;
const split: KdSplit = { labels: Int32Array.from(reference.labels), seed: 1 };
const shapes = alike('pooled', { height: 1, width: 1, channels: 3 });

const made = (options: JsonObject = {}, of = split): KdLoss =>
  contrastive.create(optionsOf(contrastive, { crd_dimension: D, ...options }), shapes, shapes, of);

/** Evaluates the term on given embeddings, as if the adapters had made them; returns its value and their gradients. */
function evaluated(
  term: KdLoss,
  places: readonly number[],
  embeddings: Readonly<Record<string, Float32Array>>,
  step = 0,
) {
  const gradients: Record<string, Float32Array> = {};
  const sideOf = (name: string) => SIDES.find((side) => name === `crd.${side}.embedding`)!;
  const runner = {
    forward: (name: string) => embeddings[sideOf(name)]!,
    backward(name: string, gradient: Float32Array) {
      gradients[sideOf(name)] = gradient.slice();
      return null;
    },
  };
  const pooled = { pooled: new Float32Array(places.length * 3) };
  const batch = {
    ...{ taps: { student: pooled, teacher: pooled }, weight: 1, draw: { seed: 1, step } },
    labels: Int32Array.from(places, (place) => split.labels[place]!),
    indices: Uint32Array.from(places),
  };
  const { value, outputs } = new TermInterpreter(term, shapes).run(batch, runner);
  const seen: SeenStep = { indices: batch.indices, outputs };
  return { value, gradients, seen };
}

const embeddingsOf = (number: number, count: number) =>
  Object.fromEntries(SIDES.map((side) => [side, signed(`crd.${side}.${number}`, count * D)]));

describe('contrastive distillation over several batches', () => {
  let term: KdLoss;
  beforeEach(() => {
    term = made();
    for (const side of SIDES) term.memory!.values.get(side)!.set(signed(`crd.bank.${side}`, split.labels.length * D));
  });

  it('has PyTorch’s values, gradients in both embeddings, banks and constants', () => {
    reference.steps.forEach(({ batch, value, gradients, banks }, number) => {
      const ours = evaluated(term, batch, embeddingsOf(number, batch.length), number);
      term.memory!.update(ours.seen);
      // float32 features and banks, scores up to e^14, against float64.
      expect(Math.abs(ours.value / value - 1)).toBeLessThan(5e-6);
      for (const side of SIDES) {
        const largest = Math.max(...gradients[side].map(Math.abs));
        expect(largestDifference(ours.gradients[side]!, gradients[side]) / largest).toBeLessThan(5e-6);
        expect(largestDifference(term.memory!.values.get(side)!, banks[side])).toBeLessThan(2e-7);
      }
    });
    const constants = term.memory!.values.get('constants')!;
    reference.constants.forEach((constant, at) => expect(constants[at]! / constant).toBeCloseTo(1, 5));
  });

  it('has the gradient that finite differences show, once the constants are set', () => {
    const { batch } = reference.steps[0]!;
    term.memory!.update(evaluated(term, batch, embeddingsOf(0, batch.length)).seen);
    const here = embeddingsOf(2, batch.length);
    const { gradients } = evaluated(term, batch, here);
    const away = signed('direction', batch.length * D);
    for (const side of SIDES) {
      const slope = away.reduce((sum, value, i) => sum + value * gradients[side]![i]!, 0);
      const at = (by: number) =>
        evaluated(term, batch, { ...here, [side]: here[side]!.map((value, i) => value + by * away[i]!) }).value;
      const step = 2 ** -9;
      expect((at(step) - at(-step)) / (2 * step) / slope).toBeCloseTo(1, 2);
    }
  });

  it('does not change what it remembers until it is told to', () => {
    const before = [...term.memory!.values].map(([name, values]) => [name, [...values]]);
    const { batch } = reference.steps[0]!;
    const first = evaluated(term, batch, embeddingsOf(0, batch.length));
    expect(evaluated(term, batch, embeddingsOf(0, batch.length))).toEqual(first);
    expect([...term.memory!.values].map(([name, values]) => [name, [...values]])).toEqual(before);
  });

  it('falls as embeddings of both sides come to agree on each image', () => {
    const own = embeddingsOf(0, 4)['student']!;
    const agreeing = { student: own, teacher: own };
    const places = [0, 1, 2, 3];
    const first = evaluated(term, places, agreeing).value;
    for (let step = 0; step < 8; step++) {
      term.memory!.update(evaluated(term, places, agreeing, step).seen);
    }
    expect(evaluated(term, places, agreeing).value).toBeLessThan(first - 1);
  });
});

describe('its options', () => {
  it('draw fewer negatives by seed and step: other steps, other values', () => {
    const values = [0, 0, 1].map(
      (step) => evaluated(made({ crd_negatives: 3 }), [0, 1], embeddingsOf(0, 2), step).value,
    );
    expect(values[1]).toBe(values[0]);
    expect(values[2]).not.toBe(values[0]);
  });

  it('leave the term finite at the lowest temperature, though features are those that the banks hold', () => {
    const { minimum } = contrastive.options['crd_temperature'] ?? {};
    const value = (temperature: number) => {
      const term = made({ crd_temperature: temperature });
      const axis = Float32Array.from({ length: split.labels.length * D }, (_, i) => Number(i % D === 0));
      for (const side of SIDES) term.memory!.values.get(side)!.set(axis);
      const embeddings = { student: axis.slice(0, 2 * D), teacher: axis.slice(0, 2 * D) };
      term.memory!.update(evaluated(term, [0, 1], embeddings).seen);
      return evaluated(term, [0, 1], embeddings).value;
    };
    // All scores are equal, and so 1/n of Z: P = 1/n, c = K/n.
    const negatives = new ClassSampler(split.labels).most;
    const expected = 2 * (Math.log(1 + negatives) + negatives * Math.log(1 + 1 / negatives));
    expect(value(Number(minimum)) / expected).toBeCloseTo(1, 4);
    expect(value(Number(minimum) / 10)).not.toBeCloseTo(expected, 0);
  });

  it('with relax compare an image with one of its class', () => {
    const [exact, relaxed] = ['exact', 'relax'].map(
      (sample) => evaluated(made({ crd_sample: sample }), [0, 1, 2], embeddingsOf(0, 3)).value,
    );
    expect(relaxed).not.toBe(exact);
  });

  it('want images of two classes', () => {
    expect(() => made({}, { labels: new Int32Array(6), seed: 1 })).toThrow(
      'CRD compares images with those of other classes, and all training images are of one',
    );
  });
});

describe('a sampler of classes', () => {
  const labels = Int32Array.from({ length: 60 }, (_, place) => (place * place) % 4);
  const sampler = new ClassSampler(labels);
  const sizes = [0, 1, 2, 3].map((label) => labels.filter((own) => own === label).length);

  it('bounds negatives by the largest class', () => {
    expect(sampler.most).toBe(60 - Math.max(...sizes));
  });

  it('draws negatives of other classes, none twice, each as often as another', () => {
    const counts = new Float64Array(60);
    const rounds = 4000;
    for (let round = 0; round < rounds; round++) {
      const drawn = new Int32Array(10);
      sampler.negatives(1, drawn, uniforms(7, 'contrast', round, 1));
      expect(new Set(drawn).size).toBe(10);
      for (const place of drawn) counts[place]! += 1;
    }
    const others = labels.filter((label) => label !== labels[1]).length;
    const expected = (rounds * 10) / others;
    labels.forEach((label, place) => {
      // Binomial: five standard deviations.
      if (label === labels[1]) expect(counts[place]).toBe(0);
      else expect(Math.abs(counts[place]! - expected)).toBeLessThan(5 * Math.sqrt(expected));
    });
  });

  it('draws the same whatever it drew before', () => {
    const draw = (of: ClassSampler) => {
      const drawn = new Int32Array(12);
      of.negatives(3, drawn, uniforms(7, 'contrast', 5, 3));
      return [...drawn];
    };
    const fresh = draw(new ClassSampler(labels));
    sampler.negatives(0, new Int32Array(9), uniforms(7, 'contrast', 4, 0));
    expect(draw(sampler)).toEqual(fresh);
  });

  it('draws positives of the same class, all of them in the long run', () => {
    const uniform = uniforms(7, 'contrast', 0, 0);
    const drawn = new Set(Array.from({ length: 1000 }, () => sampler.positive(2, uniform)));
    const own = [...labels].flatMap((label, place) => (label === labels[2] ? [place] : []));
    expect([...drawn].sort((a, b) => a - b)).toEqual([...own].sort((a, b) => a - b));
  });
});
