import { appendFileSync } from 'node:fs';
import { rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { chooseKeep, estimateSize } from '../../ml/data/keep.ts';
import { pack, type Packed, type PackOptions } from '../../ml/data/pack.ts';
import type { Keep, Split } from '../../ml/data/packed.ts';
import { decoderVersions } from '../../ml/data/pictures/decode.ts';
import { datasets } from '../../ml/data/registry.ts';
import type { ImageSet } from '../../ml/data/source.ts';
import { SPLITS, type SplitOptions } from '../../ml/data/split.ts';
import { decodeParams, type DecodedParams } from '../../params/decode-params.ts';
import { inputOf, StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { datasetParams, datasetRequired } from './params.ts';

/** Milliseconds between two progress messages. */
const CADENCE = 200;

const DECLARATION = { params: datasetParams, required: datasetRequired } as const;
const REGISTRIES = { datasets };

type Params = DecodedParams<typeof DECLARATION, typeof REGISTRIES>;

/** The split, and whether the test images are the publisher's; the plan has written its words out. */
function splitOf({ split, limit = {} }: Params): { readonly official: boolean; readonly split: SplitOptions } {
  if (typeof split === 'string') throw new Error(`parameter split is ${split}`);
  const official = split.test === 'official';
  return { official, split: { val: split.val, test: official ? 0 : Number(split.test), seed: split.seed, limit } };
}

function packOptions(params: Params, threads: number, keep: Keep): PackOptions {
  const { meanStd: statistics, imageSize, onBadImage, interpolation, cropPct } = params;
  return {
    imageSize,
    split: splitOf(params).split,
    meanStd: typeof statistics === 'string' ? statistics : { mean: statistics[0], std: statistics[1] },
    ...{ onBadImage, interpolation, cropPct, keep },
    threads,
  };
}

/** A progress callback that reports at most every {@link CADENCE} milliseconds, and at the end. */
function reporter(tell: StageContext['tell'], unit: 'images' | 'bytes'): (done: number, total: number) => void {
  const start = performance.now();
  let last = start;
  return (done, total) => {
    const now = performance.now();
    if (now - last < CADENCE && done < total) return;
    last = now;
    const rate = (1000 * done) / Math.max(now - start, 1);
    const rates = unit === 'images' ? { imagesPerSecond: rate } : { bytesPerSecond: rate };
    tell({ type: 'progress', done, total, unit, ...rates, eta: (total - done) / rate });
  };
}

function metricsOf({ unread = {} }: ImageSet, { manifest, skipped, damaged, duplicates }: Packed): JsonObject {
  const unreadCount = Object.values(unread).reduce((sum, count) => sum + count, 0);
  return {
    classes: manifest.classes.length,
    image_size: manifest.imageSize,
    ...Object.fromEntries(SPLITS.map((split) => [split, { images: manifest.splits[split].count }])),
    mean: manifest.mean,
    std: manifest.std,
    skipped: skipped.length + unreadCount,
    ...(skipped.length > 0 && { skipped_images: skipped }),
    ...(unreadCount > 0 && { skipped_formats: unread }),
    damaged,
    duplicates: duplicates.all,
    duplicates_across_splits: duplicates.acrossSplits,
    duplicates_across_classes: duplicates.acrossClasses,
  };
}

/** Where the images are: what was fetched, or what stands outside the store. */
function placeOf(context: StageContext): string {
  if (context.params['url'] !== undefined) return inputOf(context, 'url').path;
  const root = context.sources.find(({ name }) => name === 'root')?.path;
  if (root === undefined) throw new Error(`stage ${context.cell} has no source root`);
  return root;
}

/** Tells, and keeps in the log. */
function warn({ log, tell }: StageContext, message: string): void {
  appendFileSync(log, `${message}\n`);
  tell({ type: 'warning', message });
}

/** Decides on the form of a set, and says so with the figures before anything starts. */
async function formOf(context: StageContext, params: Params, set: ImageSet) {
  const { limit = {} } = params;
  const images = Math.min(
    set.images.length,
    SPLITS.reduce((sum, split) => sum + (limit[split] ?? Infinity), 0),
  );
  const size = await estimateSize(set, { images, side: params.imageSize ?? set.naturalSize });
  const { bavail, bsize } = await statfs(context.scratch);
  const free = bavail * bsize;
  const choice = chooseKeep(params.keep, size, free);
  if (choice.isNotable) warn(context, choice.text);
  else if (size) appendFileSync(context.log, `${choice.text}\n`);
  const { keep } = choice;
  return { keep, record: { keep, ...(size && { ...size, free, decoder: await decoderVersions() }) } };
}

/** Says that a set of train and val has lost images of train to a split that nobody may have asked for. */
function tellOfTest(context: StageContext, set: ImageSet, { manifest }: Pick<Packed, 'manifest'>): void {
  const has = (split: Split): boolean => set.images.some((image) => image.split === split);
  const { count } = manifest.splits.test;
  if (!has('val') || has('test') || count === 0) return;
  const left = `${count} of the others are the test split, ${manifest.splits.train.count} are trained on`;
  warn(context, `the set has images for val and none for test: ${left} (split: { test: 0 } trains on them all)`);
}

/** Packs a set where a kill leaves it, and puts it in its place when it is whole. */
async function packInto(context: StageContext, params: Params, set: ImageSet): Promise<StageOutcome> {
  const { signal, tell, out, scratch, threads } = context;
  const { keep, record } = await formOf(context, params, set);
  const folder = join(scratch, 'packing');
  const packed = await pack(set, folder, packOptions(params, threads, keep), {
    signal,
    progress: reporter(tell, 'images'),
    warn: (message) => warn(context, message),
  });
  tellOfTest(context, set, packed);
  await rename(folder, join(out, 'data'));
  const { decodedForm } = packed;
  return {
    metrics: metricsOf(set, packed),
    environment: { packing: record },
    ...(decodedForm && { standsFor: { data: decodedForm } }),
  };
}

/**
 * Packs the dataset into `data/` of the entry.
 *
 * @param context - the running stage
 * @returns counts, statistics, skipped images
 * @throws FailureError when the source is not what it should be
 * @throws StageInterrupted when the signal is aborted; the next run goes on behind what is packed
 */
export async function run(context: StageContext): Promise<StageOutcome> {
  const params = decodeParams(DECLARATION, context.params, REGISTRIES);
  const { signal, tell } = context;
  const { official } = splitOf(params);
  const boxed = params.crop === 'box';
  const { folders } = params;
  const told = { signal, progress: reporter(tell, 'bytes') };
  const opening = { folder: context.out, ...told, official, boxed, ...(folders && { folders }) };
  try {
    const set = await datasets[params.source].open(placeOf(context), opening);
    try {
      return await packInto(context, params, set);
    } finally {
      await set.close?.();
    }
  } catch (error) {
    if (signal.aborted) throw new StageInterrupted();
    throw error;
  }
}
