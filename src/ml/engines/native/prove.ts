/**
 * A process that tries out on itself what could kill it: trains a little with native kernels, on one thread and on two, and
 * with those in WebAssembly, and exits 0 when every bit is the same. Plain SIMD, which an old V8 has alone, rounds twice
 * where native code rounds once: there only the threads are compared.
 */
import type { Executor } from '../executor.ts';
import { KernelExecutor } from '../kernels/executor.ts';
import { SAMPLE_MEMORY, sameStates, trainABit } from '../kernels/sample.ts';
import { compileKernels, kernelBuild } from '../wasm/kernel-build.ts';
import { WasmExecutor } from '../wasm/executor.ts';
import { loadLibrary } from './library.ts';
import { NativeMachine } from './machine.ts';
import { DIFFERENT } from './proof.ts';

const library = loadLibrary(process.env['KDPIPE_NATIVE']);
if ('unavailable' in library) throw new Error(library.unavailable);
const native = (): Executor => new KernelExecutor(new NativeMachine(library.addon, library.kernels, SAMPLE_MEMORY), 2);
const one = await trainABit(native(), 1);
const two = await trainABit(native(), 2);
const kernels = compileKernels(kernelBuild(undefined));
const wasm = await trainABit(new WasmExecutor({ threads: 1, memory: SAMPLE_MEMORY, kernels }), 1);
const same = sameStates(one, two) && (kernels.simd === 'plain' || sameStates(one, wasm));
process.exitCode = same ? 0 : DIFFERENT;
