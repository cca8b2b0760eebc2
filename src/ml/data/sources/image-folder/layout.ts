import { join } from 'node:path';
import { fail } from '../../../../core/failure.ts';
import { formatList, pluralize } from '../../../../util/text.ts';
import type { Split } from '../../packed.ts';
import type { FolderChoice } from '../../source.ts';
import { SPLITS } from '../../split.ts';
import type { PictureFolder } from './picture-folder.ts';
import { splitNamed } from './split-words.ts';

/** A folder that holds class folders, and the split that they belong to. */
export interface Part {
  readonly folder: PictureFolder;
  /** Images of `train` are cut into the splits that have no folder of their own. */
  readonly split: Split;
}

/** Where the classes of an image tree are, and what a user should hear of how they were found. */
export interface Layout {
  readonly parts: readonly Part[];
  readonly notes: readonly string[];
}

/** An image tree: where it lies, and what the user says of its folders. */
export interface TreeToRead {
  /** Absolute path, for messages. */
  readonly place: string;
  readonly root: PictureFolder;
  readonly choice?: FolderChoice;
}

const namesOf = (folders: readonly PictureFolder[]): string[] => folders.map(({ name }) => name);
const and = (names: readonly string[]): string => formatList(names, 6).replace(/ or (?=[^,]*$)/, ' and ');

/** What a folder at the level of splits may be: one that holds class folders. */
function holdsClasses(folder: PictureFolder): boolean {
  const folders = folder.parts.length;
  return folder.pictures.length === 0 ? folders > 0 : folders > 1 && splitNamed(folder.name) !== undefined;
}

/** True when folders hold the same folders, more or less: no classes do, splits do. */
function areAlike(folders: readonly PictureFolder[]): boolean {
  const sets = folders.map(({ parts }) => new Set(parts.map(({ name }) => name.toLowerCase())));
  const largest = sets.reduce((a, b) => (b.size > a.size ? b : a), new Set<string>());
  if (sets.length < 2 || largest.size < 2) return false;
  return sets.every((set) => 2 * [...set].filter((name) => largest.has(name)).length >= set.size);
}

/** An example of how to say what folders are. */
function sayHow(folders: readonly PictureFolder[]): string {
  const [first = 'A', second = 'B'] = namesOf(folders);
  return `rename them to train, val and test, or say what they are, folders: { train: ${first}, test: ${second} } or folders: classes; or point root at one of them`;
}

function refuseUnclear(place: string, folders: readonly PictureFolder[]): never {
  const inner = [...new Set(folders.flatMap(({ parts }) => namesOf(parts)))];
  const inside = inner.every((name) => splitNamed(name) !== undefined);
  const all = and(namesOf(folders));
  return fail({
    code: 'unclear-folders',
    message: `${all} hold no pictures of their own, but each the same folders (${formatList(inner, 4)}): ${inside ? 'splits stand in them' : 'they look like splits, not like classes'}`,
    place: { file: place },
    expected: inside
      ? `splits at the top: train/${folders[0]?.name ?? ''} …`
      : 'folders called train, val and test, or classes',
    fix: sayHow(folders),
  });
}

function refuseNoTrain(place: string, folders: readonly PictureFolder[]): never {
  return fail({
    code: 'no-train-folder',
    message: `${and(namesOf(folders))} ${folders.length === 1 ? 'looks like a split, but not one' : 'look like splits, but none of them is'} for training`,
    place: { file: place },
    expected: 'a folder train beside them, with the same class folders',
    fix: 'add it, or say which folder is for training, folders: { train: NAME … }, or folders: classes where they are classes',
  });
}

function refuseUnlabelled(place: string, folders: readonly PictureFolder[]): never {
  return fail({
    code: 'no-class-folders',
    message: `${and(namesOf(folders))} hold pictures, but no class folders`,
    place: { file: place },
    expected: 'one folder a class in each of them',
    fix: 'sort the pictures into one folder a class, or say that these are the classes: folders: classes',
  });
}

function refuseUnexpected(place: string, folder: PictureFolder, splits: readonly PictureFolder[]): never {
  return fail({
    code: 'unexpected-folder',
    message: `${join(place, folder.path)} stands beside ${and(namesOf(splits))}, but its name is that of no split`,
    place: { file: join(place, folder.path) },
    expected: 'only folders of the splits train, val and test beside each other',
    fix: `move it away, or name the splits: folders: { train: ${splits[0]?.name ?? 'train'} … }; folders: classes where all are classes`,
  });
}

/** The folders at one level as splits; undefined where they are none. */
function splitsAt(place: string, level: PictureFolder): readonly Part[] | undefined {
  const { parts } = level;
  const named = parts.filter(({ name }) => splitNamed(name) !== undefined);
  const structured = parts.filter(holdsClasses);
  const splits = structured.filter((folder) => named.includes(folder));
  if (splits.some(({ name }) => splitNamed(name) === 'train')) {
    const other = parts.find((folder) => !named.includes(folder));
    if (other) return refuseUnexpected(place, other, splits);
    return splits.map((folder) => ({ folder, split: splitNamed(folder.name) ?? 'train' }));
  }
  if (parts.length > 0 && named.length === parts.length) {
    const unlabelled = parts.filter((folder) => !structured.includes(folder));
    if (parts.length > 1 && unlabelled.length > 0) return refuseUnlabelled(place, unlabelled);
    if (unlabelled.length === 0) return refuseNoTrain(place, parts);
  }
  return areAlike(structured) ? refuseUnclear(place, structured) : undefined;
}

/** The folders that the user names. */
function splitsChosen({ place, root }: TreeToRead, choice: Exclude<FolderChoice, 'classes'>): readonly Part[] {
  return SPLITS.flatMap((split) => {
    const path = choice[split];
    if (path === undefined) return [];
    const folder = root.find(path);
    if (folder) return [{ folder, split }];
    return fail({
      code: 'missing-split-folder',
      message: `folders.${split} is ${path}, but ${place} has no such folder with files in it`,
      place: { file: place },
      expected: `one of ${formatList(namesOf(root.folders), 6)}`,
      fix: 'correct folders',
    });
  });
}

/** What splits hold: `seg_train/seg_train` is one split, whose classes are two folders down. */
function unwrapped(parts: readonly Part[]): readonly Part[] {
  const inner = parts.flatMap(({ folder, split }) => {
    const [only, ...others] = folder.parts;
    return only?.isNested && others.length === 0 && folder.isNested ? [{ folder: only, split }] : [];
  });
  return parts.length > 0 && inner.length === parts.length ? unwrapped(inner) : parts;
}

/** The only folder in one, where the classes are in that: `root/dataset/…`. */
function innerOf(level: PictureFolder): PictureFolder | undefined {
  const [only, ...others] = level.parts;
  return level.pictures.length === 0 && others.length === 0 && only?.isNested ? only : undefined;
}

function partsOf({ place, root, choice }: TreeToRead): {
  readonly level: PictureFolder;
  readonly parts: readonly Part[];
} {
  if (choice !== undefined && choice !== 'classes')
    return { level: root, parts: splitsChosen({ place, root }, choice) };
  for (let level = root; ;) {
    const splits = choice === 'classes' ? undefined : splitsAt(place, level);
    if (splits) return { level, parts: splits };
    const inner = choice === 'classes' ? undefined : innerOf(level);
    if (!inner) return { level, parts: [{ folder: level, split: 'train' }] };
    level = inner;
  }
}

/** What is not read at the level where splits or classes were found, and how that level was understood. */
function notesOn(level: PictureFolder, found: readonly Part[]): string[] {
  const isSplit = found.some(({ folder }) => folder !== level);
  const notes: string[] = [];
  const renamed = found.filter(({ folder, split }) => isSplit && folder.path !== split);
  if (renamed.length > 0)
    notes.push(`read as splits: ${renamed.map(({ folder, split }) => `${folder.path} as ${split}`).join(', ')}`);
  else if (!isSplit && level.path !== '') notes.push(`the classes are the folders in ${level.path}`);
  if (!isSplit) return notes;
  for (const folder of level.folders) {
    if (found.some((part) => `${part.folder.path}/`.startsWith(`${folder.path}/`))) continue;
    const pictures = pluralize(folder.allPictures().length, 'picture');
    const what = folder.hasPictures ? `${pictures}${folder.isFlat ? ' without class folders' : ''}` : 'no pictures';
    notes.push(`${folder.path} holds ${what}: it is not read`);
  }
  return notes;
}

/** Pictures that lie beside class folders. */
function looseNotes(folders: Iterable<PictureFolder>): string[] {
  return [...folders]
    .filter((folder) => folder.pictures.length > 0 && !folder.isFlat)
    .map((folder) => {
      const where = folder.path === '' ? 'the root' : folder.path;
      return `${pluralize(folder.pictures.length, 'picture')} in ${where} in no class folder: not read (${folder.pictures[0] ?? ''} …)`;
    });
}

/**
 * Finds the folders that hold the classes of an image tree: splits, whatever they are called, or the classes themselves.
 *
 * @param tree - the tree
 * @returns where the classes are
 * @throws FailureError for folders that look like splits but can't be told apart, or that have no training images
 */
export function layoutOf(tree: TreeToRead): Layout {
  const { level, parts: found } = partsOf(tree);
  const parts = unwrapped(found);
  return {
    parts,
    notes: [...notesOn(level, found), ...looseNotes(new Set([level, ...parts.map(({ folder }) => folder)]))],
  };
}
