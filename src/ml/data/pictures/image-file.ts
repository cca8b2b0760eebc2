import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../../core/failure.ts';
import { BAD_IMAGE, type SourceImage, type SourcePicture } from '../source.ts';
import { inBox, type Box } from './box.ts';
import { decodeImage } from './decode.ts';

/** Where files of pictures lie. */
export interface FileShelf {
  /** What messages call a file, by its path with `/`. */
  place(path: string): string;
  read(path: string): Promise<Buffer>;
}

/**
 * Files in a folder.
 *
 * @param root - absolute path
 * @returns where they lie
 */
export function folderShelf(root: string): FileShelf {
  return { place: (path) => join(root, path), read: (path) => readFile(join(root, path)) };
}

/**
 * Decodes a file, as {@link decodeImage} does, and cuts out what counts of the picture.
 *
 * @param place - what to call it
 * @param bytes - of the file
 * @param box - what counts; all of it by default
 * @returns the picture, and what is odd about its file
 * @throws FailureError `bad-image`
 */
export async function decodeFile(place: string, bytes: Buffer, box?: Box): Promise<SourcePicture> {
  const picture = await decodeImage(place, bytes);
  return box ? { ...picture, ...inBox(picture, box) } : picture;
}

/** What a set's file is besides its path. */
export interface FileFacts {
  readonly label: number;
  readonly split?: 'val' | 'test' | undefined;
  readonly box?: Box | undefined;
}

/** An image that is a file of its own. A million of them are in memory at once: nothing is made for one before it is asked. */
export class ImageFile implements SourceImage {
  readonly name: string;
  readonly label: number;
  declare readonly split?: 'val' | 'test';
  declare readonly box?: Box;
  readonly #shelf: FileShelf;

  /**
   * Names a file.
   *
   * @param shelf - where it lies
   * @param name - its path there, with `/`
   * @param facts - class, split, box
   */
  constructor(shelf: FileShelf, name: string, { label, split, box }: FileFacts) {
    this.name = name;
    this.label = label;
    if (split) this.split = split;
    if (box) this.box = box;
    this.#shelf = shelf;
  }

  /**
   * Reads the file.
   *
   * @returns its bytes
   * @throws FailureError `bad-image` where it is not there any more, or can't be read
   */
  async bytes(): Promise<Buffer> {
    try {
      return await this.#shelf.read(this.name);
    } catch (error) {
      const place = this.#shelf.place(this.name);
      return fail({
        code: BAD_IMAGE,
        message: `${place} can't be decoded: ${(error as Error).message}`,
        place: { file: place },
        expected: 'a file that stays where it is until the set is packed',
        fix: 'put it back, or set on_bad_image: skip',
      });
    }
  }

  /**
   * Decodes the file.
   *
   * @param bytes - of it
   * @returns the picture
   * @throws FailureError `bad-image`
   */
  decode(bytes: Buffer): Promise<SourcePicture> {
    return decodeFile(this.#shelf.place(this.name), bytes, this.box);
  }

  async read(): Promise<SourcePicture> {
    return this.decode(await this.bytes());
  }
}
