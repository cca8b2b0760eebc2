import { KernelExecutor } from '../../src/ml/engines/kernels/executor.ts';
import { loadLibrary } from '../../src/ml/engines/native/library.ts';
import { NATIVE_TARGET, NativeMachine } from '../../src/ml/engines/native/machine.ts';

/**
 * The native kernels, whatever the environment says of them.
 *
 * @param options - largest team of threads; bytes of address space, all that there is by default
 * @returns an executor; null where this platform or processor has none
 */
export function nativeExecutor({
  threads,
  memory = NATIVE_TARGET.addressSpace,
}: {
  readonly threads: number;
  readonly memory?: number;
}): KernelExecutor | null {
  const library = loadLibrary();
  if ('unavailable' in library) return null;
  return new KernelExecutor(new NativeMachine(library.addon, library.kernels, memory), threads);
}
