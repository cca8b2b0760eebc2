import { KernelExecutor } from '../../src/ml/engines/kernels/executor.ts';
import { loadLibrary, type NativeKernels } from '../../src/ml/engines/native/library.ts';
import { NATIVE_TARGET, NativeMachine } from '../../src/ml/engines/native/machine.ts';

/**
 * The native kernels, whatever the environment says of them.
 *
 * @param options - largest team of threads; bytes of address space, all that there is by default; which kernels, the best by default
 * @returns an executor; null where this platform or processor has none
 */
export function nativeExecutor({
  threads,
  memory = NATIVE_TARGET.addressSpace,
  kernels,
}: {
  readonly threads: number;
  readonly memory?: number;
  readonly kernels?: NativeKernels;
}): KernelExecutor | null {
  const library = loadLibrary(kernels);
  if ('unavailable' in library) return null;
  return new KernelExecutor(new NativeMachine(library.addon, library.kernels, memory), threads);
}

/**
 * Names of the native kernels that this processor can run.
 *
 * @returns the best first; none where there is no library
 */
export function nativeKernels(): readonly NativeKernels[] {
  const library = loadLibrary();
  return 'unavailable' in library ? [] : library.addon.kernels();
}
