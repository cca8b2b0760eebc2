import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { AdapterCall } from '../../../src/ml/algebra/node.ts';
import { ClassSampler } from '../../../src/ml/methods/terms/class-sampler.ts';
import { contrastive } from '../../../src/ml/methods/crd.ts';
import type { KdSplit } from '../../../src/ml/methods/kd-method.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import type { AdapterCallbacks, Values } from '../../support/evaluate-expression.ts';
import { signed } from '../../support/hashed.ts';
import { optionsOf } from '../../support/default-options.ts';
import { alike, TermInFloat64 } from '../../support/kd-evaluation.ts';
import { largestDifference } from '../../support/loss-reference.ts';
import { slopes } from '../../support/plain-arrays.ts';

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

/** Gives embeddings, as if the adapters had made them, and keeps the gradients in them. */
class Embeddings implements AdapterCallbacks {
  given: Readonly<Record<string, Values>> = {};
  gradients: Record<string, Float64Array> = {};

  forward({ adapter }: AdapterCall): Values {
    return this.given[adapter.name]!;
  }

  backward({ adapter }: AdapterCall, gradient: Float64Array): null {
    this.gradients[adapter.name] = gradient;
    return null;
  }
}

type Given = Readonly<Record<(typeof SIDES)[number], Values>>;
const adapterOf = (side: string): string => `crd.${side}.embedding`;

/** The term, on given embeddings. */
class Contrastive {
  readonly #embeddings = new Embeddings();
  readonly #term: TermInFloat64;

  constructor(options: JsonObject = {}, of = split) {
    const term = contrastive.create(optionsOf(contrastive, { crd_dimension: D, ...options }), shapes, shapes, of);
    this.#term = new TermInFloat64(term, shapes, this.#embeddings);
  }

  get memory() {
    return this.#term.memory;
  }

  bank(side: string): Float64Array {
    return this.memory.get(`${side}.bank`)!;
  }

  /** Its value, and the gradients in both embeddings. */
  run(places: readonly number[], embeddings: Given, step = 0) {
    this.#embeddings.given = Object.fromEntries(SIDES.map((side) => [adapterOf(side), embeddings[side]]));
    const pooled = { pooled: new Float64Array(places.length * 3) };
    const { value } = this.#term.run({
      ...{ taps: { student: pooled, teacher: pooled }, weight: 1, seed: 1, step },
      labels: Int32Array.from(places, (place) => split.labels[place]!),
      indices: Uint32Array.from(places),
    });
    const { gradients } = this.#embeddings;
    return {
      value,
      gradients: { student: gradients[adapterOf('student')]!, teacher: gradients[adapterOf('teacher')]! },
    };
  }

  remember(): void {
    this.#term.remember();
  }
}

const embeddingsOf = (number: number, count: number): Given => ({
  student: signed(`crd.student.${number}`, count * D),
  teacher: signed(`crd.teacher.${number}`, count * D),
});

describe('contrastive distillation over several batches', () => {
  let term: Contrastive;
  beforeEach(() => {
    term = new Contrastive();
    for (const side of SIDES) term.bank(side).set(signed(`crd.bank.${side}`, split.labels.length * D));
  });

  it('has PyTorch’s values, gradients in both embeddings, banks and constants', () => {
    reference.steps.forEach(({ batch, value, gradients, banks }, number) => {
      const ours = term.run(batch, embeddingsOf(number, batch.length), number);
      term.remember();
      expect(Math.abs(ours.value / value - 1)).toBeLessThan(1e-9);
      for (const side of SIDES) {
        expect(largestDifference(ours.gradients[side], gradients[side])).toBeLessThan(1e-9);
        expect(largestDifference(term.bank(side), banks[side])).toBeLessThan(1e-9);
      }
    });
    reference.constants.forEach((constant, at) => {
      expect(Math.abs(term.memory.get(`${SIDES[at]!}.scale`)![0]! / constant - 1)).toBeLessThan(1e-9);
    });
  });

  it('has the gradient that finite differences show, once the constants are set', () => {
    const { batch } = reference.steps[0]!;
    term.run(batch, embeddingsOf(0, batch.length));
    term.remember();
    const here = embeddingsOf(2, batch.length);
    const { gradients } = term.run(batch, here);
    for (const side of SIDES) {
      const value = (moved: Values) => term.run(batch, { ...here, [side]: moved }).value;
      expect(largestDifference(gradients[side], slopes(value, here[side]))).toBeLessThan(1e-7);
    }
  });

  it('does not change what it remembers until it is told to', () => {
    const before = [...term.memory].map(([name, values]) => [name, [...values]]);
    const { batch } = reference.steps[0]!;
    const first = term.run(batch, embeddingsOf(0, batch.length));
    expect(term.run(batch, embeddingsOf(0, batch.length))).toEqual(first);
    expect([...term.memory].map(([name, values]) => [name, [...values]])).toEqual(before);
  });

  it('falls as embeddings of both sides come to agree on each image', () => {
    const own = embeddingsOf(0, 4).student;
    const agreeing = { student: own, teacher: own };
    const places = [0, 1, 2, 3];
    const first = term.run(places, agreeing).value;
    for (let step = 0; step < 8; step++) {
      term.run(places, agreeing, step);
      term.remember();
    }
    expect(term.run(places, agreeing).value).toBeLessThan(first - 1);
  });
});

describe('its options', () => {
  it('draw fewer negatives by seed and step: other steps, other values', () => {
    const values = [0, 0, 1].map(
      (step) => new Contrastive({ crd_negatives: 3 }).run([0, 1], embeddingsOf(0, 2), step).value,
    );
    expect(values[1]).toBe(values[0]);
    expect(values[2]).not.toBe(values[0]);
  });

  it('leave the term finite at the lowest temperature, though features are those that the banks hold', () => {
    const { minimum } = contrastive.options['crd_temperature'] ?? {};
    const value = (temperature: number) => {
      const term = new Contrastive({ crd_temperature: temperature });
      const axis = Float32Array.from({ length: split.labels.length * D }, (_, i) => Number(i % D === 0));
      for (const side of SIDES) term.bank(side).set(axis);
      const embeddings = { student: axis.slice(0, 2 * D), teacher: axis.slice(0, 2 * D) };
      term.run([0, 1], embeddings);
      term.remember();
      // Checkpoints and engines keep float32.
      for (const values of term.memory.values()) values.set(Float32Array.from(values));
      return term.run([0, 1], embeddings).value;
    };
    // All scores are equal, and so 1/n of Z: P = 1/n, c = K/n.
    const negatives = new ClassSampler(split.labels).most;
    const expected = 2 * (Math.log(1 + negatives) + negatives * Math.log(1 + 1 / negatives));
    expect(value(Number(minimum)) / expected).toBeCloseTo(1, 6);
    expect(value(Number(minimum) / 10)).not.toBeCloseTo(expected, 0);
  });

  it('with relax compare an image with one of its class', () => {
    const [exact, relaxed] = ['exact', 'relax'].map(
      (sample) => new Contrastive({ crd_sample: sample }).run([0, 1, 2], embeddingsOf(0, 3)).value,
    );
    expect(relaxed).not.toBe(exact);
  });

  it('want images of two classes', () => {
    expect(() => new Contrastive({}, { labels: new Int32Array(6), seed: 1 })).toThrow(
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
      const drawn = new Float32Array(10);
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
      const drawn = new Float32Array(12);
      of.negatives(3, drawn, uniforms(7, 'contrast', 5, 3));
      return [...drawn];
    };
    const fresh = draw(new ClassSampler(labels));
    sampler.negatives(0, new Float32Array(9), uniforms(7, 'contrast', 4, 0));
    expect(draw(sampler)).toEqual(fresh);
  });

  it('draws positives of the same class, all of them in the long run', () => {
    const uniform = uniforms(7, 'contrast', 0, 0);
    const drawn = new Set(Array.from({ length: 1000 }, () => sampler.positive(2, uniform)));
    const own = [...labels].flatMap((label, place) => (label === labels[2] ? [place] : []));
    expect([...drawn].sort((a, b) => a - b)).toEqual([...own].sort((a, b) => a - b));
  });
});
