import { KernelExecutor } from '../kernels/executor.ts';
import { KERNEL_TARGET } from '../kernels/target.ts';
import { compileKernels, kernelBuild, type Kernels } from './kernel-build.ts';
import { WasmMachine } from './machine.ts';

/** Seconds that a thread may be silent in the middle of a step before it counts as dead. */
const PATIENCE = 60;

/** How a wasm engine is made. */
export interface WasmOptions {
  /** Largest team of threads that a session may ask for. */
  readonly threads: number;
  /** Memory in bytes, a multiple of 65536; 4 GiB by default. */
  readonly memory?: number;
  /** `simd` takes the plain build in any case (KDPIPE_WASM). */
  readonly build?: string | undefined;
  /** Kernels that are compiled already, instead of the best that there are. */
  readonly kernels?: Kernels;
  /** Seconds after which a thread that no longer answers in the middle of a step counts as dead; 60 by default. */
  readonly patience?: number;
}

/** Runs programs with the wasm kernels on one shared memory. */
export class WasmExecutor extends KernelExecutor {
  readonly #machine: WasmMachine;

  constructor({ threads, memory = KERNEL_TARGET.addressSpace, patience = PATIENCE, build, kernels }: WasmOptions) {
    const compiled = kernels ?? compileKernels(kernelBuild(build));
    const machine = new WasmMachine({ kernels: compiled, threads, memory, patience });
    super(machine, threads);
    this.#machine = machine;
  }

  /** Bytes that the memory has grown to. */
  grown(): number {
    return this.#machine.grown();
  }
}
