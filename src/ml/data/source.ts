import type { RgbImage } from '../augment/image.ts';
import type { Box } from './pictures/box.ts';

/** Something about a picture's file that does not keep it from being read, but that people should hear of. */
export type Oddity =
  /** It is damaged: the decoder warned. */
  | { readonly kind: 'damaged'; readonly warning: string }
  /** Its samples have 16 bits, of which the upper 8 count. */
  | { readonly kind: 'deep' }
  /** It holds another format than its extension says. */
  | { readonly kind: 'misnamed'; readonly extension: string };

/** A decoded picture. */
export interface SourcePicture extends RgbImage {
  readonly oddities?: readonly Oddity[];
}

/** One image of a source, not decoded yet. */
export interface SourceImage {
  /** Origin, relative to the root: a path with `/`, or `<file>#<index>`. */
  readonly name: string;
  /** Index of its class. */
  readonly label: number;
  /** The split that the source itself puts it in; without it, it is cut into splits with all others. */
  readonly split?: 'val' | 'test';
  /**
   * Decodes it.
   *
   * @throws FailureError with code `bad-image` when it can't be decoded
   */
  read(): SourcePicture | Promise<SourcePicture>;
  /**
   * Where it is a file of its own: reads that.
   *
   * @throws FailureError with code `bad-image` when it can't be read
   */
  bytes?(): Promise<Buffer>;
  /** Decodes those bytes: `read` without reading them again. */
  decode?(bytes: Buffer): Promise<SourcePicture>;
  /** What counts of the picture in that file; all of it where absent. */
  readonly box?: Box;
}

/** What a source holds, listed in an order that depends on its content alone. */
export interface ImageSet {
  /** Class names; a label is an index into it. */
  readonly classes: readonly string[];
  readonly images: readonly SourceImage[];
  /** S when the user asks for no other: side of a network's input in pixels. */
  readonly naturalSize: number;
  /** What a user should hear of how it was read, a sentence each. */
  readonly notes?: readonly string[];
  /** Pictures that are not read since their formats are not, by extension. */
  readonly unread?: Readonly<Record<string, number>>;
  /** How to mend what is wrong with the classes, where the user can. */
  readonly advice?: ClassAdvice;
  /** Gives back what reading takes; nothing can be read after. */
  readonly close?: () => Promise<void>;
}

/** How a user mends what is wrong with classes. */
export interface ClassAdvice {
  /** Where there are fewer than two. */
  readonly fewClasses: string;
  /** Where one has too few images. */
  readonly moreImages: string;
}

/** What the folders of a root are: the classes, or splits, by the path of each relative to the root. */
export type FolderChoice = 'classes' | { readonly train: string; readonly val?: string; readonly test?: string };

/** An archive as its publisher offers it. */
export interface PublishedArchive {
  /** Of the file. */
  readonly name: string;
  /** The folder at its top, which holds everything that is read. */
  readonly folder: string;
  /** A file in that folder by which the folder is known, whatever it is called. */
  readonly marker: string;
  /** 32 lower-case hexadecimal digits. */
  readonly md5: string;
  /** Where the publisher offers it. */
  readonly url: string;
}

/** How a source is opened; by default, whole pictures without the publisher's splits. */
export interface Opening {
  /** Folder for what an archive unpacks to; that of temporary files by default. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  /** Told how many bytes of an archive are unpacked. */
  readonly progress?: (done: number, total: number) => void;
  /** True to keep the publisher's test images as the test split. */
  readonly official?: boolean;
  /** True to cut pictures down to their bounding boxes. */
  readonly boxed?: boolean;
  /** What folders are, where their names don't say it. */
  readonly folders?: FolderChoice;
}

/** A kind of dataset that the `dataset` stage can read: one file, and one line in the registry. */
export interface DatasetSource {
  /** One sentence for docs and `kdpipe list datasets`. */
  readonly summary: string;
  /** True when images are decoded from files of their own, so that one can be bad and be skipped. */
  readonly decodes: boolean;
  /** The archive that it reads, or the folder in it; others read the folder that they are given. */
  readonly archive?: PublishedArchive;
  /** True when its publisher says which images are for testing. */
  readonly official?: boolean;
  /** True when its images have bounding boxes. */
  readonly boxes?: boolean;
  /** True when it is a tree of folders, whose names say what they are. */
  readonly folders?: boolean;
  /**
   * Lists the images under a folder, or in an archive, and checks what can be checked without decoding.
   *
   * @throws FailureError when it is not what the source expects
   */
  open(root: string, opening?: Opening): Promise<ImageSet>;
}

/** Failure code of an image that can't be decoded: `on_bad_image: skip` forgives this one only. */
export const BAD_IMAGE = 'bad-image';
