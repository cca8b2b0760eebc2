/**
 * A process that tries out on itself what could kill it: trains a little with native kernels, on one thread and on two, and
 * with those in WebAssembly, and exits 0 when every bit is the same. Plain SIMD, which an old V8 has alone, rounds twice where native
 * code rounds once: there only the threads are compared, and so in half precision, which native code alone has.
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
const { addon, kernels: names } = library;
const native = (): Executor => new KernelExecutor(new NativeMachine(addon, names, SAMPLE_MEMORY), 2);
const one = await trainABit(native(), 1);
const two = await trainABit(native(), 2);
const kernels = compileKernels(kernelBuild(undefined));
const wasm = await trainABit(new WasmExecutor({ threads: 1, memory: SAMPLE_MEMORY, kernels }), 1);
/** Whether half precision, where there is any, has the same bits on one thread and on two. */
async function provesHalf(): Promise<boolean> {
  if (!addon.hasBfloat16(names)) return true;
  return sameStates(await trainABit(native(), 1, true), await trainABit(native(), 2, true));
}

const same = sameStates(one, two) && (kernels.simd === 'plain' || sameStates(one, wasm)) && (await provesHalf());
process.exitCode = same ? 0 : DIFFERENT;
