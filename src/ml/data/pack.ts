import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError, fail } from '../../core/failure.ts';
import { at } from '../../util/at.ts';
import { centreCrop, cropImage } from '../augment/crop.ts';
import type { RgbImage } from '../augment/image.ts';
import { resizeShorterSide, sizeWithShorterSide, type Interpolation } from '../augment/resize.ts';
import { Duplicates, type DuplicateCounts } from './duplicates.ts';
import { Oddities } from './oddities.ts';
import { inOrder } from './ordered.ts';
import type { PackedManifest, Split } from './packed.ts';
import { BAD_IMAGE, type ImageSet, type SourceImage, type SourcePicture } from './source.ts';
import { SPLITS, splitImages, type SplitOptions } from './split.ts';
import { IMAGENET, RunningStatistics, type ChannelStatistics } from './statistics.ts';
import { ViewWriter } from './view-writer.ts';

/** Longest `train` view of an image, in pixels: a guard against 1×100,000 images. */
const LARGEST_VIEW = 2 ** 26;

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
  /** Images decoded side by side. */
  readonly threads: number;
}

/** How packing is watched and stopped. */
export interface PackObserver {
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
  readonly warn: (message: string) => void;
}

/** One image in both views. */
interface Views {
  readonly train: RgbImage;
  readonly eval: RgbImage;
}

/** One image, decoded and resized. */
interface Prepared {
  readonly picture: SourcePicture;
  readonly views: Views;
}

/** What was packed, and what was left out. */
export interface Packed {
  readonly manifest: PackedManifest;
  /** Names of images that could not be decoded, in order. */
  readonly skipped: readonly string[];
  /** Images that were decoded although they are damaged. */
  readonly damaged: number;
  readonly duplicates: DuplicateCounts;
}

/** R: side that random crops of S×S are taken from. */
function trainSize(imageSize: number): number {
  return Math.trunc(1.1 * imageSize);
}

/** Both views of a decoded picture. */
function viewsOf(image: RgbImage, imageSize: number, name: string, options: PackOptions): Views {
  const { interpolation, cropPct } = options;
  const size = sizeWithShorterSide(image, trainSize(imageSize));
  if (size.height * size.width > LARGEST_VIEW) {
    fail({
      code: BAD_IMAGE,
      message: `${name} is ${image.width}×${image.height} pixels: too long and thin to be resized`,
      expected: `at most ${LARGEST_VIEW} pixels when its shorter side is ${trainSize(imageSize)}`,
      fix: 'crop or remove it, or set on_bad_image: skip',
    });
  }
  const small = resizeShorterSide(image, Math.floor(imageSize / cropPct), interpolation);
  return {
    train: resizeShorterSide(image, trainSize(imageSize), interpolation),
    eval: cropImage(small, centreCrop(small, imageSize), imageSize),
  };
}

/** Decodes and resizes; undefined for a bad image that may be skipped. */
async function prepare(image: SourceImage, imageSize: number, options: PackOptions): Promise<Prepared | undefined> {
  try {
    const picture = await image.read();
    return { picture, views: viewsOf(picture, imageSize, image.name, options) };
  } catch (error) {
    const isBad = error instanceof FailureError && error.failures.every(({ code }) => code === BAD_IMAGE);
    if (isBad && options.onBadImage === 'skip') return undefined;
    throw error;
  }
}

/** Files of one split, being written. */
interface SplitFiles {
  readonly train: ViewWriter;
  readonly eval: ViewWriter;
  readonly labels: number[];
  readonly names: string[];
}

async function finishSplit(path: string, files: SplitFiles): Promise<void> {
  await files.train.finish();
  await files.eval.finish();
  await writeFile(`${path}.labels`, Buffer.from(Int32Array.from(files.labels).buffer));
  await writeFile(`${path}.names`, `${JSON.stringify(files.names)}\n`);
}

/** One packing under way. */
class Packing {
  readonly #set: ImageSet;
  readonly #folder: string;
  readonly #options: PackOptions;
  readonly #observer: PackObserver;
  readonly #imageSize: number;
  readonly #statistics = new RunningStatistics();
  readonly #skipped: string[] = [];
  readonly #duplicates = new Duplicates();
  readonly #oddities = new Oddities();
  #done = 0;
  #total = 0;

  constructor(set: ImageSet, folder: string, options: PackOptions, observer: PackObserver) {
    this.#set = set;
    this.#folder = folder;
    this.#options = options;
    this.#observer = observer;
    this.#imageSize = options.imageSize ?? set.naturalSize;
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
    await mkdir(this.#folder, { recursive: true });
    const counts = {
      train: await this.#write('train', chosen.train),
      val: await this.#write('val', chosen.val),
      test: await this.#write('test', chosen.test),
    };
    const { meanStd } = this.#options;
    const given = meanStd === 'imagenet' ? IMAGENET : meanStd;
    const { mean, std } = given === 'data' ? this.#statistics.result() : given;
    const sizes = { imageSize: this.#imageSize, trainSize: trainSize(this.#imageSize) };
    const { interpolation, cropPct } = this.#options;
    const manifest: PackedManifest = {
      ...{ format: 1, classes, ...sizes, mean, std },
      ...(interpolation !== 'bilinear' && { interpolation }),
      ...(cropPct !== 1 && { cropPct }),
      splits: counts,
    };
    await writeFile(join(this.#folder, 'dataset.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const found = [...this.#oddities.texts(), this.#duplicates.text()];
    for (const text of found) if (text !== undefined) this.#observer.warn(text);
    const { damaged } = this.#oddities;
    return { manifest, skipped: this.#skipped, damaged, duplicates: this.#duplicates.counts() };
  }

  async #write(split: Split, indices: readonly number[]): Promise<PackedManifest['splits'][Split]> {
    const path = join(this.#folder, split);
    const train = await ViewWriter.create(`${path}.train`);
    const evaluation = await ViewWriter.create(`${path}.eval`);
    const files = { train, eval: evaluation, labels: [], names: [] };
    try {
      await this.#fill(split, indices, files);
      await finishSplit(path, files);
    } finally {
      await train.close();
      await evaluation.close();
    }
    return this.#counted(split, files.labels, indices.length);
  }

  async #fill(split: Split, indices: readonly number[], files: SplitFiles): Promise<void> {
    const images = indices.flatMap((index) => this.#set.images[index] ?? []);
    const results = inOrder(images, 2 * this.#options.threads, async (image) => {
      this.#observer.signal.throwIfAborted();
      return { image, prepared: await prepare(image, this.#imageSize, this.#options) };
    });
    for await (const { image, prepared } of results) {
      this.#observer.progress(++this.#done, this.#total);
      if (!prepared) {
        this.#skipped.push(image.name);
        this.#observer.warn(`${image.name} can't be decoded and was skipped`);
        continue;
      }
      const { picture, views } = prepared;
      this.#duplicates.add(picture, split, image.label);
      this.#oddities.add(image.name, picture.oddities ?? []);
      if (split === 'train' && this.#options.meanStd === 'data') this.#statistics.add(views.train);
      files.labels.push(image.label);
      files.names.push(image.name);
      await files.train.add(views.train);
      await files.eval.add(views.eval);
    }
  }

  /** Counts a split's labels; skipping may have emptied a class. */
  #counted(split: Split, labels: readonly number[], wanted: number): PackedManifest['splits'][Split] {
    const perClass = this.#set.classes.map(() => 0);
    for (const label of labels) perClass[label] = at(perClass, label) + 1;
    const empty = wanted > 0 ? perClass.indexOf(0) : -1;
    if (empty >= 0) {
      fail({
        code: 'class-without-images',
        message: `class ${this.#set.classes[empty] ?? ''} has no image in the ${split} split that can be decoded`,
        expected: 'at least one image of every class in every split',
        fix: 'replace the images that the warnings name',
      });
    }
    return { count: labels.length, perClass };
  }
}

/**
 * Splits, decodes and resizes a set once, into the packed form that `openPacked` reads. The bytes written depend on
 * the set and the options alone, not on timing or threads.
 *
 * @param set - the listed images
 * @param folder - created where missing; absolute path
 * @param options - size, splits, statistics
 * @param observer - progress, warnings, abort signal
 * @returns the manifest as written, and the names of images left out
 * @throws FailureError on a bad image (unless they are skipped) or a split that would lack a class
 */
export function pack(set: ImageSet, folder: string, options: PackOptions, observer: PackObserver): Promise<Packed> {
  return new Packing(set, folder, options, observer).run();
}
