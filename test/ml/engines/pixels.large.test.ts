import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { engines, type EngineName } from '../../../src/ml/engines/registry.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { train } from '../../support/training-job.ts';

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
      const [floats, pixels] = [
        await train({ ...run, takesPixels: false }),
        await train({ ...run, takesPixels: true }),
      ];
      expect(pixels!.history).toEqual(floats!.history);
      expect(pixels!.state).toEqual(floats!.state);
    },
  );
});
