import { mkdirSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imageFolder } from '../../../../src/ml/data/sources/image-folder.ts';
import type { FolderChoice } from '../../../../src/ml/data/source.ts';
import { decoded, encoded, failuresOf, Folder, picture, writeTree } from '../samples.ts';

let folder: Folder;
beforeEach(() => void (folder = new Folder()));
afterEach(() => folder.remove());

async function names(folders?: FolderChoice): Promise<string[]> {
  return (await imageFolder.open(folder.path, folders && { folders })).images.map(({ name }) => name);
}

/** Classes, and the number of images of each split. */
async function found(folders?: FolderChoice) {
  const { classes, images, notes } = await imageFolder.open(folder.path, folders && { folders });
  const count = (split?: string) => images.filter((image) => image.split === split).length;
  return { classes, train: count(), val: count('val'), test: count('test'), notes };
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

  it('reads a linked folder at any depth, as its key does, and no circle twice', async () => {
    const elsewhere = new Folder();
    await writeTree(elsewhere, { more: 2 });
    await writeTree(folder, { cats: 1, dogs: 1 });
    symlinkSync(elsewhere.at('more'), folder.at('cats/more'));
    symlinkSync('..', folder.at('dogs/up'));
    symlinkSync('.', folder.at('dogs/same'));
    expect(await names()).toEqual(['cats/0.png', 'cats/more/0.png', 'cats/more/1.png', 'dogs/0.png']);
    elsewhere.remove();
  });

  it('has one rule at every depth: hidden files and droppings do not count', async () => {
    await writeTree(folder, { cats: 1, dogs: 1, 'cats/.thumbs': 1, 'cats/deep/.cache': 1, '__MACOSX/cats': 1 });
    await writeTree(folder, { 'cats/@eaDir': 1, '.git': 1 });
    folder.write('cats/._0.png', 'resource fork');
    folder.write('dogs/0.png~', 'backup');
    folder.write('dogs/Thumbs.db', 'x');
    expect(await found()).toEqual({
      classes: ['cats', 'dogs'],
      train: 2,
      val: 0,
      test: 0,
      notes: ['folders without files do not count: cats/deep'],
    });
  });

  it('does not count a folder without files, and says so', async () => {
    await writeTree(folder, { ant: 1, bee: 1, 'cow/.hidden': 1 });
    mkdirSync(folder.at('fox/old/older'), { recursive: true });
    expect(await found()).toMatchObject({
      classes: ['ant', 'bee'],
      notes: ['folders without files do not count: cow and fox'],
    });
  });

  it('says how many pictures lie in no class folder', async () => {
    await writeTree(folder, { ant: 1, bee: 1, '.': 2 });
    expect((await found()).notes).toEqual(['2 pictures in the root in no class folder: not read (0.png …)']);
  });

  it('counts pictures of formats that are not read, by extension; notes and lists stay unsaid', async () => {
    await writeTree(folder, { ant: 2, bee: 2 });
    for (const name of ['ant/a.HEIC', 'bee/b.heic', 'ant/c.bmp', 'ant/notes.txt', 'bee/Thumbs.db', 'bee/list.csv'])
      folder.write(name, 'BM something');
    const set = await imageFolder.open(folder.path);
    expect(set.images).toHaveLength(4);
    expect(set.unread).toEqual({ '.bmp': 1, '.heic': 2 });
    expect(set.notes).toEqual([
      '1 .bmp and 2 .heic files are not read: pictures are JPEG, PNG, WebP, GIF, TIFF or AVIF files',
    ]);
  });

  it('goes by the content where the name is that of another format', async () => {
    folder.write('a/one.bmp', await encoded(picture(1)));
    folder.write('a/two.png', await encoded(picture(2), 'jpeg'));
    folder.write('b/three.heic', await encoded(picture(3), 'webp'));
    const set = await imageFolder.open(folder.path);
    expect(set.unread).toEqual({});
    const [one, two, three] = await decoded(set.images);
    expect([...one!.pixels]).toEqual([...picture(1).pixels]);
    expect(two!.width).toBe(12);
    expect([...three!.pixels]).toEqual([...picture(3).pixels]);
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

describe('folders of splits', () => {
  const three = { a: 2, b: 2, c: 2 };
  const under = (top: string, counts: Readonly<Record<string, number>> = three) =>
    Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${top}/${name}`, count]));

  it.each([
    ...[
      ['Training', 'Testing'],
      ['Train', 'Test'],
      ['TRAIN', 'TEST'],
      ['training_set', 'test_set'],
      ['seg_train', 'seg_test'],
    ],
    ...[
      ['train_images', 'test_images'],
      ['train2017', 'test2017'],
      ['01-train', '02-eval'],
      ['trainset', 'testset'],
    ],
  ])('are read in any spelling: %s and %s', async (train, test) => {
    await writeTree(folder, { ...under(train), ...under(test) });
    const notes = [
      `read as splits: ${[test, train]
        .sort()
        .map((name) => `${name} as ${name === train ? 'train' : 'test'}`)
        .join(', ')}`,
    ];
    expect(await found()).toEqual({ classes: ['a', 'b', 'c'], train: 6, val: 0, test: 6, notes });
  });

  it('are read with nothing said where they are called train, val and test', async () => {
    await writeTree(folder, { ...under('train'), ...under('val'), ...under('test') });
    expect(await found()).toEqual({ classes: ['a', 'b', 'c'], train: 6, val: 6, test: 6, notes: [] });
  });

  it('may be a folder or two further down', async () => {
    await writeTree(folder, { ...under('dataset/images/Train'), ...under('dataset/images/Valid') });
    folder.write('dataset/labels/train/a.txt', '0');
    folder.write('README.md', 'x');
    expect(await found()).toMatchObject({ classes: ['a', 'b', 'c'], train: 6, val: 6 });
  });

  it('may hold all classes in one folder more, as seg_train/seg_train', async () => {
    await writeTree(folder, { ...under('seg_train/seg_train'), ...under('seg_test/seg_test') });
    expect(await found()).toMatchObject({ classes: ['a', 'b', 'c'], train: 6, test: 6 });
  });

  it('may be parts of one split', async () => {
    await writeTree(folder, {
      ...under('train.X1', { a: 1, b: 1 }),
      ...under('train.X2', { c: 1 }),
      ...under('val.X'),
    });
    expect(await found()).toMatchObject({ classes: ['a', 'b', 'c'], train: 3, val: 6 });
  });

  it('may have test images without classes, which are not read', async () => {
    await writeTree(folder, { ...under('train'), test: 5 });
    folder.write('annotations/train.json', '{}');
    expect(await found()).toEqual({
      ...{ classes: ['a', 'b', 'c'], train: 6, val: 0, test: 0 },
      notes: [
        'annotations holds no pictures: it is not read',
        'test holds 5 pictures without class folders: it is not read',
      ],
    });
  });

  it('are found although a picture lies beside the class folders', async () => {
    await writeTree(folder, { ...under('train'), ...under('test') });
    folder.write('train/overview.png', await encoded(picture(9)));
    folder.write('logo.png', await encoded(picture(10)));
    const { classes, notes } = await found();
    expect(classes).toEqual(['a', 'b', 'c']);
    expect(notes).toEqual([
      '1 picture in the root in no class folder: not read (logo.png …)',
      '1 picture in train in no class folder: not read (train/overview.png …)',
    ]);
  });

  it('can be named', async () => {
    await writeTree(folder, { ...under('Lernen'), ...under('more/Prüfen'), extra: 3 });
    const choice = { train: 'Lernen', test: 'more/Prüfen' };
    expect(await found(choice)).toMatchObject({
      ...{ classes: ['a', 'b', 'c'], train: 6, test: 6 },
      notes: [
        'read as splits: Lernen as train, more/Prüfen as test',
        'extra holds 3 pictures without class folders: it is not read',
      ],
    });
    const [failure] = await failuresOf(() => found({ train: 'Lehren' }));
    expect(failure).toMatchObject({ code: 'missing-split-folder', expected: 'one of Lernen, extra or more' });
    expect(await failuresOf(() => found({ train: '../..' }))).toMatchObject([{ code: 'missing-split-folder' }]);
  });

  it('can be said to be classes', async () => {
    await writeTree(folder, { ...under('real', { p1: 2, p2: 1 }), ...under('fake', { p1: 1, p2: 1 }) });
    expect(await found('classes')).toEqual({ classes: ['fake', 'real'], train: 5, val: 0, test: 0, notes: [] });
  });

  it.each<[string, Readonly<Record<string, number>>, string, RegExp]>([
    [
      'test and val stand without train',
      { ...under('test'), ...under('val') },
      'no-train-folder',
      /^test and val look like splits, but none of them is for training$/,
    ],
    [
      'there is a test folder alone',
      under('test'),
      'no-train-folder',
      /^test looks like a split, but not one for training$/,
    ],
    ['their words are not known', { ...under('Lernen'), ...under('Prüfen') }, 'unclear-folders', /Lernen and Prüfen/],
    ['one of the words is not known', { ...under('Lernen'), ...under('test') }, 'unclear-folders', /Lernen and test/],
    [
      'they are folds',
      { ...under('fold1'), ...under('fold2'), ...under('fold3') },
      'unclear-folders',
      /fold1, fold2 and fold3/,
    ],
    ['a class is missing in one', { ...under('A'), ...under('B', { a: 1, b: 1 }) }, 'unclear-folders', /A and B/],
    [
      'splits stand in each class',
      { ...under('cat', { train: 1, test: 1 }), ...under('dog', { train: 1, test: 1 }) },
      'unclear-folders',
      /splits stand in them/,
    ],
    ['both hold pictures but no classes', { train: 3, test: 3 }, 'no-class-folders', /test and train/],
    [
      'a third folder stands beside',
      { ...under('Train'), ...under('Test'), ...under('extra') },
      'unexpected-folder',
      /extra/,
    ],
  ])('are refused where %s', async (_title, counts, code, message) => {
    await writeTree(folder, counts);
    const [failure] = await failuresOf(names);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(failure?.fix).toMatch(/folders: /);
  });

  it('are none where classes have folders of their own kinds, or all the same single one', async () => {
    await writeTree(folder, { ...under('fish', { cod: 1, eel: 1 }), ...under('bird', { owl: 1 }) });
    expect((await found()).classes).toEqual(['bird', 'fish']);
    const tiny = new Folder();
    await writeTree(tiny, { 'n01/images': 2, 'n02/images': 2, 'n03/images': 2 });
    expect((await imageFolder.open(tiny.path)).classes).toEqual(['n01', 'n02', 'n03']);
    tiny.remove();
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

  it.each(['extra', 'constructor'])('a folder stands beside train that is no split: %s', async (name) => {
    await writeTree(folder, { 'train/a': 1, 'train/b': 1, [`${name}/a`]: 1, [`${name}/b`]: 1 });
    expect(await failuresOf(names)).toMatchObject([{ code: 'unexpected-folder', place: { file: folder.at(name) } }]);
  });

  it('the test folder has a class that train lacks', async () => {
    await writeTree(folder, { 'train/a': 1, 'train/b': 1, 'test/a': 1, 'test/c': 1 });
    expect(await failuresOf(names)).toMatchObject([{ code: 'unknown-class', place: { file: folder.at('test/c') } }]);
  });

  it('all that is in it are folders without files', async () => {
    mkdirSync(folder.at('train'), { recursive: true });
    expect(await failuresOf(names)).toMatchObject([{ code: 'empty-root', place: { file: folder.path } }]);
  });

  it('a class holds pictures of formats alone that are not read', async () => {
    await writeTree(folder, { ant: 1, bee: 1 });
    folder.write('cow/1.heic', 'x');
    folder.write('cow/2.heic', 'x');
    const [failure] = await failuresOf(names);
    expect(failure).toMatchObject({ code: 'empty-class', place: { file: folder.at('cow') } });
    expect(failure?.message).toContain('2 .heic files');
  });
});
