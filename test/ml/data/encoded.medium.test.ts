import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/ml/augment/image.ts';
import { directLoader, type BatchLoader, type TrainBatch } from '../../../src/ml/data/batch-loader.ts';
import { batchLoaderFor } from '../../../src/ml/data/batch-loader-for.ts';
import type { TrainOptions } from '../../../src/ml/data/train-batches.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { pack, type PackOptions } from '../../../src/ml/data/pack.ts';
import type { PackedDataset } from '../../../src/ml/data/packed.ts';
import type { Box } from '../../../src/ml/data/pictures/box.ts';
import { folderShelf, ImageFile } from '../../../src/ml/data/pictures/image-file.ts';
import type { ImageSet } from '../../../src/ml/data/source.ts';
import { imageFolder } from '../../../src/ml/data/sources/image-folder.ts';
import { SPLITS } from '../../../src/ml/data/split.ts';
import { temporaryPath } from '../../../src/util/temporary-file.ts';
import { encoded, failuresOf, Folder, notes, packDefaults, picture } from './samples.ts';
import { unchanged } from '../../support/train-options.ts';

let folder: Folder;
beforeEach(() => void (folder = new Folder()));
afterEach(() => folder.remove());

const files: PackOptions = { ...packDefaults, imageSize: 16, keep: 'encoded' };
const pixels: PackOptions = { ...files, keep: 'decoded' };

/** Pictures of several formats and shapes, of which none is like another. */
async function writeSet(): Promise<ImageSet> {
  const formats = ['jpeg', 'png', 'webp'] as const;
  for (let k = 0; k < 30; k++) {
    const format = formats[k % 3] ?? 'png';
    folder.write(`in/${k % 2 ? 'ant' : 'bee'}/${k}.${format}`, await encoded(picture(k, 30 + k, 50 - k), format));
  }
  return imageFolder.open(folder.at('in'));
}

async function packBoth(set: ImageSet, change: Partial<PackOptions> = {}) {
  const packed = {
    decoded: await pack(set, folder.at('decoded'), { ...pixels, ...change }, notes()),
    encoded: await pack(set, folder.at('encoded'), { ...files, ...change }, notes()),
  };
  return { packed, decoded: openPacked(folder.at('decoded')), encoded: openPacked(folder.at('encoded')) };
}

const copyOf = ({ pixels, ...size }: RgbImage) => ({ ...size, pixels: Uint8Array.from(pixels) });

async function expectEqualPictures(a: PackedDataset, b: PackedDataset): Promise<void> {
  for (const name of SPLITS) {
    const [one, other] = [a.split(name), b.split(name)];
    expect(one.count).toBe(other.count);
    expect([...one.labels]).toEqual([...other.labels]);
    expect(one.names).toEqual(other.names);
    for (const view of ['train', 'eval'] as const)
      for (let index = 0; index < one.count; index++)
        expect(copyOf(await one.image(view, index))).toEqual(copyOf(await other.image(view, index)));
  }
}

describe('a set whose files are kept', () => {
  it.each<Partial<PackOptions>>([{}, { interpolation: 'bicubic', cropPct: 0.875, meanStd: 'data' }])(
    'holds the pictures of the decoded form, bit for bit: %o',
    async (change) => {
      const { packed, decoded, encoded } = await packBoth(await writeSet(), change);
      await expectEqualPictures(encoded, decoded);
      expect(encoded.manifest).toEqual({ ...decoded.manifest, format: 2 });
      expect({ ...packed.encoded, manifest: null, decodedForm: undefined }).toEqual({
        ...packed.decoded,
        manifest: null,
      });
      decoded.close();
      encoded.close();
    },
  );

  it('stands for the files of the decoded form, and has none of them but labels and names', async () => {
    const { packed } = await packBoth(await writeSet());
    const contents = Object.entries(folder.contents('decoded')).map(([name, text]) => [
      name,
      createHash('sha256').update(Buffer.from(text, 'base64')).digest('hex'),
    ]);
    expect(packed.encoded.decodedForm).toEqual(Object.fromEntries(contents));
    expect(packed.decoded.decodedForm).toBeUndefined();
    const names = Object.keys(folder.contents('encoded'));
    expect(names).toEqual(
      [
        'dataset.json',
        ...SPLITS.flatMap((split) =>
          ['files', 'files.boxes', 'files.index', 'labels', 'names'].map((name) => `${split}.${name}`),
        ),
      ].sort(),
    );
  });

  it('keeps the files as they are, and the boxes of pictures', async () => {
    const names: string[] = [];
    for (let k = 0; k < 12; k++) names.push(folder.write(`in/${k}.png`, await encoded(picture(k, 40, 40))));
    const shelf = folderShelf(folder.at('in'));
    const images = names.map((_, k) => {
      const box: Box = [k, 1.5, 20, 100];
      return new ImageFile(shelf, `${k}.png`, { label: k % 2, box });
    });
    const set = { classes: ['a', 'b'], images, naturalSize: 16 };
    const { decoded, encoded: kept } = await packBoth(set, { split: { val: 0, test: 0, seed: 0, limit: {} } });
    await expectEqualPictures(kept, decoded);
    const bytes = Buffer.concat(names.map((name) => readFileSync(name)));
    expect(readFileSync(folder.at('encoded/train.files')).equals(bytes)).toBe(true);
  });

  it('gives the batches of the decoded form, made as they are asked for or ahead on threads', async () => {
    const { decoded, encoded } = await packBoth(await writeSet());
    const options: TrainOptions = {
      ...unchanged,
      ...{ batchSize: 5, seed: 3, crop: 'random', flip: true, augment: 'cutout', mixup: 'mixup' },
    };
    const direct = (data: PackedDataset) => directLoader(data.split('train'), data.manifest, options);
    const oracle = direct(decoded);
    const loaders: BatchLoader[] = [
      direct(encoded),
      batchLoaderFor(encoded, folder.at('encoded'), options, { threads: 1, takesPixels: false }),
      batchLoaderFor(encoded, folder.at('encoded'), options, { threads: 3, takesPixels: false }),
    ];
    const copy = ({ images, labels, indices, mixed }: TrainBatch) =>
      structuredClone({ images, labels, indices, mixed });
    for (const [epoch, batch] of [...[0, 1, 2, 3].map((k) => [0, k] as const), [1, 0], [3, 2]] as const) {
      const wanted = copy(await oracle.take(epoch, batch));
      for (const loader of loaders) expect(copy(await loader.take(epoch, batch))).toEqual(wanted);
    }
    for (const loader of loaders) await loader.close();
  });

  it('has no bad image: it is found when it is packed', async () => {
    const set = await writeSet();
    folder.write('in/ant/1.png', 'no picture');
    const [failure] = await failuresOf(() => pack(set, folder.at('out'), files, notes()));
    expect(failure).toMatchObject({ code: 'bad-image', message: expect.stringContaining('ant/1.png') as string });
    const seen = notes();
    const { skipped } = await pack(set, folder.at('out'), { ...files, onBadImage: 'skip' }, seen);
    expect(skipped).toEqual(['ant/1.png']);
    folder.write('in/ant/1.png', await encoded(picture(1)));
    rmSync(folder.at('in/bee/2.webp'));
    const [gone] = await failuresOf(() => pack(set, folder.at('gone'), files, notes()));
    expect(gone).toMatchObject({ code: 'bad-image', fix: 'put it back, or set on_bad_image: skip' });
  });
});

describe('a damaged set whose files are kept', () => {
  /** What reading all pictures says after a change of a file. */
  async function after(name: string, change: (path: string) => void): Promise<string> {
    await pack(await writeSet(), folder.at('out'), files, notes());
    change(folder.at(`out/${name}`));
    const data = openPacked(folder.at('out'));
    const [failure] = await failuresOf(async () => {
      const split = data.split('train');
      for (let index = 0; index < split.count; index++) await split.image('train', index);
    });
    data.close();
    expect(failure).toMatchObject({ code: 'damaged-dataset' });
    expect(failure?.fix).toContain('--force');
    return failure?.message.slice(failure.message.indexOf('/out/') + 5) ?? '';
  }
  const flip = (from: number) => (path: string) => {
    const bytes = readFileSync(path);
    bytes[from] = (bytes[from] ?? 0) ^ 0x55;
    writeFileSync(path, bytes);
  };

  it.each([
    [
      'train.files.index',
      (path: string) => truncateSync(path, 24),
      /^train\.files\.index: has 24 bytes instead of \d+$/,
    ],
    ['train.files', (path: string) => truncateSync(path, 99), /^train\.files: has 99 bytes instead of \d+$/],
    ['train.files.boxes', (path: string) => writeFileSync(path, 'x'), /^train\.files\.boxes: has 1 bytes instead/],
    ['train.files.index', flip(31), /^train\.files\.index: image 0 is said to lie between 0 and /],
    ['train.files.index', flip(10), /^train\.files: \S+ does not give the pixels that it gave when it was packed: /],
    ['train.files', flip(0), /^train\.files: \S+: image 0 can't be decoded: /],
  ] as const)('says where: %s', async (name, change, message) => {
    expect(await after(name, change)).toMatch(message);
  });
});

describe('a packing that was ended', () => {
  /** The set, with a number of the images that were decoded, and an end after so many. */
  function counted(set: ImageSet, end: (image: number) => void) {
    let decoded = 0;
    const images = set.images.map((image) => ({
      ...{ name: image.name, label: image.label },
      bytes: () => image.bytes!(),
      decode: async (bytes: Buffer) => {
        end(++decoded);
        return image.decode!(bytes);
      },
      read: async () => {
        end(++decoded);
        return image.read();
      },
    }));
    return { set: { ...set, images }, decoded: () => decoded };
  }

  /** What a kill leaves beside a file that is replaced in one rename. */
  function leaveDrafts(): void {
    const paths = readdirSync(folder.at('.'), { recursive: true, encoding: 'utf8' });
    const replaced = paths.filter((path) => basename(path) === 'packing.json');
    for (const path of replaced) writeFileSync(temporaryPath(folder.at(path)), '{');
  }

  it.each(['decoded', 'encoded'] as const)(
    'goes on behind what it had packed, to the same result: %s',
    async (keep) => {
      const set = await writeSet();
      const options: PackOptions = { ...files, keep, meanStd: 'data', threads: 1 };
      const whole = await pack(set, folder.at('whole'), options, notes());
      for (const end of [1, 20, 27]) {
        // A kill leaves what a throw leaves.
        const first = counted(set, (image) => {
          if (image === end) throw new Error('killed');
        });
        const name = `${keep}-${end}`;
        await expect(pack(first.set, folder.at(name), { ...options, piece: 0 }, notes())).rejects.toThrow('killed');
        leaveDrafts();
        const second = counted(set, () => undefined);
        const seen = notes();
        expect(await pack(second.set, folder.at(name), options, seen)).toEqual(whole);
        // Two are under way at a time.
        expect(second.decoded()).toBeLessThanOrEqual(30 - end + 2);
        expect(seen.steps.at(-1)).toEqual([30, 30]);
        expect(folder.contents(name)).toEqual(folder.contents('whole'));
      }
    },
  );

  it('loses nothing where it was told to stop', async () => {
    const set = await writeSet();
    const stop = new AbortController();
    const progress = (done: number) => done === 7 && stop.abort();
    await expect(pack(set, folder.at('out'), files, { ...notes(stop.signal), progress })).rejects.toThrow('aborted');
    const second = counted(set, () => undefined);
    await pack(second.set, folder.at('out'), files, notes());
    expect(second.decoded()).toBeLessThanOrEqual(30 - 7);
  });

  it('of another form begins anew', async () => {
    const set = await writeSet();
    const first = counted(set, (image) => {
      if (image === 9) throw new Error('killed');
    });
    await expect(pack(first.set, folder.at('out'), { ...files, piece: 0 }, notes())).rejects.toThrow('killed');
    await pack(set, folder.at('out'), pixels, notes());
    await pack(set, folder.at('plain'), pixels, notes());
    expect(folder.contents('out')).toEqual(folder.contents('plain'));
  });

  it('by a full disk gives it back, and says what takes less', async () => {
    const set = await writeSet();
    const full = counted(set, (image) => {
      if (image === 9) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    const [failure] = await failuresOf(() => pack(full.set, folder.at('out'), pixels, notes()));
    expect(failure).toMatchObject({ code: 'disk-full' });
    expect(failure?.fix).toContain('keep: encoded');
    expect(folder.contents()).not.toHaveProperty('out');
    expect(Object.keys(folder.contents()).filter((name) => name.startsWith('out/'))).toEqual([]);
  });
});
