import type { EngineOptions, EngineResult } from '../engine.ts';
import { CompiledEngine } from '../compiled-engine.ts';
import { loadBinding, type Binding } from './binding.ts';
import { TensorFlowExecutor } from './executor.ts';
import { installedTensorFlow } from './installed.ts';

/** How many threads work within an operation, and how many operations at a time: read when the first graph is loaded. */
const THREADS = ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'] as const;

/** The native module, or why it cannot be loaded: a half sentence. */
function loaded(module: string): Binding | { readonly unavailable: string } {
  try {
    return loadBinding(module);
  } catch (error) {
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { unavailable: `TensorFlow’s module cannot be loaded: ${message}` };
  }
}

/**
 * Makes the tensorflow engine: TensorFlow's native module in this process, on the best device that it has.
 *
 * @param options - memory is the device's
 * @param options.threads - of a CPU; those of the first engine in a process count for all
 * @returns the engine, or why it cannot run here
 */
export function createTensorFlow({ threads }: EngineOptions): EngineResult {
  const installed = installedTensorFlow();
  if ('unavailable' in installed) return installed;
  for (const name of THREADS) process.env[name] ??= String(threads);
  const binding = loaded(installed.module);
  if ('unavailable' in binding) return binding;
  const gpu = binding.isUsingGpuDevice();
  const description = {
    tensorflow: binding.TF_Version,
    device: gpu ? 'gpu' : 'cpu',
    ...(!gpu && { threads }),
    node: process.versions.node,
  };
  return { engine: new CompiledEngine(new TensorFlowExecutor(binding, description)) };
}
