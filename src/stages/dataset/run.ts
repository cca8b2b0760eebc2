import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { pack, type Packed, type PackOptions } from '../../ml/data/pack.ts';
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

function packOptions(params: Params, threads: number): PackOptions {
  const { meanStd: statistics, imageSize, onBadImage, interpolation, cropPct } = params;
  return {
    imageSize,
    split: splitOf(params).split,
    meanStd: typeof statistics === 'string' ? statistics : { mean: statistics[0], std: statistics[1] },
    ...{ onBadImage, interpolation, cropPct },
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

/**
 * Packs the dataset into `data/` of the entry.
 *
 * @param context - the running stage
 * @returns counts, statistics, skipped images
 * @throws FailureError when the source is not what it should be
 * @throws StageInterrupted when the signal is aborted; the next run starts over
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
    const packed = await pack(set, join(context.out, 'data'), packOptions(params, context.threads), {
      signal,
      progress: reporter(tell, 'images'),
      warn: (message) => {
        appendFileSync(context.log, `${message}\n`);
        tell({ type: 'warning', message });
      },
    }).finally(() => set.close?.());
    return { metrics: metricsOf(set, packed) };
  } catch (error) {
    if (signal.aborted) throw new StageInterrupted();
    throw error;
  }
}
