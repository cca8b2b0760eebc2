import { describe, expect, it } from 'vitest';
import { Duplicates } from '../../../src/ml/data/duplicates.ts';
import type { Split } from '../../../src/ml/data/packed.ts';
import { picture } from './samples.ts';

function foundIn(places: readonly (readonly [number: number, split: Split, label: number])[]) {
  const duplicates = new Duplicates();
  for (const [number, split, label] of places) duplicates.add(picture(number), split, label);
  const { counts, text } = duplicates.result();
  return { ...counts, text };
}

describe('equal pictures', () => {
  it('are none where each is there once', () => {
    expect(
      foundIn([
        [1, 'train', 0],
        [2, 'test', 0],
      ]),
    ).toEqual({ all: 0, acrossSplits: 0, acrossClasses: 0, text: undefined });
  });

  it('are counted once each, and so are those in several splits and under several classes', () => {
    const places = [
      ...([
        [1, 'train', 0],
        [1, 'train', 0],
        [1, 'train', 0],
      ] as const),
      ...([
        [2, 'train', 0],
        [2, 'test', 0],
        [3, 'train', 1],
        [3, 'test', 2],
      ] as const),
      ...([
        [4, 'val', 0],
        [4, 'test', 0],
        [5, 'train', 0],
      ] as const),
    ];
    expect(foundIn(places)).toEqual({
      ...{ all: 4, acrossSplits: 3, acrossClasses: 1 },
      text: '4 pictures are there more than once (duplicates), 2 of them in train and test, 1 of them in val and test, 1 of them under different classes',
    });
  });

  it('have the same shape', () => {
    const duplicates = new Duplicates();
    duplicates.add({ pixels: new Uint8Array(12), height: 2, width: 2 }, 'train', 0);
    duplicates.add({ pixels: new Uint8Array(12), height: 1, width: 4 }, 'train', 0);
    expect(duplicates.result().counts.all).toBe(0);
  });
});
