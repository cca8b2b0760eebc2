import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classification } from '../../../src/ml/metrics/classification.ts';

/** Images with a true class and a logit a class; few distinct logits, so that ties happen. */
const sets = fc.integer({ min: 2, max: 6 }).chain((classes) =>
  fc.record({
    classes: fc.constant(classes),
    images: fc.array(
      fc.record({
        label: fc.nat(classes - 1),
        logits: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: classes, maxLength: classes }),
      }),
      { minLength: 1, maxLength: 40 },
    ),
  }),
);
type Image = { readonly label: number; readonly logits: readonly number[] };

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => (values.length === 0 ? 0 : sum(values) / values.length);
const guess = ({ logits }: Image) => logits.indexOf(Math.max(...logits));
const softmax = ({ logits }: Image) => logits.map((logit) => Math.exp(logit) / sum(logits.map(Math.exp)));
const isHit = (image: Image) => guess(image) === image.label;

/** The definitions, written down as they are said. */
const oracles: Readonly<Record<string, (images: readonly Image[], classes: number) => number>> = {
  accuracy: (images) => mean(images.map((image) => Number(isHit(image)))),
  mpa: (images, classes) =>
    mean(
      [...Array(classes).keys()]
        .map((label) => images.filter((image) => image.label === label))
        .filter((own) => own.length > 0)
        .map((own) => mean(own.map((image) => Number(isHit(image))))),
    ),
  top5: (images, classes) =>
    mean(
      images.map((image) => {
        const ranked = [...Array(classes).keys()].sort((a, b) => image.logits[b]! - image.logits[a]! || a - b);
        return Number(ranked.slice(0, 5).includes(image.label));
      }),
    ),
  nll: (images) => mean(images.map((image) => -Math.log(softmax(image)[image.label]!))),
  macro_f1: (images, classes) =>
    mean(
      [...Array(classes).keys()].flatMap((label) => {
        const own = images.filter((image) => image.label === label);
        const taken = images.filter((image) => guess(image) === label);
        if (own.length + taken.length === 0) return [];
        const hits = own.filter(isHit).length;
        if (hits === 0) return [0];
        const [precision, recall] = [hits / taken.length, hits / own.length];
        return [(2 * precision * recall) / (precision + recall)];
      }),
    ),
  micro_f1: (images, classes) => {
    const of = (label: number, holds: (image: Image) => boolean) =>
      images.filter((image) => guess(image) === label && holds(image)).length;
    const labels = [...Array(classes).keys()];
    const hits = sum(labels.map((label) => of(label, isHit)));
    const falsePositives = sum(labels.map((label) => of(label, (image) => !isHit(image))));
    const falseNegatives = sum(labels.map((label) => images.filter((i) => i.label === label && !isHit(i)).length));
    return (2 * hits) / (2 * hits + falsePositives + falseNegatives);
  },
  kappa: (images, classes) => {
    const observed = mean(images.map((image) => Number(isHit(image))));
    const shareOf = (is: (image: Image) => boolean) => mean(images.map((image) => Number(is(image))));
    const chance = sum(
      [...Array(classes).keys()].map(
        (label) => shareOf((image) => image.label === label) * shareOf((image) => guess(image) === label),
      ),
    );
    return 1 - chance < 1e-12 ? 0 : (observed - chance) / (1 - chance);
  },
  ece: (images) => {
    const certainty = (image: Image) => Math.max(...softmax(image));
    return sum(
      [...Array(15).keys()].map((bin) => {
        const inside = images.filter((image) => Math.min(14, Math.ceil(certainty(image) * 15) - 1) === bin);
        const gap = mean(inside.map((image) => Number(isHit(image)))) - mean(inside.map(certainty));
        return (inside.length / images.length) * Math.abs(gap);
      }),
    );
  },
};

/** True where a probability lies on the border of two calibration bins, and rounding decides which one it is in. */
const isOnBorder = (image: Image) => {
  const bins = Math.max(...softmax(image)) * 15;
  return Math.abs(bins - Math.round(bins)) < 1e-9;
};

describe('every score', () => {
  it.each(Object.entries(oracles))('is what its definition says: %s', (name, oracle) => {
    fc.assert(
      fc.property(sets, ({ classes, images: drawn }) => {
        const images = drawn.filter((image) => !isOnBorder(image));
        fc.pre(images.length > 0);
        const { scores } = classification({
          logits: Float32Array.from(images.flatMap(({ logits }) => logits)),
          labels: Int32Array.from(images, ({ label }) => label),
          classes,
        });
        expect(scores[name as keyof typeof scores]).toBeCloseTo(oracle(images, classes), 9);
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('does not change when images change places', () => {
    fc.assert(
      fc.property(sets, ({ classes, images }) => {
        const scoresOf = (list: readonly Image[]) =>
          classification({
            logits: Float32Array.from(list.flatMap(({ logits }) => logits)),
            labels: Int32Array.from(list, ({ label }) => label),
            classes,
          }).scores;
        const [forwards, backwards] = [scoresOf(images), scoresOf([...images].reverse())];
        for (const name of ['accuracy', 'mpa', 'top5', 'macro_f1', 'micro_f1', 'kappa'] as const)
          expect(backwards[name]).toBe(forwards[name]);
        for (const name of ['nll', 'ece'] as const) expect(backwards[name]).toBeCloseTo(forwards[name], 12);
      }),
      { seed: 6 },
    );
  });
});
