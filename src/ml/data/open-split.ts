import { closeSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { FailureError } from '../../core/failure.ts';
import { doubleAt } from '../../util/at.ts';
import type { RgbImage } from '../augment/image.ts';
import type { DecodedSplit, EncodedSplit, PictureFile, View } from './packed.ts';
import { alignedBytes, failDamaged, openPixels, openSized, parseJson, type PixelFile } from './packed-files.ts';
import type { Box } from './pictures/box.ts';
import { decodeFile } from './pictures/image-file.ts';
import { viewOf, type ViewFormat } from './views.ts';

const readInto = promisify(read);

/** What a split should be. */
export interface SplitSpec {
  /** `<folder>/<split>`. */
  readonly path: string;
  readonly count: number;
  readonly classes: number;
}

/** What a split has in either form, read when it is first asked for. */
class SplitFiles {
  readonly count: number;
  readonly labels: Int32Array;
  readonly path: string;
  #names: readonly string[] | undefined;

  constructor({ path, count, classes }: SplitSpec) {
    this.path = path;
    this.count = count;
    const file = `${path}.labels`;
    this.labels = new Int32Array(alignedBytes(file, count * 4));
    if (!this.labels.every((label) => label >= 0 && label < classes)) failDamaged(file, 'has a label without a class');
  }

  get names(): readonly string[] {
    if (this.#names) return this.#names;
    const names = parseJson(`${this.path}.names`);
    if (!Array.isArray(names) || names.length !== this.count)
      failDamaged(`${this.path}.names`, `is no list of ${this.count}`);
    return (this.#names = names as string[]);
  }

  protected requireIndex(index: number): void {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`no image ${index} in a split of ${this.count}`);
  }
}

/** Where the pictures of a view lie, checked: its file has so many bytes. */
function openIndex(path: string, count: number): PictureFile {
  const file = `${path}.index`;
  const index = new Float64Array(alignedBytes(file, count * 24));
  let end = 0;
  for (let entry = 0; entry < index.length; entry += 3) {
    if (index[entry] !== end)
      failDamaged(file, `image ${entry / 3} starts at ${doubleAt(index, entry)} instead of ${end}`);
    end += doubleAt(index, entry + 1) * doubleAt(index, entry + 2) * 3;
  }
  return { path: `${path}.pixels`, bytes: end, index };
}

/** A split whose pixels are kept. */
export class OpenDecoded extends SplitFiles implements DecodedSplit {
  readonly keep = 'decoded';
  readonly #inMemory: number;
  readonly #files = new Map<View, PictureFile>();
  readonly #pixels = new Map<View, PixelFile>();

  /**
   * Opens labels; views are opened when they are first read.
   *
   * @param spec - where it lies, and what it should be
   * @param inMemory - largest view, in bytes, that is read at once
   */
  constructor(spec: SplitSpec, inMemory: number) {
    super(spec);
    this.#inMemory = inMemory;
  }

  image(view: View, index: number): RgbImage {
    const { height, width } = this.size(view, index);
    const offset = doubleAt(this.#file(view).index, index * 3);
    return { pixels: this.#open(view).read(offset, height * width * 3), height, width };
  }

  size(view: View, index: number): Pick<RgbImage, 'height' | 'width'> {
    this.requireIndex(index);
    const { index: entries } = this.#file(view);
    return { height: doubleAt(entries, index * 3 + 1), width: doubleAt(entries, index * 3 + 2) };
  }

  file(view: View): PictureFile {
    const file = this.#file(view);
    closeSync(openSized(file.path, file.bytes));
    return file;
  }

  #file(view: View): PictureFile {
    const known = this.#files.get(view);
    if (known) return known;
    const file = openIndex(`${this.path}.${view}`, this.count);
    this.#files.set(view, file);
    return file;
  }

  #open(view: View): PixelFile {
    const known = this.#pixels.get(view);
    if (known) return known;
    const { path, bytes } = this.#file(view);
    const opened = openPixels(path, bytes, this.#inMemory);
    this.#pixels.set(view, opened);
    return opened;
  }

  close(): void {
    for (const pixels of this.#pixels.values()) pixels.close();
    this.#pixels.clear();
    this.#files.clear();
  }
}

/** The archive of a split's files, opened and checked. */
interface Archive {
  readonly descriptor: number;
  /** Triples: offset, CRC-32 of the `train` view, CRC-32 of the `eval` view; then the end. */
  readonly index: Float64Array;
  /** Quadruples; empty where whole pictures count. */
  readonly boxes: Float64Array;
}

function openArchive(path: string, count: number): Archive {
  const file = `${path}.files.index`;
  const index = new Float64Array(alignedBytes(file, count * 24 + 8));
  for (let image = 0; image < count; image++) {
    const [from, to] = [doubleAt(index, image * 3), doubleAt(index, image * 3 + 3)];
    if (!(Number.isSafeInteger(to) && from < to && (image > 0 || from === 0)))
      failDamaged(file, `image ${image} is said to lie between ${from} and ${to}`);
  }
  const boxes = new Float64Array(alignedBytes(`${path}.files.boxes`, count * 32, true));
  return { descriptor: openSized(`${path}.files`, doubleAt(index, count * 3)), index, boxes };
}

/** A split whose files are kept. */
export class OpenEncoded extends SplitFiles implements EncodedSplit {
  readonly keep = 'encoded';
  readonly #format: ViewFormat;
  #archive: Archive | undefined;

  /**
   * Opens labels; the archive is opened when it is first read.
   *
   * @param spec - where it lies, and what it should be
   * @param format - of the views
   */
  constructor(spec: SplitSpec, format: ViewFormat) {
    super(spec);
    this.#format = format;
  }

  async image(view: View, index: number): Promise<RgbImage> {
    this.requireIndex(index);
    const archive = (this.#archive ??= openArchive(this.path, this.count));
    const box = archive.boxes.length === 0 ? undefined : archive.boxes.subarray(index * 4, index * 4 + 4);
    const bytes = await this.#bytes(archive, index);
    const picture = await this.#decode(bytes, index, box && ([...box] as unknown as Box));
    const image = viewOf(view, picture, this.#format);
    const sum = doubleAt(archive.index, index * 3 + (view === 'train' ? 1 : 2));
    return crc32(image.pixels) === sum ? image : this.#refuseOther(index);
  }

  async #bytes({ descriptor, index }: Archive, image: number): Promise<Buffer> {
    const offset = doubleAt(index, image * 3);
    const length = doubleAt(index, image * 3 + 3) - offset;
    const { buffer, bytesRead } = await readInto(descriptor, Buffer.allocUnsafe(length), 0, length, offset);
    return bytesRead === length ? buffer : failDamaged(`${this.path}.files`, `ends at ${offset + bytesRead}`);
  }

  async #decode(bytes: Buffer, index: number, box: Box | undefined): Promise<RgbImage> {
    try {
      return await decodeFile(`image ${index}`, bytes, box);
    } catch (error) {
      // It could be decoded when it was packed.
      if (!(error instanceof FailureError)) throw error;
      return failDamaged(`${this.path}.files`, `${this.names[index] ?? ''}: ${error.message}`);
    }
  }

  #refuseOther(index: number): never {
    return failDamaged(
      `${this.path}.files`,
      `${this.names[index] ?? ''} does not give the pixels that it gave when it was packed: its bytes have changed, or another version of sharp decodes them`,
    );
  }

  close(): void {
    if (this.#archive) closeSync(this.#archive.descriptor);
    this.#archive = undefined;
  }
}
