import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cifarValue, packed, smallCifar, writeCifar } from '../published.ts';
import { decoded, failuresOf, Folder } from '../samples.ts';

let folder: Folder;
beforeEach(() => (folder = new Folder()));
afterEach(() => folder.remove());

describe.each([
  ['cifar-10', 1],
  ['cifar-100', 2],
] as const)('the source %s', (_, labelBytes) => {
  it('reads pixels, the class that an image is of, and the test split, from archive and folder alike', async () => {
    writeCifar(folder, labelBytes, 'cifar');
    const source = smallCifar(labelBytes, await packed(folder, 'a.tar.gz', ['cifar']));
    for (const place of ['cifar', 'a.tar.gz']) {
      const { classes, images } = await source.open(folder.at(place));
      expect(classes).toEqual(['cat', 'dog', 'frog']);
      expect(images.map(({ label }) => label)).toEqual(Array.from({ length: 24 }, (__, image) => image % 3));
      expect(images.map(({ split }) => split)).toEqual(
        Array.from({ length: 24 }, (__, image) => (image < 18 ? undefined : 'test')),
      );
      const pictures = await decoded(images);
      pictures.forEach(({ pixels, width, height }, image) => {
        expect([width, height]).toEqual([32, 32]);
        for (let i = 0; i < 3072; i += 7)
          if (pixels[i] !== cifarValue(image, i % 3, Math.floor(i / 3))) expect([image, i]).toBe('equal');
      });
    }
  });

  it('refuses files of another length, classes that are not there and missing files', async () => {
    const failing = async () => (await failuresOf(() => smallCifar(labelBytes).open(folder.path)))[0];
    writeCifar(folder, labelBytes);
    folder.write('t.bin', Buffer.alloc(100));
    expect(await failing()).toMatchObject({ code: 'wrong-data', message: 't.bin has 100 bytes' });
    folder.write('t.bin', Buffer.alloc(6 * (3072 + labelBytes), 7));
    expect(await failing()).toMatchObject({ message: 'image 0 of t.bin has class 7', expected: 'a class from 0 to 2' });
    folder.write('names.txt', 'cat\n');
    expect(await failing()).toMatchObject({ message: 'names.txt names 1 classes' });
    writeCifar(folder, labelBytes, 'whole');
    const { rmSync } = await import('node:fs');
    rmSync(folder.at('whole/b.bin'));
    const missing = await failuresOf(() => smallCifar(labelBytes).open(folder.at('whole')));
    expect(missing).toMatchObject([{ code: 'missing-images', message: expect.stringContaining('b.bin') }]);
  });
});
