import { basename } from 'node:path';
import { byCodeUnits } from '../../../../util/text.ts';
import { looksLikePicture } from '../../pictures/formats.ts';

/** A folder of an image tree, made of the paths of files alone: what holds no file is not there. */
export class PictureFolder {
  /** Relative to the root of the tree; empty for the root itself. */
  readonly path: string;
  /** Paths of the pictures in it, not of those in its folders. */
  readonly pictures: string[] = [];
  readonly #folders = new Map<string, PictureFolder>();
  #all = 0;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the tree of files.
   *
   * @param files - paths relative to its root
   * @returns the root
   */
  static of(files: readonly string[]): PictureFolder {
    const root = new PictureFolder('');
    for (const file of files) {
      const trail = [root];
      let folder = root;
      for (const name of file.split('/').slice(0, -1)) trail.push((folder = folder.#folder(name)));
      if (!looksLikePicture(file)) continue;
      folder.pictures.push(file);
      for (const each of trail) each.#all++;
    }
    return root;
  }

  #folder(name: string): PictureFolder {
    const found = this.#folders.get(name);
    if (found) return found;
    const made = new PictureFolder(this.path === '' ? name : `${this.path}/${name}`);
    this.#folders.set(name, made);
    return made;
  }

  get name(): string {
    return basename(this.path);
  }

  /** True when there is a picture in it, at any depth. */
  get hasPictures(): boolean {
    return this.#all > 0;
  }

  /** All folders in it, sorted by code units. */
  get folders(): readonly PictureFolder[] {
    return [...this.#folders.values()].sort((a, b) => byCodeUnits(a.name, b.name));
  }

  /** The folders in it that hold pictures, at any depth. */
  get parts(): readonly PictureFolder[] {
    return this.folders.filter((folder) => folder.hasPictures);
  }

  /** True when all its pictures lie in it itself. */
  get isFlat(): boolean {
    return this.hasPictures && this.parts.length === 0;
  }

  /** True when its pictures all lie in folders: it may be a split, or hold what is meant. */
  get isNested(): boolean {
    return this.hasPictures && this.pictures.length === 0;
  }

  /**
   * Finds a folder.
   *
   * @param path - relative to this one
   * @returns the folder, if there is one with files in it
   */
  find(path: string): PictureFolder | undefined {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    return names.reduce<PictureFolder | undefined>((folder, name) => folder && folder.#folders.get(name), this);
  }

  /** Paths of the pictures in it at any depth, sorted by code units. */
  allPictures(): readonly string[] {
    const below = this.folders.flatMap((folder) => folder.allPictures());
    return [...this.pictures, ...below].sort(byCodeUnits);
  }
}
