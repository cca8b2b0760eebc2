import { afterAll, describe, expect, it } from 'vitest';
import { evalBatches, imagesIn, type Batches } from '../../../src/ml/data/batches.ts';
import { trainBatches } from '../../../src/ml/data/train-batches.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { pack } from '../../../src/ml/data/pack.ts';
import type { Split, View } from '../../../src/ml/data/packed.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { engines, type EngineName } from '../../../src/ml/engines/registry.ts';
import { BatchImages } from '../../../src/ml/inference/batch-images.ts';
import { uniforms } from '../../../src/ml/random/random.ts';
import { atOnce } from '../../support/at-once.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { train } from '../../support/training-job.ts';
import { Folder, notes, packDefaults } from '../data/samples.ts';
import { unchanged } from '../../support/train-options.ts';

/** Engines that run here; of the others, why they do not. */
const here: [EngineName, string | undefined][] = [];
for (const name of Object.keys(engines) as EngineName[]) {
  const result = await engines[name].create({ threads: 1 });
  if ('engine' in result) await result.engine.dispose();
  here.push([name, 'engine' in result ? undefined : result.unavailable]);
}

/** No value of a table is another one's, and one is −0. */
const TABLE = Float32Array.from({ length: 768 }, (_, i) => (i === 5 ? -0 : Math.fround(Math.sin(i + 1) * 3)));

/** What bytes stand for, the long way round, as bits. */
const expected = (pixels: Uint8Array): Uint32Array => {
  const values = new Float32Array(pixels.length);
  pixels.forEach((value, i) => (values[i] = TABLE[256 * (i % 3) + value]!));
  return new Uint32Array(values.buffer);
};

const bits = (values: Float32Array): Uint32Array => new Uint32Array(Float32Array.from(values).buffer);

const noise = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => ((i + seed) * 2654435761) >>> 24);

async function withEngine(name: EngineName, use: (engine: Engine) => void): Promise<void> {
  const engine = await createEngine(name, { threads: 1 });
  try {
    use(engine);
  } finally {
    await engine.dispose();
  }
}

describe.each(here)('pixels on %s', (name, lacking) => {
  const test = it.skipIf(lacking !== undefined);

  test('become what the table says, and leave alone what lies behind them', () =>
    withEngine(name, (engine) => {
      const [array, table] = [engine.array(60), engine.array(768)];
      table.write(TABLE);
      array.write(new Float32Array(60).fill(7));
      for (const [length, seed] of [
        [60, 1],
        [27, 2],
        [3, 3],
      ] as const) {
        const before = bits(array.read());
        const pixels = noise(length, seed);
        array.writePixels(pixels, table);
        expect(bits(array.read())).toEqual(Uint32Array.of(...expected(pixels), ...before.subarray(length)));
      }
      expect(() => array.writePixels(noise(63, 0), table)).toThrow('63 values for an array of 60');
    }));

  // Odd sides: a batch of pixels is no whole number of words. The last batch is partial, and so is the last of validation.
  const data = paintedSet({ train: 11, val: 5, side: 9 });

  test.each(['none', 'cutmix', 'mixup'] as const)(
    'train and validate to the bits of normalised images, mixup: %s',
    async (mixup) => {
      const run = { data, engine: name, recipe: { batch_size: 4, epochs: 2, mixup, augment: 'cutout' } } as const;
      const [floats, pixels] = [await train({ ...run, form: 'normalised' }), await train({ ...run, form: 'pixels' })];
      expect(pixels!.history).toEqual(floats!.history);
      expect(pixels!.state).toEqual(floats!.state);
    },
  );
});

const [SIDE, BATCH] = [9, 5];

/** Packs pictures of noise, of which most have sizes of their own. */
async function packed() {
  const folder = new Folder();
  const images = Array.from({ length: 34 }, (_, index) => {
    const [height, width] = [12 + (index % 5), 12 + ((3 * index) % 7)];
    const uniform = uniforms(1, 'init', 0, index);
    const pixels = Uint8Array.from({ length: height * width * 3 }, () => 256 * uniform());
    return { name: `${index}`, label: index % 2, read: () => ({ pixels, height, width }) };
  });
  const split = { val: 0.3, test: 0, seed: 0, limit: {} };
  const set = { classes: ['a', 'b'], images, naturalSize: SIDE };
  await pack(set, folder.path, { ...packDefaults, imageSize: SIDE, split, meanStd: 'data' }, notes());
  const data = openPacked(folder.path);
  const close = (): void => {
    data.close();
    folder.remove();
  };
  return { data, close };
}

describe('pictures that stay on pytorch', async () => {
  const lacking = here.find(([name]) => name === 'pytorch')?.[1];
  const { data, close } = await packed();
  afterAll(close);
  const test = it.skipIf(lacking !== undefined);

  /** Batches of a view of a split: as the host makes them, and of squares of the pictures. */
  async function compare(view: View, split: Split, batchesOf: () => readonly Batches[]): Promise<void> {
    const engine = await createEngine('pytorch', { threads: 1 });
    const opened = data.split(split);
    const kept = engine.keep(opened.keep === 'decoded' ? opened.file(view)! : expect.fail())!;
    const size = { count: BATCH, side: SIDE };
    // The first array that is made: the one that is shown.
    let array: { read(): Float32Array } | undefined;
    const shown = new BatchImages(
      {
        array: (floats) => {
          const made = engine.array(floats);
          array ??= made;
          return made;
        },
        takesPixels: true,
      },
      data.manifest,
      kept,
    );
    shown.array(BATCH);
    for (const batches of batchesOf())
      for (let batch = 0; batch < batches.count; batch++) {
        const count = batches.size(batch);
        const [floats, squares] = [imagesIn('normalised', size), imagesIn('squares', size)];
        const labels = [new Int32Array(BATCH), new Int32Array(BATCH)] as const;
        const indices = atOnce(batches.fill(batch, floats, labels[0])).slice();
        expect(atOnce(batches.fill(batch, squares, labels[1]))).toEqual(indices);
        expect(labels[1]).toEqual(labels[0]);
        const before = array!.read();
        shown.show({ images: squares.subarray(0, 4 * count) });
        const wanted = Float32Array.of(
          ...floats.subarray(0, count * SIDE ** 2 * 3),
          ...before.subarray(count * SIDE ** 2 * 3),
        );
        expect(bits(array!.read())).toEqual(bits(wanted));
      }
    shown.dispose();
    await engine.dispose();
  }

  const options = { ...unchanged, batchSize: BATCH, seed: 3, flip: true };

  test.each([
    ['random', 'train'],
    ['centre', 'eval'],
  ] as const)(
    'give the bits of the host’s training batches, the last of which is partial: %s crops',
    async (crop, view) => {
      expect(data.manifest.splits.train.count % BATCH).not.toBe(0);
      await compare(view, 'train', () =>
        [0, 1, 2].map((epoch) => trainBatches(data.split('train'), data.manifest, { ...options, crop, epoch })),
      );
    },
  );

  test('give the bits of the host’s evaluation batches and ten crops', async () => {
    const pass = (crop: 'centre' | number) => evalBatches(data.split('val'), data.manifest, { batchSize: BATCH, crop });
    await compare('eval', 'val', () => [pass('centre')]);
    await compare('train', 'val', () => Array.from({ length: 10 }, (_, crop) => pass(crop)));
  });

  test('train to the bits of normalised images', async () => {
    const run = { data, engine: 'pytorch', recipe: { batch_size: BATCH, epochs: 2 } } as const;
    const [floats, squares] = [await train({ ...run, form: 'normalised' }), await train({ ...run, form: 'squares' })];
    expect(squares!.history).toEqual(floats!.history);
    expect(squares!.state).toEqual(floats!.state);
  });
});

describe('pictures', () => {
  it('do not stay on an engine that cannot keep them', () =>
    withEngine('reference', (engine) => {
      expect(engine.keep({ path: '', bytes: 1, index: new Float64Array(3) })).toBeNull();
    }));

  it('do not stay where they take more than a quarter of the memory', () => {
    const executor = Object.assign(new ReferenceExecutor(), {
      capacity: () => 400,
      keep: () => ({ write: () => undefined, dispose: () => undefined }),
    });
    const engine = new CompiledEngine(executor);
    const keep = (bytes: number) => engine.keep({ path: '', bytes, index: new Float64Array(3) });
    expect([keep(101), keep(100)?.bytes]).toEqual([null, 100]);
  });
});
