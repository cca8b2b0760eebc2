import { describe, expect, it, vi } from 'vitest';
import { writeNormalised, normalisationTable } from '../../../src/ml/augment/normalise.ts';
import type { InputFormat } from '../../../src/ml/data/batches.ts';
import { refOf } from '../../../src/ml/engines/arrays.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { BatchImages } from '../../../src/ml/inference/batch-images.ts';

const SIDE = 2;
const FLOATS = SIDE ** 2 * 3;
const FORMAT: InputFormat = { imageSize: SIDE, mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] };

function setting() {
  const executor = new ReferenceExecutor();
  const images = new BatchImages(new CompiledEngine(executor), FORMAT);
  const read = (batch: number): Float32Array => {
    const ref = refOf(images.array(batch));
    if (ref.space !== 'outside') throw new Error('not an array');
    return executor.read(ref.region, ref.offset, batch * FLOATS);
  };
  return { images, read };
}

const batchOf = (size: number, value: number) => ({
  images: new Float32Array(size * FLOATS).fill(value),
  labels: new Int32Array(size),
  indices: new Uint32Array(size),
  mixed: null,
});

describe('the images of a batch', () => {
  it('lie in one place for all sizes up to the first', () => {
    const { images, read } = setting();
    const [three, one] = [images.array(3), images.array(1)];
    expect([three.floats, one.floats]).toEqual([3 * FLOATS, FLOATS]);
    expect(refOf(one)).toEqual(refOf(three));
    images.show(batchOf(3, 5));
    images.show(batchOf(1, 7));
    expect([...read(3)]).toEqual([...Array<number>(FLOATS).fill(7), ...Array<number>(2 * FLOATS).fill(5)]);
  });

  it('are written once a batch: it is another where it is another object', () => {
    const { images, read } = setting();
    images.array(1);
    const batch = batchOf(1, 5);
    images.show(batch);
    batch.images.fill(9);
    images.show(batch);
    expect(read(1)[0]).toBe(5);
    images.show({ ...batch });
    expect(read(1)[0]).toBe(9);
  });

  it('are normalised where they come as pixels, and what is beyond a smaller batch stays', () => {
    const { images, read } = setting();
    images.show(batchOf(3, 5));
    const pixels = Uint8Array.from({ length: FLOATS }, (_, i) => 17 * i + 3);
    const expected = new Float32Array(FLOATS);
    writeNormalised(
      { pixels, height: SIDE, width: SIDE },
      { top: 0, left: 0, mirrored: false },
      normalisationTable(FORMAT.mean, FORMAT.std),
      { values: expected, offset: 0, side: SIDE },
    );
    images.show({ images: pixels });
    expect(read(3)).toEqual(Float32Array.of(...expected, ...Array<number>(2 * FLOATS).fill(5)));
  });

  it('know how long bringing them has taken', () => {
    let now = 0;
    const executor = new ReferenceExecutor();
    const write = executor.write.bind(executor);
    executor.write = (...values) => {
      now += 7;
      write(...values);
    };
    const images = new BatchImages(new CompiledEngine(executor), FORMAT);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const batch = batchOf(1, 5);
    for (const shown of [batch, batch, { ...batch }]) images.show(shown);
    clock.mockRestore();
    expect(images.brought).toBe(14);
  });

  it('stay where steps read them when a larger batch comes, in an array of its own', () => {
    const { images, read } = setting();
    const small = refOf(images.array(1));
    images.array(2);
    expect(refOf(images.array(1))).toEqual(small);
    images.show(batchOf(1, 3));
    images.show(batchOf(2, 4));
    expect([...read(1)]).toEqual(Array<number>(FLOATS).fill(3));
    expect([...read(2)]).toEqual(Array<number>(2 * FLOATS).fill(4));
  });
});
