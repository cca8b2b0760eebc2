import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../core/failure.ts';
import { doubleAt } from '../../util/at.ts';
import { SPLITS } from './split.ts';
import type { PackedDataset, PackedManifest, PackedSplit, Split, View } from './packed.ts';

/** Views up to this many bytes are read into memory; larger ones stay on disk and in the page cache. */
const IN_MEMORY = 256 * 2 ** 20;

function failDamaged(file: string, message: string): never {
  return fail({
    code: 'damaged-dataset',
    message: `packed dataset ${file}: ${message}`,
    place: { file },
    expected: 'a folder as the dataset stage wrote it',
    fix: 'run `kdpipe verify`, then the dataset stage again with --force',
  });
}

function fileBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    return failDamaged(file, `can't be read: ${(error as Error).message}`);
  }
}

function parseJson(file: string): unknown {
  const text = fileBytes(file).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return failDamaged(file, 'is not JSON');
  }
}

/** The bytes of a file in an own, aligned buffer. */
function alignedBytes(file: string): ArrayBuffer {
  const bytes = fileBytes(file);
  return new Uint8Array(bytes).buffer;
}

/** One view's file: gives `length` bytes from `offset`. */
interface PixelFile {
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

function pixelFile(file: string, inMemory: number): { size: number; pixels: PixelFile } {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    return failDamaged(file, `can't be read: ${(error as Error).message}`);
  }
  const { size } = fstatSync(descriptor);
  if (size <= inMemory) {
    const all = readFileSync(descriptor);
    closeSync(descriptor);
    return {
      size,
      pixels: { read: (offset, length) => all.subarray(offset, offset + length), close: () => undefined },
    };
  }
  let shared = new Uint8Array(0);
  const read = (offset: number, length: number): Uint8Array => {
    if (shared.length < length) shared = new Uint8Array(length);
    const got = readSync(descriptor, shared, 0, length, offset);
    return got === length ? shared.subarray(0, length) : failDamaged(file, `ends at ${offset + got}`);
  };
  return { size, pixels: { read, close: () => closeSync(descriptor) } };
}

/** One view of a split, opened and checked. */
interface OpenView {
  readonly index: Float64Array;
  readonly pixels: PixelFile;
}

function openView(path: string, count: number, inMemory: number): OpenView {
  const file = `${path}.index`;
  const bytes = alignedBytes(file);
  if (bytes.byteLength !== count * 24) failDamaged(file, `has ${bytes.byteLength} bytes instead of ${count * 24}`);
  const index = new Float64Array(bytes);
  let end = 0;
  for (let entry = 0; entry < index.length; entry += 3) {
    if (index[entry] !== end)
      failDamaged(file, `image ${entry / 3} starts at ${doubleAt(index, entry)} instead of ${end}`);
    end += doubleAt(index, entry + 1) * doubleAt(index, entry + 2) * 3;
  }
  const { size, pixels } = pixelFile(`${path}.pixels`, inMemory);
  if (size === end) return { index, pixels };
  pixels.close();
  return failDamaged(`${path}.pixels`, `has ${size} bytes instead of ${end}`);
}

/** A split's parts, opened when first asked for. */
class OpenSplit implements PackedSplit {
  readonly count: number;
  readonly labels: Int32Array;
  readonly #path: string;
  readonly #inMemory: number;
  readonly #views = new Map<View, OpenView>();
  #names: readonly string[] | undefined;

  constructor(path: string, of: { count: number; classes: number; inMemory: number }) {
    this.#path = path;
    this.#inMemory = of.inMemory;
    this.count = of.count;
    const file = `${path}.labels`;
    const bytes = alignedBytes(file);
    if (bytes.byteLength !== of.count * 4)
      failDamaged(file, `has ${bytes.byteLength} bytes instead of ${of.count * 4}`);
    this.labels = new Int32Array(bytes);
    if (!this.labels.every((label) => label >= 0 && label < of.classes))
      failDamaged(file, 'has a label without a class');
  }

  get names(): readonly string[] {
    if (this.#names) return this.#names;
    const names = parseJson(`${this.#path}.names`);
    if (!Array.isArray(names) || names.length !== this.count)
      failDamaged(`${this.#path}.names`, `is no list of ${this.count}`);
    return (this.#names = names as string[]);
  }

  image(view: View, index: number): { pixels: Uint8Array; height: number; width: number } {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`no image ${index} in a split of ${this.count}`);
    const opened = this.#view(view);
    const offset = doubleAt(opened.index, index * 3);
    const height = doubleAt(opened.index, index * 3 + 1);
    const width = doubleAt(opened.index, index * 3 + 2);
    return { pixels: opened.pixels.read(offset, height * width * 3), height, width };
  }

  #view(view: View): OpenView {
    const known = this.#views.get(view);
    if (known) return known;
    const opened = openView(`${this.#path}.${view}`, this.count, this.#inMemory);
    this.#views.set(view, opened);
    return opened;
  }

  close(): void {
    for (const { pixels } of this.#views.values()) pixels.close();
    this.#views.clear();
  }
}

function isManifest(value: unknown): value is PackedManifest {
  const manifest = value as Partial<PackedManifest> | null;
  if (manifest?.format !== 1 || !Array.isArray(manifest.classes)) return false;
  const splits = (manifest.splits ?? {}) as Partial<PackedManifest['splits']>;
  return SPLITS.every((split) => Number.isSafeInteger(splits[split]?.count));
}

/**
 * Opens a packed dataset. Splits and views are opened and checked when they are first used.
 *
 * @param folder - absolute path of the `data` output of a dataset stage
 * @param inMemory - largest view, in bytes, that is read into memory rather than from disk image by image
 * @returns the dataset; close it to release its file descriptors
 * @throws FailureError `damaged-dataset` here or on first use when files are missing, cut short or contradict each other
 */
export function openPacked(folder: string, inMemory: number = IN_MEMORY): PackedDataset {
  const file = join(folder, 'dataset.json');
  const manifest = parseJson(file);
  if (!isManifest(manifest)) return failDamaged(file, 'is not the manifest of a packed dataset');
  const opened = new Map<Split, OpenSplit>();
  const split = (name: Split): PackedSplit => {
    const known = opened.get(name);
    if (known) return known;
    const { count } = manifest.splits[name];
    const fresh = new OpenSplit(join(folder, name), { count, classes: manifest.classes.length, inMemory });
    opened.set(name, fresh);
    return fresh;
  };
  return { manifest, split, close: () => opened.forEach((part) => part.close()) };
}
