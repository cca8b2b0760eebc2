import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** TensorFlow's native module on this machine. */
export interface Installed {
  /** Absolute path of `tfjs_binding.node`. */
  readonly module: string;
  /** TensorFlow's. */
  readonly version: string;
  readonly gpu: boolean;
}

/**
 * Finds the native module: in the folder that KDPIPE_TENSORFLOW names.
 *
 * @returns it, or why there is none: a half sentence
 */
export function installedTensorFlow(): Installed | { readonly unavailable: string } {
  const folder = process.env['KDPIPE_TENSORFLOW'];
  if (folder === undefined) return { unavailable: 'TensorFlow is not installed (KDPIPE_TENSORFLOW names its folder)' };
  const module = join(folder, 'tfjs_binding.node');
  if (!existsSync(module)) return { unavailable: `there is no ${module}` };
  return { module, version: 'unknown', gpu: false };
}
