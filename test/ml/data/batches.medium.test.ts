import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cropImage, tenCrops } from '../../../src/ml/augment/crop.ts';
import type { RgbImage } from '../../../src/ml/augment/image.ts';
import { mixImages } from '../../../src/ml/augment/mix.ts';
import { augmentations } from '../../../src/ml/augment/registry.ts';
import { evalBatches, type Batches } from '../../../src/ml/data/batches.ts';
import { mixOf, trainBatches, type TrainPass } from '../../../src/ml/data/train-batches.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { pack } from '../../../src/ml/data/pack.ts';
import type { PackedDataset, PackedSplit } from '../../../src/ml/data/packed.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { padImage } from '../../../src/ml/augment/pad.ts';
import { base64, referencePicture, transformReference } from '../augment/transform-reference.ts';
import { Folder, notes, packDefaults, sampleSet } from './samples.ts';
import { atOnce } from '../../support/at-once.ts';
import { mirrorImage } from '../../support/mirror-image.ts';
import { unchanged } from '../../support/train-options.ts';

const SIDE = 10;
const VALUES = SIDE * SIDE * 3;
/** Inputs that are the pixels themselves. */
const plain = { imageSize: SIDE, mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] } as const;
const pass: TrainPass = {
  ...unchanged,
  ...{ batchSize: 8, epoch: 0, seed: 0, crop: 'random', flip: true },
};

let folder: Folder;
let dataset: PackedDataset;
let train: PackedSplit;

beforeAll(async () => {
  folder = new Folder();
  await pack(sampleSet([30, 40], { width: 16, height: 13, side: SIDE }), folder.path, packDefaults, notes());
  dataset = openPacked(folder.path);
  train = dataset.split('train');
});
afterAll(() => {
  dataset.close();
  folder.remove();
});

/** One image as a batch gave it. */
interface Seen {
  readonly index: number;
  readonly label: number;
  readonly pixels: string;
}

function batch(batches: Batches, number: number): Seen[] {
  const inputs = new Float32Array(batches.size(number) * VALUES);
  const labels = new Int32Array(batches.size(number));
  const indices = atOnce(batches.fill(number, inputs, labels));
  return Array.from(indices, (index, slot) => ({
    index,
    label: labels[slot]!,
    pixels: base64({ pixels: Uint8Array.from(inputs.subarray(slot * VALUES, (slot + 1) * VALUES), Math.round) }),
  }));
}

function all(batches: Batches): Seen[] {
  return Array.from({ length: batches.count }, (_, number) => batch(batches, number)).flat();
}

/** Sizes of all batches, and their values one after another. */
function fill(batches: Batches): [number[], Float32Array] {
  const sizes = Array.from({ length: batches.count }, (_, number) => batches.size(number));
  const values = new Float32Array(sizes.reduce((sum, size) => sum + size, 0) * VALUES);
  let start = 0;
  sizes.forEach((size, number) => {
    atOnce(batches.fill(number, values.subarray(start, start + size * VALUES), new Int32Array(size)));
    start += size * VALUES;
  });
  return [sizes, values];
}

const seeds = fc.nat({ max: 2 ** 31 - 1 });

describe('training batches', () => {
  it('hold each image once an epoch, with its label; the last batch is partial', () => {
    fc.assert(
      fc.property(seeds, fc.nat({ max: 300 }), fc.integer({ min: 1, max: 60 }), (seed, epoch, batchSize) => {
        const batches = trainBatches(train, plain, { ...pass, seed, epoch, batchSize });
        const seen = all(batches);
        const indices = seen.map(({ index }) => index).sort((a, b) => a - b);
        expect(indices).toEqual(Array.from({ length: train.count }, (_, index) => index));
        expect(seen.every(({ index, label }) => label === train.labels[index])).toBe(true);
        expect(batches.count).toBe(Math.ceil(train.count / batchSize));
        expect(batches.size(batches.count - 1)).toBe(train.count - (batches.count - 1) * batchSize);
      }),
      { numRuns: 40 },
    );
  });

  it('leave alone what lies beyond a partial batch', () => {
    const batches = trainBatches(train, plain, { ...pass, batchSize: 32 });
    const last = batches.count - 1;
    const size = batches.size(last);
    expect(size).toBeLessThan(32);
    const inputs = new Float32Array(32 * VALUES).fill(-7);
    const labels = new Int32Array(32).fill(-7);
    expect(batches.fill(last, inputs, labels)).toHaveLength(size);
    expect(inputs.subarray(size * VALUES).every((value) => value === -7)).toBe(true);
    expect(inputs.subarray(0, size * VALUES).every((value) => value >= 0)).toBe(true);
    expect(labels.subarray(size).every((label) => label === -7)).toBe(true);
  });

  it('are squares of widened pictures where they are padded: black, or mirrored, beyond their edges', () => {
    for (const paddingMode of ['constant', 'reflect'] as const) {
      const padded = all(
        trainBatches(train, plain, { ...pass, crop: 'pad', cropPadding: 3, paddingMode, flip: false }),
      );
      const places = new Set<string>();
      for (const { index, pixels } of padded) {
        const whole = padImage(atOnce(train.image('eval', index)), 3, paddingMode);
        const found = Array.from({ length: 49 }, (_, at) => ({
          top: Math.floor(at / 7),
          left: at % 7,
          mirrored: false,
        }));
        const place = found.find((one) => base64(cropImage(whole, one, SIDE)) === pixels);
        expect(place, `${paddingMode} ${index}`).toBeDefined();
        places.add(`${place?.top},${place?.left}`);
      }
      // Of 49 places about as many as images are seen.
      expect(places.size).toBeGreaterThan(10);
    }
  });

  it('lose a rectangle where something is erased, as often as it is asked for', () => {
    const bright = { ...plain, mean: [-1, -1, -1] } as const;
    const [, values] = fill(trainBatches(train, bright, { ...pass, randomErasing: 0.5 }));
    const erased = Array.from({ length: train.count }, (_, at) =>
      values.subarray(at * VALUES, (at + 1) * VALUES).some((value) => value === 0),
    );
    const share = erased.filter(Boolean).length / train.count;
    // Binomial, p = ½: five standard deviations.
    expect(Math.abs(share - 0.5)).toBeLessThan(2.5 / Math.sqrt(train.count));
    const [, whole] = fill(trainBatches(train, bright, pass));
    expect(whole.includes(0)).toBe(false);
  });

  it('are normalised with the statistics of the dataset', () => {
    const format = { imageSize: SIDE, mean: [0.1, 0.4, 0.7], std: [0.5, 0.25, 0.125] } as const;
    const [raw, scaled] = [plain, format].map((each) => {
      const inputs = new Float32Array(8 * VALUES);
      atOnce(trainBatches(train, each, pass).fill(2, inputs, new Int32Array(8)));
      return inputs;
    });
    scaled!.forEach((value, i) => {
      const pixel = Math.round(raw![i]!) / 255;
      expect(value).toBe(Math.fround((pixel - format.mean[i % 3]!) / format.std[i % 3]!));
    });
  });

  it('of an epoch are the same whether the epochs before it were run, in this process or at all', () => {
    const straight = [0, 1, 2].map((epoch) => all(trainBatches(train, plain, { ...pass, epoch })));
    expect(all(trainBatches(train, plain, { ...pass, epoch: 2 }))).toEqual(straight[2]);
    const resumed = trainBatches(train, plain, { ...pass, epoch: 1 });
    expect([3, 5, 4, 3].map((number) => batch(resumed, number))).toEqual(
      [3, 5, 4, 3].map((number) => straight[1]!.slice(number * 8, number * 8 + 8)),
    );
  });

  it('cut and mirror an image alike whatever the batch size', () => {
    const byIndex = (batchSize: number) =>
      all(trainBatches(train, plain, { ...pass, batchSize })).sort((a, b) => a.index - b.index);
    expect(byIndex(5)).toEqual(byIndex(64));
  });

  it('come in another order and cut elsewhere in another epoch and with another seed', () => {
    const runs = [pass, { ...pass, epoch: 1 }, { ...pass, seed: 1 }].map((each) =>
      all(trainBatches(train, plain, each)),
    );
    expect(new Set(runs.map((run) => run.map(({ index }) => index).join())).size).toBe(3);
    const pixelsOf = (run: Seen[]) => run.sort((a, b) => a.index - b.index).map(({ pixels }) => pixels);
    const [first, ...others] = runs.map(pixelsOf);
    for (const other of others) expect(other.filter((pixels, k) => pixels === first![k]).length).toBeLessThan(15);
  });

  it('hold squares of the training view, half of them mirrored, and none mirrored where flip is off', () => {
    const counts = { straight: 0, mirrored: 0, unmirrored: 0 };
    for (let epoch = 0; epoch < 12; epoch++) {
      for (const { index, pixels } of all(trainBatches(train, plain, { ...pass, epoch }))) {
        const found = squaresOf(atOnce(train.image('train', index))).get(pixels);
        expect(found).toBeDefined();
        counts[found!]++;
      }
      for (const { index, pixels } of all(trainBatches(train, plain, { ...pass, epoch, flip: false }))) {
        expect(squaresOf(atOnce(train.image('train', index))).get(pixels)).toBe('straight');
        counts.unmirrored++;
      }
    }
    expect(counts.unmirrored).toBe(12 * train.count);
    // Binomial(552, ½): standard deviation 11.7; four of them.
    expect(Math.abs(counts.mirrored - counts.unmirrored / 2)).toBeLessThan(47);
  });

  it.each(['autoaugment', 'randaugment', 'trivialaugment', 'augmix', 'cutout'] as const)(
    'with %s hold what the policy makes of the crop that they would hold without it, mirrored or not',
    (augment) => {
      const format = { ...plain, mean: [0.2, 0.4, 0.6] } as const;
      const policy = augmentations[augment].create({ side: SIDE, mean: [51, 102, 153] })!;
      const options = { ...pass, batchSize: 64, epoch: 3 };
      const crops = all(trainBatches(train, plain, options));
      const [, values] = fill(trainBatches(train, format, { ...options, augment }));
      crops.forEach(({ index, pixels }, slot) => {
        const uniform = uniforms(0, 'augment', 3, index);
        // Two draws for the place, one for the mirror; the policy has the rest.
        for (let draw = 0; draw < 3; draw++) uniform();
        const crop = { pixels: Buffer.from(pixels, 'base64'), height: SIDE, width: SIDE };
        const expected = Float32Array.from(
          policy(crop, uniform).pixels,
          (value, i) => (value / 255 - format.mean[i % 3]!) / format.std[i % 3]!,
        );
        expect(values.subarray(slot * VALUES, (slot + 1) * VALUES)).toEqual(expected);
      });
    },
  );

  it.each(['mixup', 'cutmix'] as const)(
    'with %s are mixed about half the time, as a function of the epoch',
    (mixup) => {
      let mixed = 0;
      for (let epoch = 0; epoch < 40; epoch++) {
        const options = { ...pass, batchSize: 16, epoch, mixup };
        const [sizes, values] = fill(trainBatches(train, plain, options));
        const [, unmixed] = fill(trainBatches(train, plain, { ...options, mixup: 'none' }));
        let start = 0;
        sizes.forEach((size, number) => {
          const end = start + size * VALUES;
          const mix = mixOf(options, SIDE, epoch, number);
          if (mix) {
            mixImages(unmixed.subarray(start, end), SIDE, mix);
            mixed += 1;
          }
          expect(values.subarray(start, end)).toEqual(unmixed.subarray(start, end));
          start = end;
        });
      }
      // Binomial(120, ½): standard deviation 5.5; four of them.
      expect(Math.abs(mixed - 60)).toBeLessThan(22);
    },
  );

  it('with centre crops hold the evaluation view', () => {
    for (const { index, pixels } of all(trainBatches(train, plain, { ...pass, crop: 'centre', flip: false }))) {
      expect(pixels).toBe(base64(atOnce(train.image('eval', index))));
    }
  });
});

/** Every square of a picture, and whether it is mirrored. */
function squaresOf(image: RgbImage): Map<string, 'straight' | 'mirrored'> {
  const squares = new Map<string, 'straight' | 'mirrored'>();
  for (let top = 0; top <= image.height - SIDE; top++) {
    for (let left = 0; left <= image.width - SIDE; left++) {
      const square = cropImage(image, { top, left, mirrored: false }, SIDE);
      squares.set(base64(square), 'straight');
      squares.set(base64(mirrorImage(square)), 'mirrored');
    }
  }
  return squares;
}

describe('evaluation batches', () => {
  it('hold the evaluation view in the split’s order', () => {
    const seen = all(evalBatches(train, plain, { batchSize: 7, crop: 'centre' }));
    expect(seen).toEqual(
      Array.from({ length: train.count }, (_, index) => ({
        index,
        label: train.labels[index],
        pixels: base64(atOnce(train.image('eval', index))),
      })),
    );
  });

  it('with a crop’s number hold that one of the ten crops of the training view', () => {
    for (let crop = 0; crop < 10; crop++) {
      for (const { index, pixels } of all(evalBatches(train, plain, { batchSize: 64, crop }))) {
        const image = atOnce(train.image('train', index));
        expect(pixels).toBe(base64(cropImage(image, tenCrops(image, SIDE)[crop]!, SIDE)));
      }
    }
    expect(() => all(evalBatches(train, plain, { batchSize: 64, crop: 10 }))).toThrow(RangeError);
  });

  it('of a real picture are torchvision’s validation transform and ten crops', async () => {
    const image = await referencePicture('a');
    const real = new Folder();
    const images = [0, 1].map((label) => ({ name: `${label}`, label, read: () => image }));
    const split = { val: 0, test: 0, seed: 0, limit: {} };
    const set = { classes: ['x', 'y'], images, naturalSize: 24 };
    const { manifest } = await pack(set, real.path, { ...packDefaults, split }, notes());
    const packed = openPacked(real.path).split('train');
    const inputs = new Float32Array(2 * 24 * 24 * 3);
    const labels = new Int32Array(2);
    const input = (crop: 'centre' | number): Float32Array => {
      atOnce(evalBatches(packed, manifest, { batchSize: 2, crop }).fill(0, inputs, labels));
      return inputs.slice(0, 24 * 24 * 3);
    };
    const normalised = (rgb: string) =>
      Float32Array.from(Buffer.from(rgb, 'base64'), (v, i) => (v / 255 - manifest.mean[i % 3]!) / manifest.std[i % 3]!);
    const expected = transformReference.ten_crop.find((each) => each.image === 'a')!;
    expect(manifest.trainSize).toBe(expected.R);
    expect(input('centre')).toEqual(normalised(transformReference.val.find((each) => each.image === 'a')!.rgb));
    expected.crops.forEach((rgb, crop) => expect(input(crop)).toEqual(normalised(rgb)));
    real.remove();
  });

  it('of an empty split are none', async () => {
    const empty = new Folder();
    const split = { val: 0, test: 0, seed: 0, limit: {} };
    await pack(sampleSet([1, 1], { width: 9, height: 9, side: 9 }), empty.path, { ...packDefaults, split }, notes());
    expect(evalBatches(openPacked(empty.path).split('val'), plain, { batchSize: 4, crop: 'centre' }).count).toBe(0);
    empty.remove();
  });
});
