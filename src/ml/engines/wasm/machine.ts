import { BOARD_WORDS } from '../kernel-constants.ts';
import { teamOf } from '../kernels/executor.ts';
import type { KernelMachine, Places } from '../kernels/machine.ts';
import { KERNEL_TARGET } from '../kernels/target.ts';
import type { Kernels } from './kernel-build.ts';
import { instantiateKernels, type KernelExports } from './kernel-exports.ts';
import { WasmMemory } from './memory.ts';
import { STACK_BYTES, ThreadPool } from './threads.ts';

/** Static data of the kernels ends below this address. */
const HEAP = 65536;
/** Bytes of the board, which threads share; more than its words take. */
const BOARD_BYTES = 64;

/** What a wasm machine is made of. */
export interface WasmMachineOptions {
  readonly kernels: Kernels;
  /** Largest team of threads. */
  readonly threads: number;
  /** Memory in bytes, a multiple of 65536. */
  readonly memory: number;
  /** Seconds after which a thread that no longer answers in the middle of a step counts as dead. */
  readonly patience: number;
}

/** The kernels in WebAssembly, on one shared memory: threads are worker threads of Node. */
export class WasmMachine implements KernelMachine {
  readonly name = 'wasm';
  readonly target = KERNEL_TARGET;
  readonly description: KernelMachine['description'];
  readonly pointer = 4;
  readonly base = 0;
  readonly arena: WasmMemory;
  readonly #exports: KernelExports;
  readonly #board: number;
  readonly #threads: ThreadPool;
  readonly #patience: number;

  constructor({ kernels, threads, memory, patience }: WasmMachineOptions) {
    const { module, simd } = kernels;
    this.arena = new WasmMemory(HEAP, memory);
    this.#patience = patience;
    this.#exports = instantiateKernels(module, this.arena.memory);
    const board = this.arena.allocate(BOARD_BYTES / 4).address;
    this.#board = board;
    const stacks = this.arena.allocate((teamOf(threads) * STACK_BYTES) / 4).address;
    const stackEnd = (thread: number): number => stacks + (thread + 1) * STACK_BYTES;
    this.#exports.__stack_pointer.value = stackEnd(0);
    this.#threads = new ThreadPool({ module, memory: this.arena.memory, board, stackEnd });
    this.description = { kernels: simd, node: process.versions.node };
  }

  /** Bytes that the memory has grown to. */
  grown(): number {
    return this.arena.memory.buffer.byteLength;
  }

  #words(): Int32Array {
    return this.arena.integers(this.#board, BOARD_BYTES / 4);
  }

  setUp({ controls, zeros, scratch }: Places): void {
    this.#exports.set_up(this.#board, controls, zeros, scratch, this.#patience);
  }

  start(team: number): void {
    this.#threads.start(team);
  }

  run(program: number, operations: number, team: number): void {
    const words = this.#words();
    this.#threads.grow(team, words.subarray(BOARD_WORDS.ready));
    try {
      this.#exports.run(this.#board, program, operations, team);
    } catch (error) {
      if (Atomics.load(words, BOARD_WORDS.lost)) this.#threads.lose();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    this.#exports.end(this.#board);
    await this.#threads.ended();
  }
}
