import type { EngineOptions, EngineResult } from '../engine.ts';
import { memoryLimit } from '../kernels/memory-option.ts';
import { KERNEL_TARGET } from '../kernels/target.ts';
import { CompiledEngine } from '../compiled-engine.ts';
import { WasmExecutor } from './executor.ts';

/** A module with one SIMD instruction: a function that drops a vector of zeros. */
const SIMD_PROBE = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
  ...[1, 4, 1, 0x60, 0, 0], // one type, () → ()
  ...[3, 2, 1, 0], // one function of it
  ...[10, 9, 1, 7, 0, 0x41, 0, 0xfd, 0x0f, 0x1a, 0x0b], // i32.const 0, i8x16.splat, drop, end
]);

/** Why WebAssembly with SIMD cannot run here; null where it can. */
function obstacle(): string | null {
  if (typeof WebAssembly === 'undefined') return 'this Node has no WebAssembly (it was started with --jitless?)';
  return WebAssembly.validate(SIMD_PROBE) ? null : "this processor lacks WebAssembly's SIMD (SSE4.1 on x86)";
}

/**
 * Makes the wasm engine.
 *
 * @param options - threads, memory
 * @returns the engine, or why it cannot run here
 * @throws FailureError `bad-environment` when a KDPIPE_ variable that it reads is wrong
 */
export function createWasm(options: EngineOptions): EngineResult {
  const reason = obstacle();
  if (reason !== null) return { unavailable: reason };
  const memory = memoryLimit(KERNEL_TARGET.addressSpace);
  const build = process.env['KDPIPE_WASM'];
  return { engine: new CompiledEngine(new WasmExecutor({ memory, build, ...options })) };
}
