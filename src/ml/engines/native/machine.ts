import { fail } from '../../../core/failure.ts';
import { Arena, type Place } from '../kernels/arena.ts';
import type { KernelMachine, Places } from '../kernels/machine.ts';
import { KERNEL_TARGET } from '../kernels/target.ts';
import type { Bfloat16Limits, Target } from '../target.ts';
import type { Addon, NativeKernels } from './library.ts';

/** Offsets are 32 bits of floats. */
export const NATIVE_TARGET = { ...KERNEL_TARGET, addressSpace: 2 ** 34 } as const;
/** Where AVX-512 BF16 is faster than float32: measured (Zen 4, two threads) over the shapes of resnet50, mobilenetv2 and resnet20. */
export const BFLOAT16_LIMITS: Bfloat16Limits = {
  format: 'bfloat16',
  leastProducts: 1024,
  leastFilterProducts: 4096,
  mostDepth: 2 ** 15,
  mostTiles: 64,
  leastChannelPairs: 2 ** 16,
};
/** Memory is asked of the system in pieces of this many bytes. */
const PIECE = 2 ** 26;
/** An ArrayBuffer of Node 20 has at most 4 GiB: views begin at all multiples of half of that, so that a piece fits in one. */
const VIEW = 2 ** 32;
const STEP = VIEW / 2;
/** Nothing lies at the first bytes: an offset of 0 is nobody's. */
const FROM = 64;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The kernels in native code, on memory of the system: threads are the system's. */
export class NativeMachine implements KernelMachine {
  readonly name = 'native';
  readonly target: Target;
  readonly description: KernelMachine['description'];
  readonly pointer = 8;
  readonly base: number;
  readonly arena: Arena;
  readonly #addon: Addon;
  readonly #engine: unknown;
  #closed = false;

  /**
   * @param addon - the library
   * @param kernels - which of its kernels
   * @param memory - bytes of address space; what is touched counts
   * @throws Error when the system gives no such address space
   */
  constructor(addon: Addon, kernels: NativeKernels, memory: number) {
    const { engine, address } = addon.open(kernels, memory);
    this.#addon = addon;
    this.#engine = engine;
    this.base = address;
    this.description = { kernels };
    this.target = { ...NATIVE_TARGET, bfloat16: addon.hasBfloat16(kernels) ? BFLOAT16_LIMITS : null };
    const views = new Map<number, ArrayBuffer>();
    const at = (offset: number): Place => {
      const from = Math.floor(offset / STEP) * STEP;
      const buffer = views.get(from) ?? addon.view(engine, from, Math.min(VIEW, memory - from));
      views.set(from, buffer);
      return { buffer, offset: offset - from };
    };
    at(0); // throws where Node has no such buffers
    let committed = 0;
    const reach = (bytes: number): void => {
      if (bytes <= committed) return;
      committed = Math.min(memory, Math.ceil(bytes / PIECE) * PIECE);
      this.#commit(committed);
    };
    this.arena = new Arena({ name: 'native', from: FROM, limit: memory, at, reach });
  }

  #commit(bytes: number): void {
    try {
      this.#addon.commit(this.#engine, bytes);
    } catch (error) {
      fail({
        code: 'does-not-fit',
        message: `the native engine got no ${Math.round(bytes / 2 ** 20)} MiB of memory: ${messageOf(error)}`,
        expected: 'memory for weights and a step',
        fix: 'take a smaller model, image_size or batch_size, or run fewer stages at once (-j 1)',
      });
    }
  }

  setUp({ controls, zeros, scratch }: Places): void {
    this.#addon.setUp(this.#engine, controls, zeros, scratch);
  }

  start(team: number): void {
    try {
      this.#addon.start(this.#engine, team);
    } catch (error) {
      fail({
        code: 'thread-lost',
        message: `the native engine has no ${team} threads: ${messageOf(error)}`,
        expected: 'as many threads as asked for',
        fix: 'set KDPIPE_THREADS to fewer, or raise the limit of processes (ulimit -u)',
      });
    }
  }

  run(program: number, operations: number, team: number): void {
    this.#addon.run(this.#engine, program, operations, team);
  }

  dispose(): Promise<void> {
    if (!this.#closed) this.#addon.close(this.#engine);
    this.#closed = true;
    return Promise.resolve();
  }
}
