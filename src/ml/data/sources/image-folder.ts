import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, type Failure } from '../../../core/failure.ts';
import { byCodeUnits, formatList } from '../../../util/text.ts';
import { READ_FORMATS } from '../pictures/formats.ts';
import { folderShelf, ImageFile } from '../pictures/image-file.ts';
import { countExtensions, extensionsText, unreadPictures } from '../pictures/unread.ts';
import type { DatasetSource, ImageSet, Opening } from '../source.ts';
import { layoutOf, type Part } from './image-folder/layout.ts';
import { PictureFolder } from './image-folder/picture-folder.ts';
import { walkTree } from './image-folder/walk.ts';

function bad(code: string, file: string, rest: Pick<Failure, 'message' | 'expected' | 'fix'>): never {
  return fail({ code, place: { file }, ...rest });
}

async function requireFolder(root: string): Promise<void> {
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory()) return;
  bad(found ? 'not-a-folder' : 'missing-root', root, {
    message: found ? `${root} is a file` : `there is no folder ${root}`,
    expected: 'a folder with one folder a class',
    fix: 'correct `root`',
  });
}

/** Why a folder has no class folders, as exactly as can be told. */
function refuseNoClasses(folder: string, images: number): never {
  return bad(images ? 'no-class-folders' : 'empty-root', folder, {
    message: images
      ? `${folder} has ${images} images but no class folders`
      : `${folder} has no class folders with images`,
    expected: `one folder a class, with ${READ_FORMATS} files in it`,
    fix: images ? 'sort the images into one folder a class' : 'point `root` at the folder that holds the class folders',
  });
}

function refuseEmptyClass(folder: string, pictures: readonly string[]): never {
  return bad('empty-class', folder, {
    message:
      pictures.length === 0
        ? `class folder ${folder} holds no images`
        : `class folder ${folder} holds no image that can be read, but ${extensionsText(countExtensions(pictures))}`,
    expected: `at least one ${READ_FORMATS} file`,
    fix: pictures.length === 0 ? 'add images, or remove the folder' : 'convert them to PNG, or remove the folder',
  });
}

function refuseUnknownClass(folder: string, classes: readonly string[]): never {
  return bad('unknown-class', folder, {
    message: `${folder} is a class that the train folder lacks`,
    expected: `one of the ${classes.length} classes of train`,
    fix: 'rename or remove the folder',
  });
}

/** Names of the classes: the folders of what is trained on. */
function classesOf(root: string, parts: readonly Part[]): readonly string[] {
  const training = parts.filter(({ split }) => split === 'train');
  for (const { folder } of training)
    if (folder.parts.length === 0) refuseNoClasses(join(root, folder.path), folder.pictures.length);
  return [...new Set(training.flatMap(({ folder }) => folder.folders.map(({ name }) => name)))].sort(byCodeUnits);
}

/** Pictures of a part's classes, in the order of parts, classes and paths. */
function* picturesOf(root: string, parts: readonly Part[], classes: readonly string[]) {
  const labels = new Map(classes.map((name, label) => [name, label]));
  for (const { folder: part, split } of parts) {
    for (const folder of part.folders) {
      const place = join(root, folder.path);
      const label = labels.get(folder.name) ?? refuseUnknownClass(place, classes);
      yield { place, pictures: folder.allPictures(), of: { label, split: split === 'train' ? undefined : split } };
    }
  }
}

async function open(root: string, { folders }: Opening = {}): Promise<ImageSet> {
  await requireFolder(root);
  const { files, empty } = await walkTree(root);
  const layout = layoutOf({ place: root, root: PictureFolder.of(files), ...(folders && { choice: folders }) });
  const parts = [...layout.parts].sort((a, b) => byCodeUnits(a.folder.path, b.folder.path));
  const classes = classesOf(root, parts);
  const listed = [...picturesOf(root, parts, classes)];
  const left = await unreadPictures(
    root,
    listed.flatMap(({ pictures }) => pictures),
  );
  const shelf = folderShelf(root);
  const images: ImageFile[] = [];
  for (const { place, pictures, of } of listed) {
    const read = pictures.filter((picture) => !left.has(picture));
    if (read.length === 0) refuseEmptyClass(place, pictures);
    for (const path of read) images.push(new ImageFile(shelf, path, of));
  }
  const unread = countExtensions(left);
  const notes = [...layout.notes];
  if (left.size > 0)
    notes.push(
      `${extensionsText(unread)} ${left.size === 1 ? 'is' : 'are'} not read: pictures are ${READ_FORMATS} files`,
    );
  if (empty.length > 0)
    notes.push(`folders without files do not count: ${formatList(empty, 6).replace(' or ', ' and ')}`);
  return {
    classes,
    images,
    naturalSize: 224,
    notes,
    unread,
    advice: {
      fewClasses: 'point `root` at the folder that holds all class folders',
      moreImages: 'add images of the class or remove its folder',
    },
  };
}

/** Any tree with one folder a class (torchvision's ImageFolder), or with such trees in folders of splits. */
export const imageFolder: DatasetSource = {
  summary: 'one folder a class with image files, or such folders in splits (train, val, test)',
  decodes: true,
  folders: true,
  open,
};
