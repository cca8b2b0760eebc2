import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resizeShorterSide } from '../../../src/ml/augment/resize.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { pack } from '../../../src/ml/data/pack.ts';
import { failuresOf, Folder, notes, packDefaults, picture, sampleSet } from './samples.ts';
import { atOnce } from '../../support/at-once.ts';

let folder: Folder;
beforeEach(async () => {
  folder = new Folder();
  await pack(sampleSet([10, 12], { width: 14, height: 17, side: 8 }), folder.path, packDefaults, notes());
});
afterEach(() => folder.remove());

/** Opens everything that can be opened. */
function readAll(): void {
  const dataset = openPacked(folder.path);
  for (const name of ['train', 'val', 'test'] as const) {
    const split = dataset.split(name);
    for (let index = 0; index < split.count; index++) {
      expect(split.names[index]).toMatch(/^[01]\/\d+$/);
      atOnce(split.image('train', index));
      atOnce(split.image('eval', index));
    }
  }
  dataset.close();
}

describe('a packed dataset', () => {
  it('gives the same pixels from disk as from memory', () => {
    const [inMemory, onDisk] = [openPacked(folder.path), openPacked(folder.path, 0)];
    for (const view of ['train', 'eval'] as const) {
      for (const index of [5, 0, 14, 3]) {
        const [a, b] = [inMemory, onDisk].map((dataset) => atOnce(dataset.split('train').image(view, index)));
        expect({ ...b, pixels: [...b!.pixels] }).toEqual({ ...a, pixels: [...a!.pixels] });
      }
    }
    inMemory.close();
    onDisk.close();
  });

  it('says how large pictures are and where they lie, without reading them', () => {
    const dataset = openPacked(folder.path);
    const split = dataset.split('train');
    if (split.keep !== 'decoded') throw new Error('not decoded');
    for (const view of ['train', 'eval'] as const) {
      const { path, bytes, index } = split.file(view)!;
      const all = readFileSync(path);
      expect(all).toHaveLength(bytes);
      for (let k = 0; k < split.count; k++) {
        const { pixels, ...size } = atOnce(split.image(view, k));
        expect(split.size(view, k)).toEqual(size);
        const [offset = NaN, height, width] = index.subarray(3 * k);
        expect({ height, width }).toEqual(size);
        expect(all.subarray(offset, offset + pixels.length).equals(pixels)).toBe(true);
      }
    }
    dataset.close();
    truncateSync(folder.at('train.train.pixels'), 5);
    const damaged = openPacked(folder.path).split('train');
    expect(() => damaged.keep === 'decoded' && damaged.file('train')).toThrow(/train\.train\.pixels: has 5 bytes/);
  });

  it('opens a split once', () => {
    const dataset = openPacked(folder.path);
    expect(dataset.split('val')).toBe(dataset.split('val'));
    expect(dataset.split('val').names).toBe(dataset.split('val').names);
  });

  it('reads views of any size from disk, the smaller after the larger', async () => {
    const mixed = new Folder();
    const sizes = [40, 12, 33, 9, 25];
    const images = [...sizes, ...sizes].map((width, k) => ({
      name: `${k}`,
      label: k % 2,
      read: () => picture(k, width, 9 + k),
    }));
    const split = { val: 0, test: 0, seed: 0, limit: {} };
    const set = { classes: ['a', 'b'], images, naturalSize: 8 };
    await pack(set, mixed.path, { ...packDefaults, split }, notes());
    const [inMemory, onDisk] = [openPacked(mixed.path), openPacked(mixed.path, 0)];
    for (let k = 0; k < 10; k++) {
      const [a, b] = [inMemory, onDisk].map((dataset) => atOnce(dataset.split('train').image('train', k)));
      expect(b!.pixels.length).toBe(a!.height * a!.width * 3);
      expect([...b!.pixels]).toEqual([...a!.pixels]);
      expect([...a!.pixels]).toEqual([...resizeShorterSide(images[k]!.read(), 8).pixels]);
    }
    inMemory.close();
    onDisk.close();
    mixed.remove();
  });

  it.runIf(process.platform === 'linux')('lets go of its files when it is closed', () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    const dataset = openPacked(folder.path, 0);
    atOnce(dataset.split('train').image('train', 0));
    atOnce(dataset.split('test').image('eval', 0));
    expect(open()).toBe(before + 2);
    dataset.close();
    expect(open()).toBe(before);
  });

  it('calls an image beyond the split a bug', () => {
    const split = openPacked(folder.path).split('val');
    expect(() => atOnce(split.image('eval', split.count))).toThrow(RangeError);
    expect(() => atOnce(split.image('eval', -1))).toThrow(RangeError);
  });

  it('may have an empty split', async () => {
    const whole = new Folder();
    const split = { val: 0, test: 0, seed: 0, limit: {} };
    await pack(sampleSet([2, 2], { width: 9, height: 9, side: 8 }), whole.path, { ...packDefaults, split }, notes());
    const dataset = openPacked(whole.path);
    expect(dataset.split('test')).toMatchObject({ count: 0, names: [] });
    expect(dataset.split('train').count).toBe(4);
    whole.remove();
  });
});

describe('a packed dataset is called damaged when', () => {
  it.each<[string, string, () => void]>([
    ['its manifest is missing', 'dataset.json', () => rmSync(folder.at('dataset.json'))],
    ['its manifest is not JSON', 'dataset.json', () => truncateSync(folder.at('dataset.json'), 30)],
    ['its manifest is another file', 'dataset.json', () => writeFileSync(folder.at('dataset.json'), '{"format":2}')],
    [
      'its manifest lacks a split',
      'dataset.json',
      () => writeFileSync(folder.at('dataset.json'), '{"format":1,"classes":["a","b"],"splits":{"train":{"count":3}}}'),
    ],
    ['its manifest is null', 'dataset.json', () => writeFileSync(folder.at('dataset.json'), 'null')],
    ['labels are missing', 'val.labels', () => rmSync(folder.at('val.labels'))],
    ['labels are cut short', 'val.labels', () => truncateSync(folder.at('val.labels'), 4)],
    ['a label has no class', 'val.labels', () => overwrite('val.labels', 0, 2)],
    ['names are missing', 'test.names', () => rmSync(folder.at('test.names'))],
    ['names are too few', 'test.names', () => writeFileSync(folder.at('test.names'), '["0/1"]')],
    ['an index is cut short', 'train.eval.index', () => truncateSync(folder.at('train.eval.index'), 100)],
    ['an index points elsewhere', 'train.train.index', () => overwrite('train.train.index', 31, 1)],
    ['pixels are missing', 'train.train.pixels', () => rmSync(folder.at('train.train.pixels'))],
    ['pixels are cut short', 'train.train.pixels', () => truncateSync(folder.at('train.train.pixels'), 1000)],
    ['pixels are too many', 'test.eval.pixels', () => writeFileSync(folder.at('test.eval.pixels'), 'x', { flag: 'a' })],
  ])('%s', async (_title, file, damage) => {
    expect(await failuresOf(readAll)).toEqual([]);
    damage();
    const [failure] = await failuresOf(readAll);
    expect(failure).toMatchObject({ code: 'damaged-dataset', place: { file: folder.at(file) } });
    expect(failure?.fix).toContain('kdpipe verify');
  });
});

function overwrite(file: string, position: number, value: number): void {
  const bytes = readFileSync(folder.at(file));
  bytes[position] = value;
  writeFileSync(folder.at(file), bytes);
}
