import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { fail } from '../../../core/failure.ts';
import { assetPath } from '../../../util/package-root.ts';

/** Bytes of a thread's stack: packed patches and transformed tiles of the convolutions lie there. */
export const STACK_BYTES = 2 ** 21;

/** How long a thread may take to come up before something must be wrong, in milliseconds. */
const PATIENCE = 60_000;

/** What every thread is given. */
export interface ThreadSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the board (program.c). */
  readonly board: number;
  /** End of the stack of thread t, where it starts. */
  stackEnd(thread: number): number;
}

/** Worker threads that run programs together with the main thread, which is thread 0. */
export class ThreadPool {
  readonly #setup: ThreadSetup;
  readonly #workers: { readonly worker: Worker; readonly ended: Promise<void> }[] = [];

  constructor(setup: ThreadSetup) {
    this.#setup = setup;
  }

  /**
   * Starts threads until a team of `threads` can work, and waits until they are up.
   *
   * @param threads - size of the team, the main thread included
   * @param ready - the board's count of threads that are up
   */
  grow(threads: number, ready: Int32Array): void {
    while (this.#workers.length < threads - 1) this.#start(this.#workers.length + 1);
    for (let up = Atomics.load(ready, 0); up < threads - 1; up = Atomics.load(ready, 0))
      if (Atomics.wait(ready, 0, up, PATIENCE) === 'timed-out')
        throw new Error('a thread of the wasm engine did not start');
  }

  #start(thread: number): void {
    const path = assetPath('src/ml/engines/wasm/kernels/thread.mjs');
    if (!existsSync(path)) fail({ code: 'missing-asset', message: `${path} is missing`, fix: 'install kdpipe again' });
    const { module, memory, board } = this.#setup;
    const workerData = { module, memory, board, thread, stack: this.#setup.stackEnd(thread) };
    const worker = new Worker(path, { workerData, execArgv: [], env: {} });
    worker.unref();
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#workers.push({ worker, ended });
  }

  /** Waits until the threads, told to end, have ended. */
  async ended(): Promise<void> {
    for (const { worker } of this.#workers) worker.ref();
    await Promise.all(this.#workers.splice(0).map(({ ended }) => ended));
  }
}
