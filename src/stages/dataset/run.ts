import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { pack, type PackOptions } from '../../ml/data/pack.ts';
import type { PackedManifest } from '../../ml/data/packed.ts';
import { datasets } from '../../ml/data/registry.ts';
import { SPLITS, type SplitOptions } from '../../ml/data/split.ts';
import { inputOf, StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';

/** Milliseconds between two progress messages. */
const CADENCE = 200;

type Triple = readonly [number, number, number];

/** Parameters of the stage, as the kind's schema has checked and completed them. */
interface Params {
  readonly source: keyof typeof datasets;
  readonly image_size: number | null;
  readonly split: Omit<SplitOptions, 'limit' | 'test'> & { readonly test: number | 'official' };
  readonly crop?: 'box';
  readonly limit?: SplitOptions['limit'];
  readonly mean_std: 'imagenet' | 'data' | readonly [Triple, Triple];
  readonly on_bad_image: 'fail' | 'skip';
}

const isOfficial = ({ split }: Params): boolean => split.test === 'official';

function packOptions(params: Params, threads: number): PackOptions {
  const { mean_std: statistics } = params;
  return {
    imageSize: params.image_size,
    split: { ...params.split, test: isOfficial(params) ? 0 : Number(params.split.test), limit: params.limit ?? {} },
    meanStd: typeof statistics === 'string' ? statistics : { mean: statistics[0], std: statistics[1] },
    onBadImage: params.on_bad_image,
    threads,
  };
}

/** A progress callback that speaks at most every {@link CADENCE} milliseconds, and at the end. */
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

function metricsOf(manifest: PackedManifest, skipped: readonly string[]): JsonObject {
  return {
    classes: manifest.classes.length,
    image_size: manifest.imageSize,
    ...Object.fromEntries(SPLITS.map((split) => [split, { images: manifest.splits[split].count }])),
    mean: manifest.mean,
    std: manifest.std,
    skipped: skipped.length,
    ...(skipped.length > 0 && { skipped_images: skipped }),
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
  const params = context.params as unknown as Params;
  const { signal, tell } = context;
  const official = isOfficial(params);
  const boxed = params.crop === 'box';
  const opening = { folder: context.out, signal, progress: reporter(tell, 'bytes'), official, boxed };
  try {
    const set = await datasets[params.source].open(placeOf(context), opening);
    const { manifest, skipped } = await pack(set, join(context.out, 'data'), packOptions(params, context.threads), {
      signal,
      progress: reporter(tell, 'images'),
      warn: (message) => tell({ type: 'warning', message }),
    }).finally(() => set.close?.());
    return { metrics: metricsOf(manifest, skipped) };
  } catch (error) {
    if (signal.aborted) throw new StageInterrupted();
    throw error;
  }
}
