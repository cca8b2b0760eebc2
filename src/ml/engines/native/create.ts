import { totalmem } from 'node:os';
import { takeRisk } from '../../../util/risk.ts';
import type { EngineOptions, EngineResult } from '../engine.ts';
import { KernelExecutor } from '../kernels/executor.ts';
import { memoryLimit } from '../kernels/memory-option.ts';
import { CompiledEngine } from '../compiled-engine.ts';
import { loadLibrary, type Addon, type NativeKernels } from './library.ts';
import { NATIVE_TARGET, NativeMachine } from './machine.ts';
import { nativeIsProven, nativeVerdict } from './proof.ts';

/** Least address space that is worth an engine, bytes. */
const LEAST = 2 ** 28;

/** What the machine has, or what its container may use: bytes. */
function machineMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** A machine with as much address space as the system gives, where it gives less than there is memory (`ulimit -v`). */
function openMachine(
  addon: Addon,
  kernels: NativeKernels,
  memory: number,
): NativeMachine | { readonly unavailable: string } {
  try {
    return new NativeMachine(addon, kernels, memory);
  } catch (error) {
    if (memory / 2 >= LEAST) return openMachine(addon, kernels, Math.floor(memory / 2));
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Makes the native engine.
 *
 * @param options - threads, memory
 * @param options.threads - largest team
 * @param options.memory - bytes of address space; what the machine has by default
 * @returns the engine, or why it cannot run here
 * @throws FailureError `bad-environment` when a KDPIPE_ variable that it reads is wrong
 */
export function createNative({ threads, memory }: EngineOptions): EngineResult {
  if (process.env['KDPIPE_NATIVE'] === 'off') return { unavailable: 'KDPIPE_NATIVE is off' };
  const limit = memory ?? memoryLimit(Math.min(NATIVE_TARGET.addressSpace, machineMemory()));
  const library = loadLibrary(process.env['KDPIPE_NATIVE']);
  if ('unavailable' in library) return library;
  const { addon, kernels, digest } = library;
  if (!nativeIsProven({ kernels, digest })) return { unavailable: 'it failed its self-check on this machine' };
  takeRisk({
    name: 'the native engine',
    without: { KDPIPE_NATIVE: 'off' },
    verdict: nativeVerdict({ kernels, digest }),
  });
  const machine = openMachine(addon, kernels, limit);
  return 'unavailable' in machine ? machine : { engine: new CompiledEngine(new KernelExecutor(machine, threads)) };
}
