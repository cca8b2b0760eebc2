import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import type { PackedDataset, Split } from '../../../src/ml/data/packed.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { encodeModel, networkFor } from '../../../src/ml/inference/trained-model.ts';
import { dataset } from '../../../src/stages/dataset/kind.ts';
import { evaluate } from '../../../src/stages/evaluate/kind.ts';
import { Folder, writeTree } from '../../ml/data/samples.ts';
import { metric, Workshop, type Made } from '../../support/stage-workshop.ts';
import { atOnce } from '../../support/at-once.ts';

/** Side of the network's input; the larger view of a 12 × 10 picture is then 20 × 17. */
const side = 16;
const splits = ['train', 'val', 'test'] as const;
const augmentations = ['none', 'ten-crop'] as const;

const workshop = new Workshop();
const folder = new Folder();
let data: string;
let of: string;
let packed: PackedDataset;
let scored: Made;

beforeAll(async () => {
  await writeTree(folder, { ant: 11, 'bee, honey': 9, cow: 14 });
  const made = await workshop.make(dataset, {
    ...{ source: 'image-folder', root: folder.path, image_size: side, mean_std: 'data' },
    split: { val: 0.3, test: 0.2, seed: 3 },
  });
  data = join(made.folder, 'data');
  packed = openPacked(data);
  const { classes, mean, std } = packed.manifest;
  const network = networkFor('convnet4', packed.manifest);
  const model = { network, state: initialState(network, 5), classes, input: { statistics: { mean, std } }, batches: 1 };
  of = join(workshop.folder(), 'weights.safetensors');
  writeFileSync(of, encodeModel(model));
  scored = await workshop.make(evaluate, { splits: [...splits], tta: [...augmentations], batch_size: 5 }, { data, of });
});
afterAll(async () => {
  packed.close();
  folder.remove();
  workshop.remove();
  await disposeEngines();
});

interface Image {
  readonly label: number;
  readonly probabilities: readonly number[];
}
interface Corner {
  readonly top: number;
  readonly left: number;
  readonly mirrored: boolean;
}

/** Python's round, which torchvision centres with: halves go to the even number. */
const rounded = (value: number): number => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/** torchvision's ten crops of a picture: corners and centre, then those of its mirror image. */
function corners({ height, width }: { readonly height: number; readonly width: number }): readonly Corner[] {
  const [bottom, right] = [height - side, width - side];
  const centre = [rounded(bottom / 2), rounded(right / 2)] as const;
  const five = [[0, 0], [0, right], [bottom, 0], [bottom, right], centre] as const;
  return [false, true].flatMap((mirrored) => five.map(([top, left]) => ({ top, left, mirrored })));
}

/** One image after the other through the engine that is written for its clearness. */
async function oracle(name: Split, tta: (typeof augmentations)[number]): Promise<readonly Image[]> {
  const engine = await createEngine('reference', { threads: 1 });
  const network = networkFor('convnet4', packed.manifest);
  const session = engine.session(network, { optimizer: null, threads: 1 });
  session.write(initialState(network, 5));
  const step = session.forwardStep({ batch: 1, taps: [] });
  const { mean, std } = packed.manifest;
  const split = packed.split(name);
  const images = Array.from(split.labels, (label, index) => {
    const { pixels, height, width } = atOnce(split.image(tta === 'none' ? 'eval' : 'train', index));
    const places = tta === 'none' ? [{ top: 0, left: 0, mirrored: false }] : corners({ height, width });
    const sums = packed.manifest.classes.map(() => 0);
    for (const { top, left, mirrored } of places) {
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++)
          for (const channel of [0, 1, 2] as const) {
            const column = mirrored ? width - 1 - (left + x) : left + x;
            const value = pixels[((top + y) * width + column) * 3 + channel] ?? NaN;
            step.input[(y * side + x) * 3 + channel] = (value / 255 - mean[channel]) / std[channel];
          }
      step.run();
      step.logits.forEach((logit, at) => (sums[at] = (sums[at] ?? NaN) + logit / places.length));
    }
    const total = sums.reduce((sum, logit) => sum + Math.exp(logit), 0);
    return { label, probabilities: sums.map((logit) => Math.exp(logit) / total) };
  });
  session.dispose();
  return images;
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const guess = ({ probabilities }: Image) => probabilities.indexOf(Math.max(...probabilities));
const share = (images: readonly Image[], is: (image: Image) => boolean) =>
  average(images.map((one) => Number(is(one))));
const isHit = (image: Image) => guess(image) === image.label;

const rows = (file: string, split: string, tta: string) =>
  readFileSync(join(scored.folder, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/"(.*?), (.*?)"/g, '$1 $2').split(','))
    .filter(([one, other]) => one === split && other === tta);

describe.each(splits.flatMap((split) => augmentations.map((tta) => [split, tta] as const)))(
  '%s with %s',
  (split, tta) => {
    const names = ['ant', 'bee honey', 'cow'];
    let images: readonly Image[];
    beforeAll(async () => {
      images = await oracle(split, tta);
    });
    const found = (name: string) => metric(scored, `${split}.${tta === 'none' ? '' : 'tta.'}${name}`);

    it('has the accuracy, mean per-class recall and likelihood of the oracle', () => {
      expect(found('accuracy')).toBeCloseTo(share(images, isHit), 12);
      const recalls = names.map((_, label) =>
        share(
          images.filter((image) => image.label === label),
          isHit,
        ),
      );
      expect(found('mpa')).toBeCloseTo(average(recalls), 12);
      // Two engines round differently: float32 sums of a few hundred terms.
      expect(found('nll')).toBeCloseTo(
        average(images.map(({ label, probabilities }) => -Math.log(probabilities[label] ?? 0))),
        5,
      );
      expect(found('top5')).toBe(1);
    });

    it('names every image of the split once, in its order, with label, guess and certainty', () => {
      const { names: origins } = packed.split(split);
      const written = rows('predictions.csv', split, tta);
      expect(written).toHaveLength(images.length);
      for (const [at, [, , , label, predicted, probability]] of written.entries()) {
        const image = images[at] ?? { label: -1, probabilities: [] };
        expect([label, predicted]).toEqual([names[image.label], names[guess(image)]]);
        expect(Number(probability)).toBeCloseTo(Math.max(...image.probabilities), 5);
      }
      expect(written.map(([, , name]) => name)).toEqual(origins.map((name) => name.replace('bee, honey', 'bee honey')));
    });

    it('counts in its confusion matrix what was taken for what', () => {
      const counts = rows('confusion.csv', split, tta).map((row) => row.slice(3).map(Number));
      const expected = names.map((_, label) =>
        names.map((_, taken) => images.filter((image) => image.label === label && guess(image) === taken).length),
      );
      expect(counts).toEqual(expected);
    });

    it('has the recall, precision and support of each class', () => {
      for (const [label, row] of rows('per-class.csv', split, tta).entries()) {
        const own = images.filter((image) => image.label === label);
        const taken = images.filter((image) => guess(image) === label);
        const [, , name, precision, recall, , support, predicted] = row;
        expect([name, Number(support), Number(predicted)]).toEqual([names[label], own.length, taken.length]);
        expect(Number(recall)).toBeCloseTo(share(own, isHit), 12);
        expect(Number(precision)).toBeCloseTo(taken.length === 0 ? 0 : share(taken, isHit), 12);
      }
    });
  },
);

describe('an evaluation', () => {
  it('of one augmentation is the same as beside another', async () => {
    const alone = await workshop.make(evaluate, { splits: ['val'], tta: ['ten-crop'] }, { data, of });
    const { val } = scored.metrics as { readonly val: JsonObject };
    expect(alone.metrics['val']).toEqual({ tta: val['tta'] });
  });

  it('by the reference engine finds the same to float32', async () => {
    const other = await workshop.make(evaluate, { splits: ['test'], engine: 'reference' }, { data, of });
    expect(metric(other, 'test.nll')).toBeCloseTo(metric(scored, 'test.nll'), 5);
    expect(other.environment).toMatchObject({ engine: { name: 'reference' } });
  });

  it('finds the same whatever the order in which splits are asked for', async () => {
    const other = await workshop.make(evaluate, { splits: ['test', 'train'], batch_size: 64 }, { data, of });
    for (const split of ['test', 'train']) expect(metric(other, `${split}.nll`)).toBe(metric(scored, `${split}.nll`));
    expect(Object.keys(other.metrics)).toEqual(['test', 'train', 'parameters', 'macs', 'images_per_second']);
  });
});
