import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/failure.ts';
import { at } from '../../util/at.ts';
import type { Interpolation } from '../augment/resize.ts';
import type { DuplicateCounts } from './duplicates.ts';
import { inOrder } from '../../util/ordered.ts';
import type { Keep, PackedManifest, Split } from './packed.ts';
import { decodedForm, manifestText } from './packing/decoded-form.ts';
import { Ledger } from './packing/ledger.ts';
import { prepare } from './packing/prepare.ts';
import { SplitWriter } from './packing/split-writer.ts';
import type { ImageSet } from './source.ts';
import { SPLITS, splitImages, type SplitOptions } from './split.ts';
import { IMAGENET, type ChannelStatistics } from './statistics.ts';
import { trainSize, type ViewFormat } from './views.ts';

/** Milliseconds of work after which it is kept. */
const PIECE = 10_000;

/** How a set is packed. */
export interface PackOptions {
  /** S: side of a network's input, in pixels; null = the source's natural size. */
  readonly imageSize: number | null;
  readonly split: SplitOptions;
  readonly meanStd: 'imagenet' | 'data' | ChannelStatistics;
  readonly onBadImage: 'fail' | 'skip';
  readonly interpolation: Interpolation;
  /** S by the shorter side that centre crops are cut from. */
  readonly cropPct: number;
  /** What is kept of each image. */
  readonly keep: Keep;
  /** Images decoded side by side. */
  readonly threads: number;
  /** Milliseconds of work that a packing which is killed may lose; ten seconds by default. */
  readonly piece?: number;
}

/** How packing is watched and stopped. */
export interface PackObserver {
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
  readonly warn: (message: string) => void;
}

/** What was packed, and what was left out. */
export interface Packed {
  readonly manifest: PackedManifest;
  /** Names of images that could not be decoded, in order. */
  readonly skipped: readonly string[];
  /** Images that were decoded although they are damaged. */
  readonly damaged: number;
  readonly duplicates: DuplicateCounts;
  /** Of files: SHA-256 of what the decoded form of the same pictures consists of, by name. */
  readonly decodedForm?: Readonly<Record<string, string>>;
}

/** A split that is being packed. */
interface Filling {
  readonly split: Split;
  readonly writer: SplitWriter;
  readonly perClass: number[];
  taken: number;
}

/** One packing under way. */
class Packing {
  readonly #set: ImageSet;
  readonly #folder: string;
  readonly #options: PackOptions;
  readonly #observer: PackObserver;
  readonly #format: ViewFormat;
  readonly #ledger: Ledger;
  #saved = performance.now();
  #done = 0;
  #total = 0;

  constructor(set: ImageSet, folder: string, how: readonly [PackOptions, PackObserver], ledger: Ledger) {
    [this.#set, this.#folder, this.#ledger] = [set, folder, ledger];
    [this.#options, this.#observer] = how;
    const { imageSize, interpolation, cropPct } = this.#options;
    this.#format = { imageSize: imageSize ?? set.naturalSize, interpolation, cropPct };
  }

  async run(): Promise<Packed> {
    const { classes, images, notes = [], advice } = this.#set;
    for (const note of notes) this.#observer.warn(note);
    const chosen = splitImages(images, classes, this.#options.split, advice);
    for (const name of SPLITS) {
      const limit = this.#options.split.limit[name];
      const { length } = chosen[name];
      if (limit !== undefined && limit > length) {
        this.#observer.warn(`limit.${name} is ${limit}, but the split has ${length} images: all are used`);
      }
    }
    this.#total = SPLITS.reduce((sum, split) => sum + chosen[split].length, 0);
    const counts = {
      train: await this.#write('train', chosen.train),
      val: await this.#write('val', chosen.val),
      test: await this.#write('test', chosen.test),
    };
    return this.#finish(counts);
  }

  async #finish(splits: PackedManifest['splits']): Promise<Packed> {
    const manifest = this.#manifest(splits);
    await writeFile(join(this.#folder, 'dataset.json'), manifestText(manifest));
    const { oddities, duplicates, skipped, digests } = this.#ledger;
    const { counts, text } = duplicates.result();
    for (const found of [...oddities.texts(), text]) if (found !== undefined) this.#observer.warn(found);
    const packed = { manifest, skipped, damaged: oddities.counts.damaged, duplicates: counts };
    const decoded = manifest.format === 2 && (await decodedForm(this.#folder, manifest, digests));
    await this.#ledger.finish();
    return { ...packed, ...(decoded && { decodedForm: decoded }) };
  }

  #manifest(splits: PackedManifest['splits']): PackedManifest {
    const { meanStd, keep } = this.#options;
    const { imageSize, interpolation, cropPct } = this.#format;
    const given = meanStd === 'imagenet' ? IMAGENET : meanStd;
    const { mean, std } = given === 'data' ? this.#ledger.statistics.result() : given;
    return {
      ...{ format: keep === 'decoded' ? 1 : 2, classes: this.#set.classes },
      ...{ imageSize, trainSize: trainSize(imageSize), mean, std },
      ...(interpolation !== 'bilinear' && { interpolation }),
      ...(cropPct !== 1 && { cropPct }),
      splits,
    };
  }

  async #write(split: Split, indices: readonly number[]): Promise<PackedManifest['splits'][Split]> {
    const { splits, resumed } = this.#ledger;
    const known = splits[split];
    if (known) {
      this.#done += indices.length;
      return known;
    }
    const before = resumed?.split === split ? resumed : undefined;
    const writer = await SplitWriter.open(this.#folder, { split, keep: this.#options.keep }, before?.marks);
    const perClass = this.#set.classes.map((_, label) => before?.perClass[label] ?? 0);
    const filling = { split, writer, perClass, taken: before?.taken ?? 0 };
    this.#done += filling.taken;
    try {
      await this.#fill(filling, indices);
      Object.assign(this.#ledger.digests, await writer.finish());
    } finally {
      await writer.close();
    }
    splits[split] = this.#counted(split, perClass, indices.length);
    await this.#ledger.save(null);
    return splits[split];
  }

  async #fill(filling: Filling, indices: readonly number[]): Promise<void> {
    const { images } = this.#set;
    const results = inOrder(indices.slice(filling.taken), 2 * this.#options.threads, async (index) => {
      this.#observer.signal.throwIfAborted();
      const image = at(images, index);
      return { image, prepared: await prepare(image, this.#format, this.#options) };
    });
    try {
      for await (const { image, prepared } of results) {
        this.#add(filling, image.name, prepared);
        await filling.writer.settle();
        if (performance.now() - this.#saved >= (this.#options.piece ?? PIECE)) await this.#save(filling);
      }
    } catch (error) {
      if (this.#observer.signal.aborted) await this.#save(filling);
      throw error;
    }
  }

  #add(filling: Filling, name: string, prepared: Awaited<ReturnType<typeof prepare>>): void {
    const { split, writer, perClass } = filling;
    filling.taken++;
    this.#observer.progress(++this.#done, this.#total);
    if (!prepared) {
      this.#ledger.skipped.push(name);
      this.#observer.warn(`${name} can't be decoded and was skipped`);
      return;
    }
    const { picture, packed } = prepared;
    const { label, train } = packed;
    this.#ledger.note(picture, { name, split, label });
    if (split === 'train' && this.#options.meanStd === 'data') this.#ledger.statistics.add(train);
    perClass[label] = at(perClass, label) + 1;
    writer.add(packed);
  }

  async #save({ split, taken, perClass, writer }: Filling): Promise<void> {
    await this.#ledger.save({ split, taken, perClass, marks: await writer.marks() });
    this.#saved = performance.now();
  }

  /** Counts a split's images; skipping may have emptied a class. */
  #counted(split: Split, perClass: readonly number[], wanted: number): PackedManifest['splits'][Split] {
    const empty = wanted > 0 ? perClass.indexOf(0) : -1;
    if (empty >= 0) {
      fail({
        code: 'class-without-images',
        message: `class ${this.#set.classes[empty] ?? ''} has no image in the ${split} split that can be decoded`,
        expected: 'at least one image of every class in every split',
        fix: 'replace the images that the warnings name',
      });
    }
    return { count: perClass.reduce((sum, count) => sum + count, 0), perClass };
  }
}

/** Codes of a disk that takes no more. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/**
 * Splits, decodes and resizes a set once, into the packed form that `openPacked` reads. The bytes written depend on
 * the set and the options alone, not on timing or threads. What a killed packing has left in the folder is gone on with,
 * where set and options are the same.
 *
 * @param set - the listed images
 * @param folder - created where missing; what else is in it is removed; absolute path. Until it is whole, `<folder>.ledger` says how far it is
 * @param options - size, splits, statistics, form
 * @param observer - progress, warnings, abort signal
 * @returns the manifest as written, and the names of images left out
 * @throws FailureError on a bad image (unless they are skipped), a split that would lack a class, or a full disk, which is
 *   then given back what was packed
 */
export async function pack(
  set: ImageSet,
  folder: string,
  options: PackOptions,
  observer: PackObserver,
): Promise<Packed> {
  const { threads: _threads, piece: _piece, ...setup } = options;
  const names = [set.images.length, set.images[0]?.name, set.images.at(-1)?.name];
  const ledger = await Ledger.open(folder, JSON.stringify([setup, set.classes, names]));
  try {
    return await new Packing(set, folder, [options, observer], ledger).run();
  } catch (error) {
    if (!FULL.includes((error as NodeJS.ErrnoException).code)) throw error;
    await ledger.finish();
    await rm(folder, { recursive: true, force: true });
    return fail({
      code: 'disk-full',
      message: `the disk is full while packing ${set.images.length} images (${(error as Error).message})`,
      place: { file: folder },
      expected: 'room for the packed set',
      fix: `free space, e.g. with kdpipe gc${options.keep === 'decoded' ? ', or write keep: encoded, which takes no more than the files themselves' : ''}`,
    });
  } finally {
    await ledger.close();
  }
}
