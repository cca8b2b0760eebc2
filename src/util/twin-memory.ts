import { SharedMemory, writeShared } from './shared-memory.ts';

/** A twin as threads know it. */
export interface TwinSetup {
  /** Of its file; threads share it with their process. */
  readonly descriptor: number;
  /** Int32 [1]: how many bytes, from the beginning on, are those of the buffer. */
  readonly holds: Int32Array;
}

/** A buffer's twin: memory that another process may map, where a thread puts what it has put into the buffer. */
interface Twin extends TwinSetup {
  readonly memory: SharedMemory;
}

const twins = new WeakMap<ArrayBufferLike, Twin>();

/**
 * Gives a buffer a twin.
 *
 * @param buffer - that threads fill
 * @returns what they are told, and what lets go of it; null where there is no such memory
 */
export function makeTwin(buffer: SharedArrayBuffer): (TwinSetup & { readonly close: () => void }) | null {
  const memory = SharedMemory.make(buffer.byteLength);
  if (!memory) return null;
  const setup = { descriptor: memory.descriptor, holds: new Int32Array(new SharedArrayBuffer(4)) };
  twins.set(buffer, { ...setup, memory });
  const close = (): void => {
    twins.delete(buffer);
    memory.close();
  };
  return { ...setup, close };
}

/**
 * Says, before a buffer is filled, that its twin is another.
 *
 * @param twin - of the buffer
 */
export const emptyTwin = ({ holds }: TwinSetup): void => void Atomics.store(holds, 0, 0);

/**
 * Puts what a buffer begins with into its twin.
 *
 * @param twin - of the buffer
 * @param values - from the buffer's beginning on
 */
export function fillTwin(twin: TwinSetup, values: Float32Array | Uint8Array): void {
  if (writeShared(twin.descriptor, values)) Atomics.store(twin.holds, 0, values.byteLength);
}

/**
 * Finds memory that another process may map and that begins with these very values.
 *
 * @param values - of any buffer
 * @returns the memory; undefined where there is none
 */
export function twinOf(values: Float32Array | Uint8Array): SharedMemory | undefined {
  const twin = twins.get(values.buffer);
  const isHeld = twin && values.byteOffset === 0 && values.byteLength <= Atomics.load(twin.holds, 0);
  return isHeld ? twin.memory : undefined;
}
