import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { TaskMessage } from '../../../src/core/task.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { dataset } from '../../../src/stages/dataset/kind.ts';
import { run } from '../../../src/stages/dataset/run.ts';
import { digestPath } from '../../../src/store/files/digest-path.ts';
import { StageInterrupted, type StageContext } from '../../../src/stages/stage-kind.ts';
import { fixture } from '../../ml/augment/transform-reference.ts';
import { encoded, failuresOf, Folder, idxBytes, picture, writeTree } from '../../ml/data/samples.ts';
import { alone } from '../../support/alone.ts';
import { atOnce } from '../../support/at-once.ts';

let folder: Folder;
let told: TaskMessage[];
beforeEach(() => {
  folder = new Folder();
  told = [];
});
afterEach(() => folder.remove());

const defaults = {
  image_size: 16,
  split: { val: 0.2, test: 0.2, seed: 0 },
  mean_std: 'imagenet',
  on_bad_image: 'fail',
};

/** A stage that packs `<folder>/in` into `<folder>/<out>`. */
function stage(params: JsonObject, out = 'out', signal = new AbortController().signal): StageContext {
  const full: JsonObject = { ...defaults, root: folder.at('in'), ...params };
  for (const name of [out, 'scratch']) mkdirSync(folder.at(name), { recursive: true });
  const sources = (dataset.sources?.(full) ?? []).map((source) => ({ ...source, digest: '0' }));
  return {
    cell: 'digits',
    params: full,
    inputs: [],
    sources,
    out: folder.at(out),
    scratch: folder.at('scratch'),
    log: folder.at('log.txt'),
    cohort: alone(signal),
    run: 'test',
    threads: 2,
    gpus: [],
    signal,
    tell: (message) => void told.push(message),
  };
}

async function writeClasses(counts: Readonly<Record<string, number>>): Promise<void> {
  await writeTree(folder, Object.fromEntries(Object.entries(counts).map(([name, count]) => [`in/${name}`, count])));
}

describe('the dataset stage', () => {
  it('packs an image folder and says what is in it', async () => {
    await writeClasses({ ant: 10, bee: 20 });
    const { metrics } = await run(stage({ source: 'image-folder' }));
    expect(metrics).toEqual({
      classes: 2,
      image_size: 16,
      train: { images: 20 },
      val: { images: 4 },
      test: { images: 6 },
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      ...{ skipped: 0, damaged: 0, duplicates: 0, duplicates_across_splits: 0, duplicates_across_classes: 0 },
    });
    const packed = openPacked(folder.at(`out/${dataset.outputs({})['data'] ?? ''}`));
    expect(packed.manifest.splits.train.perClass).toEqual([7, 13]);
    expect(atOnce(packed.split('train').image('train', 0))).toMatchObject({ height: 17, width: 20 });
    packed.close();
  });

  it('writes the same bytes again: from a copy of the folder made in another order, with another path', async () => {
    await writeClasses({ ant: 8, bee: 7, cow: 9 });
    await run(stage({ source: 'image-folder', mean_std: 'data' }));
    const first = folder.contents('out');
    const copy = Object.entries(folder.contents('in')).reverse();
    for (const [name, bytes] of copy) folder.write(`moved/deep/${name}`, Buffer.from(bytes, 'base64'));
    await run(stage({ source: 'image-folder', root: folder.at('moved/deep'), mean_std: 'data' }, 'again'));
    expect(folder.contents('again')).toEqual(first);
    await run(stage({ source: 'image-folder', mean_std: 'data', split: { val: 0.2, test: 0.2, seed: 1 } }, 'other'));
    expect(folder.contents('other')['data/train.names']).not.toBe(first['data/train.names']);
  });

  it('stays what it is: packed bytes are pinned, a change of them needs a new result version', async () => {
    await writeClasses({ ant: 9, bee: 8 });
    await run(stage({ source: 'image-folder', mean_std: 'data' }));
    const digest = createHash('sha256')
      .update(JSON.stringify(folder.contents('out/data')))
      .digest('hex');
    expect({ version: dataset.resultVersion, digest }).toMatchInlineSnapshot(`
      {
        "digest": "c3f6462f80c2cc2f00ddeb250f7f534eb26f374464cede7bb31ee9dfc0ecb613",
        "version": 2,
      }
    `);
  });

  it('makes the same whether there is a class folder without files or not, and says that it does not count', async () => {
    await writeClasses({ ant: 8, bee: 8 });
    const { metrics } = await run(stage({ source: 'image-folder' }));
    mkdirSync(folder.at('in/fox'));
    const after = await run(stage({ source: 'image-folder' }, 'again'));
    expect(after.metrics).toEqual(metrics);
    expect(folder.contents('again')).toEqual(folder.contents('out'));
    expect(told).toContainEqual({ type: 'warning', message: 'folders without files do not count: fox' });
  });

  it('says that a test split was cut from the images for training of a set that has others for validation', async () => {
    await writeClasses({ 'train/ant': 10, 'train/bee': 10, 'val/ant': 4, 'val/bee': 4 });
    const warnings = () =>
      told
        .splice(0)
        .flatMap((message) => (message.type === 'warning' ? [message.message] : []))
        .filter((message) => message.includes('test split'));
    const { metrics } = await run(stage({ source: 'image-folder' }));
    expect(metrics).toMatchObject({ train: { images: 16 }, val: { images: 8 }, test: { images: 4 } });
    const told4 = '4 of the others are the test split, 16 are trained on (split: { test: 0 } trains on them all)';
    expect(warnings()).toEqual([`the set has images for val and none for test: ${told4}`]);
    await run(stage({ source: 'image-folder', split: { val: 0.2, test: 0, seed: 0 } }, 'all'));
    expect(warnings()).toEqual([]);
    await writeClasses({ 'test/ant': 3, 'test/bee': 3 });
    await run(stage({ source: 'image-folder' }, 'three'));
    expect(warnings()).toEqual([]);
  });

  it('reads nothing that its key has not hashed, whatever programs leave in the folder', async () => {
    await writeClasses({ ant: 8, bee: 8 });
    await run(stage({ source: 'image-folder' }));
    const before = await digestPath(folder.at('in'));
    for (const name of ['ant/0.png~', 'bee/.DS_Store', 'bee/__pycache__/x.png', '.git/bee/1.png'])
      folder.write(`in/${name}`, 'x');
    expect(await digestPath(folder.at('in'))).toBe(before);
    folder.write('in/cow/cow.pyc', 'x');
    await run(stage({ source: 'image-folder' }, 'again'));
    expect(folder.contents('again')).toEqual(folder.contents('out'));
  });

  it('reads the images behind a linked folder, which its key has hashed', async () => {
    await writeClasses({ ant: 8, bee: 8 });
    await writeTree(folder, { elsewhere: 3 });
    symlinkSync('../../elsewhere', folder.at('in/ant/more'));
    const before = await digestPath(folder.at('in'));
    const { metrics } = await run(stage({ source: 'image-folder', split: { val: 0, test: 0, seed: 0 } }));
    expect(metrics).toMatchObject({ train: { images: 19 } });
    folder.write('elsewhere/9.png', await encoded(picture(99)));
    expect(await digestPath(folder.at('in'))).not.toBe(before);
  });

  it('says in its log and its metrics what is there more than once, damaged, misnamed and not read', async () => {
    await writeClasses({ ant: 10, bee: 10 });
    for (let k = 0; k < 10; k++) folder.write(`in/ant/copy${k}.png`, await encoded(picture(k)));
    folder.write('in/bee/misnamed.bmp', await encoded(picture(50)));
    folder.write('in/bee/1.heic', 'x');
    const cases = fixture('decode.json') as Readonly<Record<string, { file: string }>>;
    folder.write('in/bee/warned.jpg', Buffer.from(cases['restart.jpg']?.file ?? '', 'base64'));
    const { metrics } = await run(stage({ source: 'image-folder' }));
    expect(metrics).toMatchObject({ skipped: 1, skipped_formats: { '.heic': 1 }, damaged: 1, duplicates: 10 });
    const warnings = told.flatMap((message) => (message.type === 'warning' ? [message.message] : []));
    expect(warnings).toEqual([
      '1 .heic file is not read: pictures are JPEG, PNG, WebP, GIF, TIFF or AVIF files',
      expect.stringMatching(/^1 damaged image was decoded: bee\/warned\.jpg \(.*Corrupt/) as string,
      '1 .bmp file holds another format than the name says: read by the content',
      expect.stringMatching(
        /^10 pictures are there more than once \(duplicates\), \d of them in train and val/,
      ) as string,
    ]);
    const [form, ...log] = readFileSync(folder.at('log.txt'), 'utf8').split('\n');
    expect(form).toMatch(/^keep: decoded: 32 images take about \S+ KiB decoded and \S+ KiB as they are; the disk has /);
    expect(log.join('\n')).toBe(`${warnings.join('\n')}\n`);
  });

  it('packs a folder of all sorts of images alike: turned, grey, with alpha, 16 bits, WebP', async () => {
    const base = picture(9, 40, 30);
    const { pixels } = base;
    const image = () => sharp(pixels, { raw: { width: 40, height: 30, channels: 3 } });
    folder.write('in/ant/turned.png', await image().rotate(90).withMetadata({ orientation: 8 }).png().toBuffer());
    folder.write('in/ant/alpha.png', await image().ensureAlpha(0.25).png().toBuffer());
    folder.write('in/bee/plain.webp', await encoded(base, 'webp'));
    folder.write('in/bee/wide.png', await image().toColourspace('rgb16').png().toBuffer());
    const grey = sharp(pixels.subarray(0, 1200), { raw: { width: 40, height: 30, channels: 1 } });
    folder.write('in/cow/grey.png', await grey.toColourspace('b-w').png().toBuffer());
    await run(stage({ source: 'image-folder', split: { val: 0, test: 0, seed: 0 } }));
    const train = openPacked(folder.at('out/data')).split('train');
    const views = train.names.map(
      (name, index) => [name, Buffer.from(atOnce(train.image('eval', index)).pixels)] as const,
    );
    const [plain, ...others] = views.filter(([name]) => !name.startsWith('cow'));
    expect(others.map(([name]) => name)).toEqual(['ant/turned.png', 'bee/plain.webp', 'bee/wide.png']);
    for (const [, pixels] of others) expect(pixels.equals(plain![1])).toBe(true);
    const [, gray] = views.at(-1)!;
    for (let i = 0; i < gray.length; i += 3) expect([gray[i + 1], gray[i + 2]]).toEqual([gray[i], gray[i]]);
  });

  it('packs IDX files, gzip too, with their own test set and their own size', async () => {
    const pixels = Array.from({ length: 20 * 81 }, (_, i) => (i * 7) & 255);
    folder.write('in/train-images-idx3-ubyte.gz', gzipSync(idxBytes([20, 9, 9], pixels)));
    folder.write(
      'in/train-labels-idx1-ubyte',
      idxBytes(
        [20],
        Array.from({ length: 20 }, (_, i) => i % 2),
      ),
    );
    folder.write('in/t10k-images-idx3-ubyte', idxBytes([4, 9, 9], pixels.slice(0, 4 * 81)));
    folder.write('in/t10k-labels-idx1-ubyte', idxBytes([4], [1, 0, 1, 0]));
    const { metrics } = await run(stage({ source: 'idx', image_size: null }));
    expect(metrics).toMatchObject({ image_size: 9, train: { images: 16 }, val: { images: 4 }, test: { images: 4 } });
    const test = openPacked(folder.at('out/data')).split('test');
    expect([...test.labels]).toEqual([1, 0, 1, 0]);
    const grey = pixels.slice(81, 162).flatMap((value) => [value, value, value]);
    expect([...atOnce(test.image('eval', 1)).pixels]).toEqual(grey);
  });

  it('packs a cut-down set of the digits, the same number of each', async () => {
    const limit = { train: 100, val: 50, test: 20 };
    const { metrics } = await run(stage({ source: 'mnist-digits', image_size: null, limit, mean_std: 'data' }));
    expect(metrics).toMatchObject({ classes: 10, image_size: 28, train: { images: 100 }, val: { images: 50 } });
    const { manifest } = openPacked(folder.at('out/data'));
    expect(manifest.splits.train.perClass).toEqual(new Array(10).fill(10));
    expect(manifest.splits.test.perClass).toEqual(new Array(10).fill(2));
    // MNIST's mean is 0.1307; of 100 images the mean scatters by 0.005.
    expect(Math.abs(manifest.mean[0] - 0.1307)).toBeLessThan(0.02);
    expect(new Set(manifest.mean).size).toBe(1);
  });

  it('skips a truncated image where asked to, names it in a warning and in its metrics', async () => {
    await writeClasses({ ant: 10, bee: 10 });
    const whole = await encoded(picture(77, 60, 60), 'jpeg');
    folder.write('in/bee/torn.jpg', whole.subarray(0, whole.length / 2));
    const { metrics } = await run(stage({ source: 'image-folder', on_bad_image: 'skip' }));
    expect(metrics).toMatchObject({ skipped: 1, skipped_images: ['bee/torn.jpg'] });
    const warnings = told.filter(({ type }) => type === 'warning');
    expect(warnings).toEqual([{ type: 'warning', message: "bee/torn.jpg can't be decoded and was skipped" }]);
  });

  it('fails on a truncated image by default, naming the file and the way out', async () => {
    await writeClasses({ ant: 10, bee: 10 });
    const whole = await encoded(picture(77, 60, 60), 'jpeg');
    const file = folder.write('in/bee/torn.jpg', whole.subarray(0, whole.length / 2));
    const [failure] = await failuresOf(() => run(stage({ source: 'image-folder' })));
    expect(failure).toMatchObject({ code: 'bad-image', place: { file } });
    expect(failure?.fix).toContain('on_bad_image: skip');
  });

  it('names the first of several bad images, however many are decoded at a time', async () => {
    await writeClasses({ ant: 12, bee: 12 });
    for (const name of ['ant/3.png', 'ant/5.png', 'bee/1.png', 'bee/9.png']) folder.write(`in/${name}`, 'torn');
    const none = { val: 0, test: 0, seed: 0 };
    for (const threads of [1, 2, 16]) {
      const context = { ...stage({ source: 'image-folder', split: none }, `out${threads}`), threads };
      expect(await failuresOf(() => run(context))).toMatchObject([{ place: { file: folder.at('in/ant/3.png') } }]);
      const skipping = {
        ...stage({ source: 'image-folder', split: none, on_bad_image: 'skip' }, `all${threads}`),
        threads,
      };
      const { metrics } = await run(skipping);
      expect(metrics['skipped_images']).toEqual(['ant/3.png', 'ant/5.png', 'bee/1.png', 'bee/9.png']);
      expect(metrics['train']).toEqual({ images: 20 });
    }
  });

  it('has a bug, not a user’s problem, when the runner gives it no root', async () => {
    await expect(run({ ...stage({ source: 'image-folder' }), sources: [] })).rejects.toThrow('has no source root');
  });

  it('tells progress, the last time when all is done', async () => {
    await writeClasses({ ant: 10, bee: 10 });
    await run(stage({ source: 'image-folder' }));
    expect(told.at(-1)).toMatchObject({ type: 'progress', done: 20, total: 20, unit: 'images', eta: 0 });
  });

  it('is interrupted when its signal is aborted', async () => {
    await writeClasses({ ant: 10, bee: 10 });
    await expect(run(stage({ source: 'image-folder' }, 'out', AbortSignal.abort()))).rejects.toThrow(StageInterrupted);
  });

  it.each<[string, () => Promise<void> | void, string]>([
    ['a root without class folders', () => void folder.write('in/notes.txt', ''), 'empty-root'],
    ['one class only', () => writeClasses({ ant: 10 }), 'too-few-classes'],
    ['a class too small to be split', () => writeClasses({ ant: 10, bee: 4 }), 'class-without-images'],
    [
      'a class folder without images',
      async () => {
        await writeClasses({ ant: 10, bee: 10 });
        folder.write('in/cow/x.txt', '');
      },
      'empty-class',
    ],
    [
      'a root that has gone since planning',
      () => rmSync(folder.at('in'), { recursive: true, force: true }),
      'missing-root',
    ],
  ])('refuses %s', async (_title, prepare, code) => {
    await prepare();
    const [failure] = await failuresOf(() => run(stage({ source: 'image-folder' })));
    expect(failure?.code).toBe(code);
    expect(failure?.message).not.toBe('');
    expect(failure?.fix).toBeTruthy();
  });
});
