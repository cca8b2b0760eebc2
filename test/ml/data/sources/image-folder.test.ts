import { mkdirSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imageFolder } from '../../../../src/ml/data/sources/image-folder.ts';
import { decoded, encoded, failuresOf, Folder, picture, writeTree } from '../samples.ts';

let folder: Folder;
beforeEach(() => void (folder = new Folder()));
afterEach(() => folder.remove());

async function names(): Promise<string[]> {
  return (await imageFolder.open(folder.path)).images.map(({ name }) => name);
}

describe('an image folder', () => {
  it('has a class a folder, sorted by code units, whatever order the disk has', async () => {
    await writeTree(folder, { zebra: 1, Ähre: 1, ant: 2, Bee: 1 });
    const set = await imageFolder.open(folder.path);
    expect(set.classes).toEqual(['Bee', 'ant', 'zebra', 'Ähre']);
    expect(set.images.map(({ name, label }) => [name, label])).toEqual([
      ['Bee/0.png', 0],
      ['ant/0.png', 1],
      ['ant/1.png', 1],
      ['zebra/0.png', 2],
      ['Ähre/0.png', 3],
    ]);
    expect(set.naturalSize).toBe(224);
  });

  it('decodes JPEG, PNG and WebP, also with capitals and in folders below the class', async () => {
    const image = picture(1);
    folder.write('a/one.PNG', await encoded(image));
    folder.write('a/deep/er/two.webp', await encoded(image, 'webp'));
    folder.write('b/three.JPeG', await encoded(image, 'jpeg'));
    folder.write('b/four.jpg', await encoded(image, 'jpeg'));
    const set = await imageFolder.open(folder.path);
    expect(set.images.map(({ name }) => name)).toEqual([
      'a/deep/er/two.webp',
      'a/one.PNG',
      'b/four.jpg',
      'b/three.JPeG',
    ]);
    const [webp, png, jpeg] = await decoded(set.images);
    expect([...webp!.pixels]).toEqual([...image.pixels]);
    expect([...png!.pixels]).toEqual([...image.pixels]);
    expect([jpeg!.height, jpeg!.width]).toEqual([10, 12]);
  });

  it('passes over other files and hidden ones', async () => {
    await writeTree(folder, { a: 1, b: 1 });
    folder.write('README.md', 'notes');
    folder.write('a/labels.csv', 'x');
    folder.write('a/._0.png', 'resource fork');
    folder.write('.cache/x.png', 'hidden');
    expect(await names()).toEqual(['a/0.png', 'b/0.png']);
  });

  it('follows links to class folders and to images, and not to nowhere', async () => {
    const elsewhere = new Folder();
    await writeTree(elsewhere, { cats: 2 });
    await writeTree(folder, { dogs: 1 });
    symlinkSync(elsewhere.at('cats'), folder.at('cats'));
    symlinkSync(elsewhere.at('cats/0.png'), folder.at('dogs/linked.png'));
    symlinkSync(elsewhere.at('gone'), folder.at('gone'));
    expect(await names()).toEqual(['cats/0.png', 'cats/1.png', 'dogs/0.png', 'dogs/linked.png']);
    elsewhere.remove();
  });

  it('with train, val and test folders keeps val and test as they are', async () => {
    await writeTree(folder, { 'train/a': 2, 'train/b': 2, 'valid/a': 1, 'valid/b': 1, 'test/b': 1, 'test/a': 1 });
    const set = await imageFolder.open(folder.path);
    expect(set.classes).toEqual(['a', 'b']);
    expect(set.images.map(({ name, label, split }) => [name, label, split])).toEqual([
      ['test/a/0.png', 0, 'test'],
      ['test/b/0.png', 1, 'test'],
      ['train/a/0.png', 0, undefined],
      ['train/a/1.png', 0, undefined],
      ['train/b/0.png', 1, undefined],
      ['train/b/1.png', 1, undefined],
      ['valid/a/0.png', 0, 'val'],
      ['valid/b/0.png', 1, 'val'],
    ]);
  });

  it('may have a class that is called train', async () => {
    await writeTree(folder, { train: 2, plane: 2, test: 1 });
    expect((await imageFolder.open(folder.path)).classes).toEqual(['plane', 'test', 'train']);
  });
});

describe('an image folder is refused when', () => {
  it('it is empty', async () => {
    expect(await failuresOf(names)).toMatchObject([{ code: 'empty-root', place: { file: folder.path } }]);
  });

  it('it holds images but no class folders', async () => {
    folder.write('1.png', await encoded(picture(1)));
    folder.write('2.jpg', await encoded(picture(2), 'jpeg'));
    const [failure] = await failuresOf(names);
    expect(failure).toMatchObject({ code: 'no-class-folders', fix: 'sort the images into one folder a class' });
    expect(failure?.message).toContain('2 images');
  });

  it('it is a file', async () => {
    const file = folder.write('archive.zip', 'PK');
    expect(await failuresOf(() => imageFolder.open(file))).toMatchObject([{ code: 'not-a-folder' }]);
  });

  it('a class holds no images', async () => {
    await writeTree(folder, { ant: 1, bee: 1 });
    folder.write('cow/readme.txt', 'soon');
    expect(await failuresOf(names)).toMatchObject([{ code: 'empty-class', place: { file: folder.at('cow') } }]);
  });

  it('a folder stands beside train that is no split', async () => {
    await writeTree(folder, { 'train/a': 1, 'train/b': 1, 'extra/a': 1 });
    expect(await failuresOf(names)).toMatchObject([{ code: 'unexpected-folder', place: { file: folder.at('extra') } }]);
  });

  it('the test folder has a class that train lacks', async () => {
    await writeTree(folder, { 'train/a': 1, 'train/b': 1, 'test/a': 1, 'test/c': 1 });
    expect(await failuresOf(names)).toMatchObject([{ code: 'unknown-class', place: { file: folder.at('test/c') } }]);
  });

  it('the class folders of train are all hidden away', async () => {
    mkdirSync(folder.at('train'), { recursive: true });
    expect(await failuresOf(names)).toMatchObject([{ code: 'empty-class', place: { file: folder.at('train') } }]);
  });
});
