import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FailureError } from '../../core/failure.ts';
import { createDeferred, type Deferred } from '../../util/deferred.ts';
import { assetPath } from '../../util/package-root.ts';
import { makeTwin } from '../../util/twin-memory.ts';
import type { BatchReply, BatchRequest, BatchThreadSetup, Slot } from './batch-thread.ts';
import { imagesIn, type ImageForm } from './batches.ts';
import type { PluginFile } from '../plugins/plugin.ts';
import { countViews, mixOf, type TrainOptions } from './train-batches.ts';
import type { PackedManifest } from './packed.ts';
import { batchOf, type BatchLoader, type TrainBatch } from './batch-loader.ts';

/** Starts a thread: of the bundle, or of the sources where this module itself is run from them. */
function startThread(workerData: BatchThreadSetup): Worker {
  const here = fileURLToPath(import.meta.url);
  if (!here.endsWith('.ts'))
    return new Worker(assetPath('dist/ml/data/batch-thread.js'), { workerData, execArgv: [], env: {} });
  // Threads can't be told to --import a loader: a line of JavaScript does it.
  const body = JSON.stringify(new URL('batch-thread.ts', import.meta.url).href);
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const line = `import(${loader}).then(({ tsImport }) => tsImport(${body}, ${body}))`;
  return new Worker(line, { eval: true, workerData });
}

const diedOf = (reason: string): FailureError =>
  new FailureError([
    {
      code: 'data-thread-died',
      message: `a thread that makes training batches ended: ${reason}`,
      expected: 'threads that live as long as the run',
      fix: 'run again: training goes on from its checkpoint',
    },
  ]);

/** A slot of this thread's. */
interface OwnSlot extends Slot {
  readonly close: () => void;
}

function makeSlot({ manifest, options, form, twinned = false }: ThreadedSource): OwnSlot {
  const { batchSize } = options;
  const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);
  const images = imagesIn(form, { count: countViews(options) * batchSize, side: manifest.imageSize }, shared);
  const labels = new Int32Array(shared(batchSize * 4));
  const indices = new Uint32Array(shared(batchSize * 4));
  const twin = twinned && images.buffer instanceof SharedArrayBuffer ? makeTwin(images.buffer) : null;
  return {
    arrays: { images, labels, indices },
    twin: twin && { descriptor: twin.descriptor, holds: twin.holds },
    close: () => twin?.close(),
  };
}

/** What a threaded loader is made of. */
export interface ThreadedSource {
  /** Of the packed dataset; every thread opens it for itself. */
  readonly folder: string;
  readonly manifest: PackedManifest;
  readonly options: TrainOptions;
  /** Whose augmentation they name: every thread loads it for itself. */
  readonly plugins?: readonly PluginFile[];
  /** Of the images. */
  readonly form: ImageForm;
  /** ≥ 1. */
  readonly threads: number;
  /** Whether images go to memory that another process may map, too. */
  readonly twinned?: boolean;
}

/** Where a batch stands in a run. */
interface Place {
  readonly epoch: number;
  readonly batch: number;
}

/** A batch that was asked for. */
interface Asked extends Place {
  readonly slot: number;
  readonly made: Promise<undefined>;
}

/**
 * Makes batches ahead, on threads, in the order of training: one taken in that order is there or under way, another
 * only takes longer. Each thread is one batch ahead; threads wait for messages, so that idle ones cost nothing.
 */
export class ThreadedLoader implements BatchLoader {
  readonly count: number;
  readonly #source: ThreadedSource;
  readonly #slots: readonly OwnSlot[];
  readonly #workers: readonly Worker[];
  /** Slots that nobody fills or reads. */
  readonly #free: number[];
  /** Batches asked for and not taken, oldest first. */
  readonly #ahead: Asked[] = [];
  /** What waits for a reply, by the request's number. */
  readonly #waiting = new Map<number, Deferred<undefined>>();
  #requests = 0;
  #lent: number | undefined;
  #death: FailureError | undefined;

  /**
   * Starts the threads.
   *
   * @param source - dataset, options, number of threads
   */
  constructor(source: ThreadedSource) {
    const { folder, manifest, options, plugins = [], threads } = source;
    this.#source = source;
    this.count = Math.ceil(manifest.splits.train.count / options.batchSize);
    // One that is read, and one for each thread to fill.
    this.#slots = Array.from({ length: threads + 1 }, () => makeSlot(source));
    this.#free = [...this.#slots.keys()];
    const slots = this.#slots.map(({ arrays, twin }) => ({ arrays, twin }));
    this.#workers = Array.from({ length: threads }, () =>
      this.#watched(startThread({ folder, options, plugins, slots })),
    );
  }

  async take(epoch: number, batch: number): Promise<TrainBatch> {
    if (this.#lent !== undefined) this.#free.push(this.#lent);
    this.#lent = undefined;
    let next = this.#ahead.shift();
    while (next && !(next.epoch === epoch && next.batch === batch)) {
      await next.made;
      this.#free.push(next.slot);
      next = this.#ahead.shift();
    }
    next ??= this.#ask({ epoch, batch });
    this.#askAhead(this.#ahead.at(-1) ?? next);
    await next.made;
    this.#lent = next.slot;
    return this.#batch(next);
  }

  async close(): Promise<void> {
    this.#die('it was closed');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    for (const slot of this.#slots) slot.close();
  }

  /** Asks for the batches after a place, until no slot is free. */
  #askAhead(last: Place): void {
    let { epoch, batch } = last;
    while (this.#free.length > 0) {
      batch += 1;
      if (batch === this.count) [epoch, batch] = [epoch + 1, 0];
      this.#ahead.push(this.#ask({ epoch, batch }));
    }
  }

  #ask(place: Place): Asked {
    const slot = this.#free.pop();
    if (slot === undefined) throw new Error('a batch was taken before the last one was there');
    const id = this.#requests++;
    const { promise, resolve, reject } = createDeferred<undefined>();
    // Whoever takes the batch sees a rejection; nobody else does.
    promise.catch(() => undefined);
    if (this.#death) reject(this.#death);
    this.#waiting.set(id, { promise, resolve, reject });
    this.#workers[id % this.#workers.length]?.postMessage({ id, slot, ...place } satisfies BatchRequest);
    return { ...place, slot, made: promise };
  }

  #batch({ epoch, batch, slot }: Asked): TrainBatch {
    const { options, manifest } = this.#source;
    const from = this.#slots[slot];
    if (!from) throw new Error(`no slot ${slot}`);
    const size = Math.min(options.batchSize, manifest.splits.train.count - batch * options.batchSize);
    return batchOf(from.arrays, size, mixOf(options, manifest.imageSize, epoch, batch));
  }

  #watched(worker: Worker): Worker {
    worker.on('message', ({ id, failures }: BatchReply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failures) waiting?.reject(new FailureError(failures));
      else waiting?.resolve(undefined);
    });
    worker.on('error', (error: Error) => this.#die(error.message));
    worker.on('exit', (code) => this.#die(`exit code ${code}`));
    return worker;
  }

  /** Fails what waits and whatever will be asked for; the first reason counts. */
  #die(reason: string): void {
    const death = (this.#death ??= diedOf(reason));
    for (const { reject } of this.#waiting.values()) reject(death);
    this.#waiting.clear();
  }
}
