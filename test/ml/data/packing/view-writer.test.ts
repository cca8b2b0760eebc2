import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../../src/ml/augment/image.ts';
import { FileTape } from '../../../../src/ml/data/packing/tape.ts';
import { ViewWriter } from '../../../../src/ml/data/packing/view-writer.ts';
import { Folder, picture } from '../samples.ts';

let folder: Folder;
beforeEach(() => void (folder = new Folder()));
afterEach(() => folder.remove());

async function write(images: readonly RgbImage[]): Promise<{ pixels: Buffer; index: Float64Array }> {
  const tapes = [
    await FileTape.open(folder.at('train.eval.pixels')),
    await FileTape.open(folder.at('train.eval.index')),
  ] as const;
  const writer = new ViewWriter(...tapes);
  for (const image of images) {
    writer.add(image);
    for (const tape of tapes) await tape.settle();
  }
  for (const tape of tapes) {
    await tape.mark();
    await tape.close();
  }
  const index = new Uint8Array(readFileSync(folder.at('train.eval.index')));
  return { pixels: readFileSync(folder.at('train.eval.pixels')), index: new Float64Array(index.buffer) };
}

describe('a view', () => {
  it('is written as pixels one after the other, and as (offset, height, width) of each', async () => {
    const images = [picture(1, 3, 2), picture(2, 1, 5), picture(3, 4, 4)];
    const { pixels, index } = await write(images);
    expect([...pixels]).toEqual(images.flatMap((image) => [...image.pixels]));
    expect([...index]).toEqual([0, 2, 3, 18, 5, 1, 33, 4, 4]);
  });

  it('of more bytes than are collected at a time is whole', async () => {
    const images = Array.from({ length: 7 }, (_, number) => picture(number, 640, 500));
    const { pixels, index } = await write(images);
    expect(pixels.length).toBe(7 * 640 * 500 * 3);
    images.forEach((image, k) => {
      expect(index[k * 3]).toBe(k * 640 * 500 * 3);
      expect(pixels.subarray(k * 960_000, (k + 1) * 960_000).equals(image.pixels)).toBe(true);
    });
  });

  it('without images is two empty files', async () => {
    expect(await write([])).toEqual({ pixels: Buffer.alloc(0), index: new Float64Array(0) });
  });
});
