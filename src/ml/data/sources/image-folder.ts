import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fail, type Failure } from '../../../core/failure.ts';
import { decodeImage } from '../decode.ts';
import type { DatasetSource, ImageSet, SourceImage } from '../source.ts';

const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp'];

/** Names of folders that hold a split of their own, and the split. */
const SPLIT_FOLDERS: Readonly<Record<string, 'train' | 'val' | 'test'>> = {
  train: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
};

function bad(code: string, file: string, rest: Pick<Failure, 'message' | 'expected' | 'fix'>): never {
  return fail({ code, place: { file }, ...rest });
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Names of the folders in a folder (links to folders too, hidden ones not), sorted. */
async function foldersIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const isFolder = entry.isSymbolicLink()
      ? await stat(join(folder, entry.name)).then(
          (found) => found.isDirectory(),
          () => false,
        )
      : entry.isDirectory();
    if (isFolder) names.push(entry.name);
  }
  return names.sort(byCodeUnits);
}

function isImage(name: string): boolean {
  return !name.startsWith('.') && EXTENSIONS.includes(extname(name).toLowerCase());
}

/** Absolute paths of the image files of one class, at any depth, sorted by their path relative to the folder. */
async function imagesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && isImage(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort(byCodeUnits);
}

/** True when the root's folders are splits: `train` is one of them and holds folders, but no images itself. */
async function hasSplitFolders(root: string, folders: readonly string[]): Promise<boolean> {
  if (!folders.includes('train')) return false;
  const train = await readdir(join(root, 'train'));
  return !train.some(isImage) && (await foldersIn(join(root, 'train'))).length > 0;
}

/** Folders that hold classes, each with the split that its images belong to. */
async function classRoots(root: string): Promise<{ folder: string; split: 'train' | 'val' | 'test' }[]> {
  const folders = await foldersIn(root);
  if (!(await hasSplitFolders(root, folders))) return [{ folder: root, split: 'train' }];
  const parts = folders.map((name) => ({ folder: join(root, name), split: SPLIT_FOLDERS[name] }));
  return parts.map(({ folder, split }) => {
    if (split) return { folder, split };
    return bad('unexpected-folder', folder, {
      message: `${folder} stands beside a train folder but is no split`,
      expected: `only ${Object.keys(SPLIT_FOLDERS).join(', ')} beside train`,
      fix: 'move it away, or point `root` at the folder with the classes',
    });
  });
}

/** Why a root has no class folders, as exactly as can be told. */
async function noClasses(folder: string): Promise<never> {
  const entries = await readdir(folder);
  const images = entries.filter(isImage).length;
  return bad(images ? 'no-class-folders' : 'empty-root', folder, {
    message: images ? `${folder} has ${images} images but no class folders` : `${folder} has no class folders`,
    expected: `one folder a class, with ${EXTENSIONS.join(', ')} files in it`,
    fix: images ? 'sort the images into one folder a class' : 'point `root` at the folder that holds the class folders',
  });
}

async function imagesOfClass(folder: string): Promise<string[]> {
  const files = await imagesIn(folder);
  if (files.length > 0) return files;
  return bad('empty-class', folder, {
    message: `class folder ${folder} holds no images`,
    expected: `at least one ${EXTENSIONS.join(', ')} file`,
    fix: 'add images, or remove the folder',
  });
}

async function open(root: string): Promise<ImageSet> {
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) {
    bad(found ? 'not-a-folder' : 'missing-root', root, {
      message: found ? `${root} is a file` : `there is no folder ${root}`,
      expected: 'a folder with one folder a class',
      fix: 'correct `root`',
    });
  }
  const roots = await classRoots(root);
  const named = await Promise.all(roots.map(async (part) => ({ ...part, classes: await foldersIn(part.folder) })));
  const classes = named.filter(({ split }) => split === 'train').flatMap((part) => part.classes);
  if (classes.length === 0) return noClasses(roots.find(({ split }) => split === 'train')?.folder ?? root);
  const images: SourceImage[] = [];
  for (const part of named) {
    for (const name of part.classes) {
      const folder = join(part.folder, name);
      const label = classes.indexOf(name);
      if (label < 0) {
        bad('unknown-class', folder, {
          message: `${folder} is a class that the train folder lacks`,
          expected: `one of the ${classes.length} classes of train`,
          fix: 'rename or remove the folder',
        });
      }
      for (const file of await imagesOfClass(folder)) images.push(imageOf(root, file, { label, split: part.split }));
    }
  }
  return { classes, images, naturalSize: 224 };
}

function imageOf(root: string, file: string, of: { label: number; split: 'train' | 'val' | 'test' }): SourceImage {
  return {
    name: relative(root, file).replaceAll(sep, '/'),
    label: of.label,
    ...(of.split !== 'train' && { split: of.split }),
    read: () => decodeImage(file),
  };
}

/** Any tree with one folder a class (torchvision's ImageFolder), or with such trees in train/, val/ and test/. */
export const imageFolder: DatasetSource = {
  summary: 'one folder a class with JPEG, PNG or WebP files, or such folders in train/, val/ and test/',
  decodes: true,
  open,
};
