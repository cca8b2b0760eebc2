import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { fail } from '../../../core/failure.ts';
import { assetPath } from '../../../util/package-root.ts';
import { SharedMemory } from '../../../util/shared-memory.ts';
import { twinOf } from '../../../util/twin-memory.ts';

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

/** Fewer bytes go through the pipe: that takes less than a system call more. */
const SHARED = 2 ** 16;

/** Values of a request, as the pipe takes them. */
interface Parcel {
  /** Which shared memory they lie in, and how many bytes of it belong to the request. */
  readonly mapped?: { readonly memory: number; readonly bytes: number };
  readonly values?: Float32Array | Uint8Array;
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
  /** Where many values are put for the program; null where that cannot be had. */
  #memory: SharedMemory | null | undefined;
  /** What the program has mapped, and its number there; null where it could not. */
  readonly #mapped = new Map<SharedMemory, number | null>();
  #next = 0;
  #isClosed = false;

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
   * Asks, and waits for the answer. Many values go through memory that both share, where the system has it, else through the pipe.
   *
   * @param header - what; JSON
   * @param values - that belong to it: float32, or bytes
   * @returns the answer, or how the program ended instead
   */
  ask(header: Readonly<Record<string, unknown>>, values?: Float32Array | Uint8Array): Answer | Ended {
    const { mapped, values: sent } = this.#parcel(values);
    return this.#exchange({ ...header, ...(mapped !== undefined && { mapped }) }, sent);
  }

  #exchange(header: Readonly<Record<string, unknown>>, values?: Float32Array | Uint8Array): Answer | Ended {
    this.#port.postMessage({ header, values });
    for (;;) {
      const seen = Atomics.load(this.#answers, 0);
      const received: { readonly message: Answer | Ended } | undefined = receiveMessageOnPort(this.#port);
      if (received) return received.message;
      Atomics.wait(this.#answers, 0, seen);
    }
  }

  /** Puts values where the program finds them, if they are not there. Each request is answered before the next one: one place does for all. */
  #parcel(values: Float32Array | Uint8Array | undefined): Parcel {
    if (!values || values.byteLength < SHARED || this.#memory === null) return { ...(values && { values }) };
    const bytes = values.byteLength;
    const twin = twinOf(values);
    const there = twin ? this.#numberOf(twin) : null;
    if (there !== null) return { mapped: { memory: there, bytes } };
    if (!this.#memory || this.#memory.bytes < bytes) {
      this.#memory?.close();
      this.#memory = SharedMemory.make(bytes) ?? null;
    }
    const memory = this.#memory && this.#numberOf(this.#memory);
    if (memory === null) this.#memory = null;
    return memory !== null && this.#memory?.write(values) ? { mapped: { memory, bytes } } : { values };
  }

  /** The number that the program knows memory by, which it maps once; null where it cannot. */
  #numberOf(memory: SharedMemory): number | null {
    const known = this.#mapped.get(memory);
    if (known !== undefined) return known;
    const number = this.#next++;
    const answer = this.#exchange({ request: 'map', memory: number, path: memory.path, bytes: memory.bytes });
    memory.unname();
    const isThere = !('ended' in answer) && answer.header['error'] === undefined;
    this.#mapped.set(memory, isThere ? number : null);
    memory.onClose(() => {
      this.#mapped.delete(memory);
      if (isThere && !this.#isClosed) this.#exchange({ request: 'unmap', memory: number });
    });
    return isThere ? number : null;
  }

  /** Ends the program. */
  async close(): Promise<void> {
    this.#worker.ref();
    this.#isClosed = true;
    this.#memory?.close();
    this.#memory = null;
    this.#port.postMessage({ header: null });
    this.#port.close();
    await this.#closed;
  }
}
