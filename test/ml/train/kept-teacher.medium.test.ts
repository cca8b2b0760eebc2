import { describe, expect, it } from 'vitest';
import { KeptTeacher } from '../../../src/ml/train/kept-teacher.ts';

const batch = (...indices: readonly number[]) => ({
  images: new Float32Array(),
  labels: new Int32Array(indices.length),
  indices: Uint32Array.from(indices),
  mixed: null,
});

describe('a teacher whose logits were kept', () => {
  const teacher = new KeptTeacher(Float32Array.of(0, 1, 2, 10, 11, 12), 3);

  it('says of the images of a batch, in its order, what was kept of each', () => {
    expect(teacher.of(batch(1, 0, 1))).toEqual({ logits: Float32Array.of(10, 11, 12, 0, 1, 2, 10, 11, 12) });
  });

  it('has logits, a row of classes an image, and nothing else', () => {
    expect(teacher.shapes).toEqual({ logits: { height: 1, width: 1, channels: 3 } });
  });
});
