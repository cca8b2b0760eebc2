import { describe, expect, it } from 'vitest';
import { refOf } from '../../../src/ml/engines/arrays.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { CompiledEngine } from '../../../src/ml/engines/session.ts';
import { BatchImages } from '../../../src/ml/train/batch-images.ts';

const SIDE = 2;
const FLOATS = SIDE ** 2 * 3;

function setting() {
  const executor = new ReferenceExecutor();
  const images = new BatchImages(new CompiledEngine(executor), SIDE);
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
