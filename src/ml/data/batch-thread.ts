/** Body of a thread that makes training batches: fills the array that it is told to, and says when it has. */
import { parentPort, workerData } from 'node:worker_threads';
import { FailureError, type Failure } from '../../core/failure.ts';
import { emptyTwin, fillTwin, type TwinSetup } from '../../util/twin-memory.ts';
import type { Augmentations } from '../augment/registry.ts';
import type { PluginFile } from '../plugins/plugin.ts';
import type { TrainOptions } from './train-batches.ts';
import { openPacked } from './open.ts';
import { batchesByEpoch, batchOf, fillArrays, type BatchArrays } from './batch-loader.ts';

/** Where a batch goes. */
export interface Slot {
  readonly arrays: BatchArrays;
  /** Where its images go as well, for an engine in another process. */
  readonly twin: TwinSetup | null;
}

/** What a thread starts with. */
export interface BatchThreadSetup {
  /** Of the packed dataset. */
  readonly folder: string;
  readonly options: TrainOptions;
  /** Whose augmentations they name. */
  readonly plugins: readonly PluginFile[];
  /** Shared memory that batches go to. */
  readonly slots: readonly Slot[];
}

/** One batch to make. */
export interface BatchRequest {
  readonly id: number;
  readonly epoch: number;
  readonly batch: number;
  /** Index of the arrays to fill. */
  readonly slot: number;
}

/** A batch is made, or can't be. */
export interface BatchReply {
  readonly id: number;
  readonly failures: readonly Failure[] | null;
}

const { folder, options, plugins, slots } = workerData as BatchThreadSetup;

/** What plugins add; their loader is loaded only where there are some. */
async function augmentationsOf(files: readonly PluginFile[]): Promise<Augmentations> {
  if (files.length === 0) return {};
  const { loadPlugins } = await import('../plugins/load-plugin.ts');
  return (await loadPlugins(files)).augmentations;
}

async function openBatches(): Promise<ReturnType<typeof batchesByEpoch>> {
  const added = await augmentationsOf(plugins);
  // Straight from the page cache: the training thread may hold the same pixels in memory already.
  const data = openPacked(folder, 0);
  return batchesByEpoch(data.split('train'), data.manifest, options, added);
}

let batches: ReturnType<typeof openBatches> | undefined;

async function make({ id, epoch, batch, slot }: BatchRequest): Promise<BatchReply> {
  const to = slots[slot];
  if (!to) throw new Error(`no slot ${slot}`);
  const { arrays, twin } = to;
  try {
    batches ??= openBatches();
    if (twin) emptyTwin(twin);
    const size = await fillArrays((await batches)(epoch), batch, arrays);
    const { images } = batchOf(arrays, size, null);
    if (twin && !(images instanceof Int32Array)) fillTwin(twin, images);
    return { id, failures: null };
  } catch (error) {
    if (error instanceof FailureError) return { id, failures: error.failures };
    throw error;
  }
}

// A rejection is a bug: it ends the thread, and whoever waits for a batch hears of it.
parentPort?.on(
  'message',
  (request: BatchRequest) => void make(request).then((reply) => parentPort?.postMessage(reply)),
);
