import { at } from '../../../util/at.ts';
import type { Executable, Executor, Region } from '../executor.ts';
import { BOARD_WORDS, MOST_THREADS, RECORD_WORDS, ZEROS } from '../kernel-constants.ts';
import { CONTROLS, type Controls } from '../primitives.ts';
import type { Operation, Program, Ref, Space } from '../program.ts';
import { instantiateKernels, type KernelExports } from './kernel-exports.ts';
import type { Kernels } from './kernel-build.ts';
import { loadKernels, type KernelWishes } from './kernels.ts';
import { WasmMemory } from './memory.ts';
import { writeControls, writeRecords, type Words } from './records.ts';
import { WASM_TARGET } from './target.ts';
import { STACK_BYTES, ThreadPool } from './threads.ts';

/** Seconds that a thread may be silent in the middle of a step before it counts as dead. */
const PATIENCE = 60;
/** Bytes kept for the records of programs. */
const RECORDS = 2 ** 20;
/** Static data of the kernels ends below this address. */
const HEAP = 65536;

/** How a wasm engine is made. */
export interface WasmOptions extends KernelWishes {
  /** Largest team of threads that a session may ask for. */
  readonly threads: number;
  /** Memory in bytes, a multiple of 65536; 4 GiB by default. */
  readonly memory?: number;
  /** Kernels that are compiled already, instead of the best that there are. */
  readonly kernels?: Kernels;
  /** Seconds after which a thread that no longer answers in the middle of a step counts as dead; 60 by default. */
  readonly patience?: number;
}

/** Runs programs with the wasm kernels on one shared memory. */
export class WasmExecutor implements Executor {
  readonly name = 'wasm';
  readonly target = WASM_TARGET;
  readonly description: Executor['description'];
  readonly #memory: WasmMemory;
  readonly #kernels: Kernels;
  readonly #exports: KernelExports;
  readonly #board: Region;
  readonly #controls: Region;
  readonly #threads: ThreadPool;
  readonly #mostThreads: number;

  constructor({ threads, memory = WASM_TARGET.addressSpace, patience = PATIENCE, kernels, ...wishes }: WasmOptions) {
    this.#mostThreads = Math.max(1, Math.min(threads, MOST_THREADS));
    this.#kernels = kernels ?? loadKernels(wishes);
    this.#memory = new WasmMemory(HEAP, memory);
    this.#exports = instantiateKernels(this.#kernels.module, this.#memory.memory);
    this.#board = this.#memory.allocate(16);
    this.#controls = this.#memory.allocate(16);
    const zeros = this.#memory.allocate(ZEROS);
    const stacks = this.#memory.allocate((this.#mostThreads * STACK_BYTES) / 4);
    const stackEnd = (thread: number): number => stacks.address + (thread + 1) * STACK_BYTES;
    this.#exports.__stack_pointer.value = stackEnd(0);
    const board = this.#words(this.#board).integers;
    board[BOARD_WORDS.patience] = patience;
    board[BOARD_WORDS.controls] = this.#controls.address;
    board[BOARD_WORDS.zeros] = zeros.address;
    const shared = { module: this.#kernels.module, memory: this.#memory.memory, board: this.#board.address };
    this.#threads = new ThreadPool({ ...shared, stackEnd });
    const { simd, vectors } = this.#kernels;
    this.description = { threads: this.#mostThreads, simd, vectors, node: process.versions.node };
  }

  #words({ address, floats }: Region): Words {
    return { integers: this.#memory.integers(address, floats), floats: this.#memory.floats(address, floats) };
  }

  allocate(floats: number): Region {
    return this.#memory.allocate(floats);
  }

  free(region: Region): void {
    this.#memory.free(region);
  }

  capacity(): number {
    return Math.max(0, this.#memory.capacity() - RECORDS);
  }

  /** Bytes given out. */
  used(): number {
    return this.#memory.used();
  }

  /** Bytes that the memory has grown to. */
  grown(): number {
    return this.#memory.memory.buffer.byteLength;
  }

  read(region: Region, offset: number, floats: number): Float32Array {
    return this.#memory.floats(region.address + 4 * offset, floats).slice();
  }

  write(region: Region, offset: number, values: Float32Array): void {
    this.#memory.floats(region.address + 4 * offset, values.length).set(values);
  }

  compile(program: Program, memory: Readonly<Record<Space, Region>>, threads: number): Executable {
    const team = Math.max(1, Math.min(threads, this.#mostThreads));
    this.#threads.start(team);
    const addressOf = (ref: Ref): number =>
      memory[ref.space].address + 4 * (ref.space === 'step' ? at(program.offsets, ref.buffer) : ref.offset);
    const tables = {
      forward: this.#table(program.sections.forward, addressOf),
      backward: this.#table(program.sections.backward, addressOf),
      update: this.#table(program.sections.update, addressOf),
    };
    const ports = new Map(
      Object.entries(program.ports).map(([name, { buffer, floats }]) => [
        name,
        this.#memory.floats(addressOf({ space: 'step', buffer }), floats),
      ]),
    );
    return {
      run: (section, controls) => this.#run(tables[section], program.sections[section].length, { controls, team }),
      port: (name) => {
        const view = ports.get(name);
        if (!view) throw new Error(`the step was not compiled for ${name}`);
        return view;
      },
      dispose: () => Object.values(tables).forEach((table) => this.free(table)),
    };
  }

  #table(operations: readonly Operation[], addressOf: (ref: Ref) => number): Region {
    const region = this.allocate(operations.length * RECORD_WORDS);
    writeRecords(operations, this.#words(region), addressOf);
    return region;
  }

  #run(table: Region, operations: number, options: { controls: Controls; team: number }): void {
    const board = this.#words(this.#board).integers;
    this.#threads.grow(options.team, board.subarray(BOARD_WORDS.ready));
    writeControls(options.controls, this.#words({ ...this.#controls, floats: Object.keys(CONTROLS).length }));
    board[BOARD_WORDS.program] = table.address;
    board[BOARD_WORDS.operations] = operations;
    try {
      this.#exports.run(this.#board.address, options.team);
    } catch (error) {
      if (Atomics.load(board, BOARD_WORDS.lost)) this.#threads.lose();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    this.#exports.end(this.#board.address);
    await this.#threads.ended();
  }
}
