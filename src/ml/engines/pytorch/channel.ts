import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { fail } from '../../../core/failure.ts';
import { assetPath } from '../../../util/package-root.ts';

/** A program that answers requests. */
export interface Spoken {
  readonly command: string;
  readonly args: readonly string[];
  /** Our own by default. */
  readonly env?: NodeJS.ProcessEnv;
}

/** What it answers. */
export interface Answer {
  readonly header: Readonly<Record<string, unknown>>;
  readonly values: Float32Array;
}

/** How a program ended, and the last that it said on standard error. */
export interface Ended {
  readonly ended: string;
  readonly said: string;
}

/**
 * Requests to a program of our own, each of which waits for its answer: engines are called and have computed when the call is
 * back. A thread talks to the program; the caller sleeps until it has the answer.
 */
export class Channel {
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #answers = new Int32Array(new SharedArrayBuffer(4));
  readonly #closed: Promise<void>;

  /** @param program - is started; its own folder is a temporary one */
  constructor({ command, args, env = process.env }: Spoken) {
    const path = assetPath('src/ml/engines/pytorch/pipe.mjs');
    if (!existsSync(path)) fail({ code: 'missing-asset', message: `${path} is missing`, fix: 'install kdpipe again' });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData = { command, args, env, cwd: tmpdir(), port: port2, answers: this.#answers };
    this.#worker = new Worker(path, { workerData, transferList: [port2], execArgv: [] });
    this.#worker.unref();
    this.#port.unref();
    this.#closed = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param header - what; JSON
   * @param values - that belong to it: float32, or bytes
   * @returns the answer, or how the program ended instead
   */
  ask(header: Readonly<Record<string, unknown>>, values?: Float32Array | Uint8Array): Answer | Ended {
    this.#port.postMessage({ header, values });
    for (;;) {
      const seen = Atomics.load(this.#answers, 0);
      const received = receiveMessageOnPort(this.#port) as { readonly message: Answer | Ended } | undefined;
      if (received) return received.message;
      Atomics.wait(this.#answers, 0, seen);
    }
  }

  /** Ends the program. */
  async close(): Promise<void> {
    this.#worker.ref();
    this.#port.postMessage({ header: null });
    this.#port.close();
    await this.#closed;
  }
}
