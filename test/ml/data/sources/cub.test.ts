import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { datasets } from '../../../../src/ml/data/registry.ts';
import { splitImages } from '../../../../src/ml/data/split.ts';
import { cubCounts, packed, smallCub, writeCub } from '../published.ts';
import { decoded, failuresOf, Folder, picture } from '../samples.ts';

let folder: Folder;
beforeEach(() => (folder = new Folder()));
afterEach(() => folder.remove());

const count = cubCounts.reduce((sum, of) => sum + of, 0);

/** Pixels of the rectangle of `picture(number, 40, 30)`, row by row. */
function rectangle(number: number, of: { left: number; top: number; width: number; height: number }): number[] {
  const { pixels } = picture(number, 40, 30);
  return Array.from({ length: of.height }, (_, row) => {
    const start = ((of.top + row) * 40 + of.left) * 3;
    return [...pixels.subarray(start, start + of.width * 3)];
  }).flat();
}

describe('the source cub-200-2011', () => {
  it('reads the same images from the archive and from the folder in it', async () => {
    await writeCub(folder, 'CUB_200_2011');
    folder.write('attributes.txt', 'beside the folder, as in the original');
    const source = smallCub(await packed(folder, 'a.tgz', ['attributes.txt', 'CUB_200_2011']));
    const [unpacked, archive] = [await source.open(folder.at('CUB_200_2011')), await source.open(folder.at('a.tgz'))];
    const strip = ({ classes, images }: typeof archive) => [classes, images.map(({ name, label }) => [name, label])];
    expect(strip(archive)).toEqual(strip(unpacked));
    expect(archive.images).toHaveLength(count);
    expect(archive.classes).toEqual(['1.Bird_0', '2.Bird_1', '3.Bird_2']);
    const pictures = await decoded(archive.images);
    pictures.forEach((each, index) => expect([...each.pixels]).toEqual([...picture(index, 40, 30).pixels]));
    await archive.close?.();
  });

  it('puts what an archive unpacks to where it is told, and leaves no file behind', async () => {
    await writeCub(folder, 'CUB_200_2011');
    const source = smallCub(await packed(folder, 'a.tgz', ['CUB_200_2011']));
    const [scratch, steps] = [new Folder(), [] as number[]];
    const set = await source.open(folder.at('a.tgz'), {
      folder: scratch.path,
      progress: (done) => void steps.push(done),
    });
    expect(readdirSync(scratch.path)).toEqual([]);
    expect(steps.length).toBeGreaterThan(0);
    await set.close?.();
    scratch.remove();
  });

  it('keeps the publisher’s test images only where they are asked for', async () => {
    await writeCub(folder);
    const [plain, official] = [
      await smallCub().open(folder.path),
      await smallCub().open(folder.path, { official: true }),
    ];
    expect(plain.images.filter(({ split }) => split)).toEqual([]);
    expect(official.images.map(({ split }) => split === 'test')).toEqual(
      Array.from({ length: count }, (_, index) => index % 3 === 0),
    );
    const rule = { val: 0.2, test: 0, seed: 0, limit: {} };
    const { train, val, test } = splitImages(official.images, official.classes, rule);
    // Of 10, 8 and 9 images 4, 2 and 3 are for testing; floor(0.2 · rest) of each class are val.
    expect([train.length, val.length, test.length]).toEqual([count - 9 - 3, 3, 9]);
    expect([...test]).toEqual(Array.from({ length: 9 }, (_, k) => 3 * k));
  });

  it('cuts pictures down to their boxes', async () => {
    await writeCub(folder);
    const { images } = await smallCub().open(folder.path, { boxed: true });
    const boxed = await images[3]!.read();
    expect([boxed.width, boxed.height]).toEqual([20, 15]);
    expect([...boxed.pixels]).toEqual(rectangle(3, { left: 3, top: 2, width: 20, height: 15 }));
  });

  it('cuts boxes where they leave the picture', async () => {
    await writeCub(folder);
    const boxes = Array.from({ length: count }, (_, index) => `${index + 1} 30.6 -4.0 100.0 20.0\n`);
    folder.write('bounding_boxes.txt', boxes.join(''));
    const { images } = await smallCub().open(folder.path, { boxed: true });
    const boxed = await images[0]!.read();
    expect([...boxed.pixels]).toEqual(rectangle(0, { left: 31, top: 0, width: 9, height: 16 }));
  });

  it('names the images that are missing, and counts them', async () => {
    await writeCub(folder);
    for (const k of [1, 2, 5, 7]) folder.write(`images.txt`, folder.contents()['images.txt'] ? replaced(k) : '');
    const [failure] = await failuresOf(() => smallCub().open(folder.path));
    expect(failure).toMatchObject({ code: 'missing-images' });
    expect(failure?.message).toMatch(
      /lacks 4 of 27 files: images\/gone1\.jpg, images\/gone2\.jpg, images\/gone5\.jpg …$/,
    );
  });

  /** The list of images with a line changed. */
  function replaced(k: number): string {
    const text = Buffer.from(folder.contents()['images.txt'] ?? '', 'base64').toString();
    return text.replace(new RegExp(`^${k} .*$`, 'm'), `${k} gone${k}.jpg`);
  }

  it('never reads outside its folder, whatever the lists say', async () => {
    await writeCub(folder, 'inner');
    const outside = folder.write('secret.jpg', 'secret');
    const list = Buffer.from(folder.contents('inner')['images.txt'] ?? '', 'base64').toString();
    folder.write('inner/images.txt', list.replace(/^1 .*$/m, '1 ../../secret.jpg'));
    expect(outside).toContain('secret');
    expect(await failuresOf(() => smallCub().open(folder.at('inner')))).toMatchObject([{ code: 'missing-images' }]);
  });

  it('refuses a list of splits that says anything but 0 and 1', async () => {
    await writeCub(folder);
    folder.write(
      'train_test_split.txt',
      Array.from({ length: 27 }, (_, i) => `${i + 1} ${i === 4 ? 2 : 1}\n`).join(''),
    );
    expect(await failuresOf(() => smallCub().open(folder.path, { official: true }))).toMatchObject([
      { code: 'wrong-data', message: 'line 5 of train_test_split.txt says 2' },
    ]);
  });

  it.each([
    ['images.txt', '1 a.jpg\n', 'images.txt has 1 lines'],
    ['classes.txt', '1 a\n2 b\n3 c\n4 d\n', 'classes.txt has 4 lines'],
    ['classes.txt', '1 a\n3 b\n2 c\n', 'line 2 of classes.txt does not begin with 2'],
    ['image_class_labels.txt', Array.from({ length: 27 }, (_, i) => `${i + 1} 4\n`).join(''), 'names class 4'],
    ['image_class_labels.txt', Array.from({ length: 27 }, (_, i) => `${i + 1} x\n`).join(''), 'is "x"'],
  ])('refuses a folder with another %s (%j)', async (file, text, message) => {
    await writeCub(folder);
    folder.write(file, text);
    const failures = await failuresOf(() => smallCub().open(folder.path));
    expect(failures).toMatchObject([{ code: 'wrong-data', message: expect.stringContaining(message) }]);
  });

  it('says what was expected where it finds something else, or nothing', async () => {
    const { archive } = datasets['cub-200-2011'];
    for (const place of [folder.path, folder.at('gone')]) {
      const [failure] = await failuresOf(() => datasets['cub-200-2011'].open(place));
      expect(failure?.expected).toContain(`${archive?.name} (MD5 ${archive?.md5})`);
      expect(failure?.fix).toContain(archive?.url);
    }
  });
});

describe('an archive of the source cub-200-2011', () => {
  it('that is another one is refused by its checksum, unpacked or not', async () => {
    await writeCub(folder, 'CUB_200_2011');
    const md5 = await packed(folder, 'a.tgz', ['CUB_200_2011']);
    folder.write('text.tgz', 'no archive at all');
    for (const name of ['a.tgz', 'text.tgz']) {
      const [failure] = await failuresOf(() => smallCub().open(folder.at(name)));
      expect(failure).toMatchObject({ code: 'wrong-checksum', expected: `MD5 ${'0'.repeat(32)}` });
      if (name === 'a.tgz') expect(failure?.message).toContain(md5);
    }
  });

  it('is refused as well where it was published as no archive, an empty or a cut one', async () => {
    await writeCub(folder, 'CUB_200_2011');
    await packed(folder, 'whole.tgz', ['CUB_200_2011']);
    const whole = readFileSync(folder.at('whole.tgz'));
    const codes: (string | undefined)[] = [];
    const text = Buffer.from('no archive at all'.repeat(100));
    // Its packing is whole: only the tar in it ends inside a picture, or inside the last one's padding.
    const tar = gunzipSync(whole);
    const [inside, padding] = [1025, 1500].map((end) => gzipSync(tar.subarray(0, tar.length - end)));
    for (const bytes of [text, gzipSync(Buffer.alloc(1024)), whole.subarray(0, whole.length / 2), inside!, padding!]) {
      folder.write('a.tgz', bytes);
      const md5 = createHash('md5').update(bytes).digest('hex');
      codes.push((await failuresOf(() => smallCub(md5).open(folder.at('a.tgz'))))[0]?.code);
    }
    expect(codes).toEqual(['wrong-data', 'wrong-data', ...new Array<string>(3).fill('damaged-archive')]);
  });

  it('lacks what is a link in it', async () => {
    await writeCub(folder, 'CUB_200_2011');
    folder.write('secret', 'secret');
    symlinkSync('/etc/passwd', folder.at('CUB_200_2011/images/link.jpg'));
    const list = Buffer.from(folder.contents('CUB_200_2011')['images.txt'] ?? '', 'base64').toString();
    folder.write('CUB_200_2011/images.txt', list.replace(/^1 .*$/m, '1 link.jpg'));
    const source = smallCub(await packed(folder, 'a.tgz', ['CUB_200_2011']));
    const [failure] = await failuresOf(() => source.open(folder.at('a.tgz')));
    expect(failure?.message).toContain('lacks 1 of 27 files: images/link.jpg');
  });
});
