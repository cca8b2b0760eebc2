import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { fail } from '../../../core/failure.ts';
import { assetPath } from '../../../util/package-root.ts';
import { BOARD_WORDS } from '../kernel-constants.ts';

/** Bytes of a thread's stack: tables of pixels and packed gradients of the convolutions lie there. */
export const STACK_BYTES = 2 ** 19;

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
  /** What a thread died of, when one has. */
  #lost: string | null = null;

  constructor(setup: ThreadSetup) {
    this.#setup = setup;
  }

  /**
   * Starts threads that a team of `threads` lacks; they come up while the caller does something else.
   *
   * @param threads - size of the team, the main thread included
   */
  start(threads: number): void {
    while (this.#workers.length < threads - 1) this.#start(this.#workers.length + 1);
  }

  /**
   * Waits until a team of `threads` can work; starts those that it lacks.
   *
   * @param threads - size of the team, the main thread included
   * @param ready - the board's count of threads that are up
   * @throws FailureError when a thread has died or does not come up
   */
  grow(threads: number, ready: Int32Array): void {
    if (this.#lost !== null) this.lose();
    this.start(threads);
    for (let up = Atomics.load(ready, 0); up < threads - 1; up = Atomics.load(ready, 0))
      if (Atomics.wait(ready, 0, up, PATIENCE) === 'timed-out') {
        this.#lost = 'it did not start';
        this.lose();
      }
  }

  #start(thread: number): void {
    const path = assetPath('src/ml/engines/wasm/kernels/thread.mjs');
    if (!existsSync(path)) fail({ code: 'missing-asset', message: `${path} is missing`, fix: 'install kdpipe again' });
    const { module, memory, board } = this.#setup;
    const { generation, lost, job } = BOARD_WORDS;
    const workerData = {
      module,
      memory,
      board,
      thread,
      // By the time that it has come up there may be another one, or the end.
      job: Atomics.load(new Int32Array(memory.buffer, board), job),
      stack: this.#setup.stackEnd(thread),
      words: { generation, lost },
    };
    const worker = new Worker(path, { workerData, execArgv: [], env: {} });
    worker.unref();
    worker.on('error', (error: unknown) => (this.#lost = error instanceof Error ? error.message : String(error)));
    const ended = new Promise<void>((resolve) =>
      worker.once('exit', () => {
        this.#lost ??= 'it was ended';
        resolve();
      }),
    );
    this.#workers.push({ worker, ended });
  }

  /**
   * Gives up: a team that has lost a thread cannot be mended, as nobody knows where its work stands.
   *
   * @throws FailureError always
   */
  lose(): never {
    this.#lost ??= 'it no longer answers';
    return fail({
      code: 'thread-lost',
      message: `a thread of the wasm engine died: ${this.#lost}`,
      expected: 'threads that live as long as the engine',
      fix: 'run it again; should it happen again, set KDPIPE_THREADS=1 and report it',
    });
  }

  /** Waits until the threads, told to end, have ended. Where one was lost the others may wait for it: they are ended. */
  async ended(): Promise<void> {
    const workers = this.#workers.splice(0);
    if (this.#lost !== null) await Promise.all(workers.map(({ worker }) => worker.terminate()));
    for (const { worker } of workers) worker.ref();
    await Promise.all(workers.map(({ ended }) => ended));
  }
}
