import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { RgbImage } from '../../augment/image.ts';
import type { Keep, Split } from '../packed.ts';
import type { Box } from '../pictures/box.ts';
import { DigestTape, FileTape, type Tape, type TapeMark } from './tape.ts';
import { rowOf, ViewWriter } from './view-writer.ts';

/** One image on its way into a packed set. */
export interface PackedImage {
  readonly name: string;
  readonly label: number;
  readonly train: RgbImage;
  readonly eval: RgbImage;
  /** Its file, and what counts of the picture, where files are kept. */
  readonly file?: { readonly bytes: Uint8Array; readonly box?: Box | undefined };
}

/** How far the tapes of a split are, by the names of their files. */
export type SplitMarks = Readonly<Record<string, TapeMark>>;

/** What the decoded form consists of. */
const PIXELS = ['train.pixels', 'train.index', 'eval.pixels', 'eval.index'] as const;

function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/**
 * Writes one split. Where files are kept, the files of the decoded form are not written, but their digests are made: the
 * two forms stand for the same pictures.
 */
export class SplitWriter {
  readonly #split: Split;
  readonly #keep: Keep;
  readonly #tapes = new Map<string, Tape>();

  private constructor(split: Split, keep: Keep) {
    this.#split = split;
    this.#keep = keep;
  }

  /**
   * Opens all files of a split.
   *
   * @param folder - where they lie
   * @param of - split and form
   * @param of.split - its name
   * @param of.keep - pixels or files
   * @param marks - where to go on; from the beginning by default
   * @returns the writer; close it
   */
  static async open(
    folder: string,
    { split, keep }: { readonly split: Split; readonly keep: Keep },
    marks: SplitMarks = {},
  ): Promise<SplitWriter> {
    const writer = new SplitWriter(split, keep);
    const file = async (name: string): Promise<void> => {
      const full = `${split}.${name}`;
      writer.#tapes.set(name, await FileTape.open(join(folder, full), marks[full]));
    };
    const names = ['labels', 'names'];
    if (keep === 'decoded') names.push(...PIXELS);
    else names.push('files', 'files.index', 'files.boxes');
    for (const name of names) await file(name);
    if (keep === 'encoded')
      for (const name of PIXELS) writer.#tapes.set(name, new DigestTape(marks[`${split}.${name}`]));
    return writer;
  }

  #tape(name: string): Tape {
    const tape = this.#tapes.get(name);
    if (!tape) throw new Error(`split ${this.#split} has no ${name}`);
    return tape;
  }

  /**
   * Appends an image.
   *
   * @param image - kept until it is written: don't change it
   */
  add(image: PackedImage): void {
    const names = this.#tape('names');
    names.append(Buffer.from(`${names.length === 0 ? '[' : ','}${JSON.stringify(image.name)}`));
    this.#tape('labels').append(int32(image.label));
    for (const view of ['train', 'eval'] as const)
      new ViewWriter(this.#tape(`${view}.pixels`), this.#tape(`${view}.index`)).add(image[view]);
    if (this.#keep === 'encoded') this.#addFile(image);
  }

  #addFile({ name, file, train, eval: evaluation }: PackedImage): void {
    if (!file) throw new Error(`${name} is no file of its own`);
    const files = this.#tape('files');
    this.#tape('files.index').append(rowOf(files.length, crc32(train.pixels), crc32(evaluation.pixels)));
    files.append(file.bytes);
    if (file.box) this.#tape('files.boxes').append(rowOf(...file.box));
  }

  /** Writes what is collected, where it is much. */
  async settle(): Promise<void> {
    for (const tape of this.#tapes.values()) await tape.settle();
  }

  /**
   * Brings everything to the disk.
   *
   * @returns where another writer goes on
   */
  async marks(): Promise<SplitMarks> {
    const marks: Record<string, TapeMark> = {};
    for (const [name, tape] of this.#tapes) marks[`${this.#split}.${name}`] = await tape.mark();
    return marks;
  }

  /**
   * Writes what comes after the last image.
   *
   * @returns digests of the files that the decoded form has and this one has not, by their names
   */
  async finish(): Promise<Readonly<Record<string, string>>> {
    const names = this.#tape('names');
    names.append(Buffer.from(names.length === 0 ? '[]\n' : ']\n'));
    if (this.#keep === 'encoded') this.#tape('files.index').append(rowOf(this.#tape('files').length));
    await this.marks();
    const digests: Record<string, string> = {};
    for (const [name, tape] of this.#tapes)
      if (tape instanceof DigestTape) digests[`${this.#split}.${name}`] = tape.digest();
    return digests;
  }

  /** Closes the files, finished or not. */
  async close(): Promise<void> {
    for (const tape of this.#tapes.values()) await tape.close();
  }
}
