import { existsSync } from 'node:fs';

/** Where drivers show themselves: NVIDIA's, AMD's, and that of Windows under WSL. */
const DEVICES = ['/dev/nvidiactl', '/dev/nvidia0', '/dev/kfd', '/dev/dxg', 'C:\\Windows\\System32\\nvcuda.dll'];

/**
 * Whether a GPU may be here: looks for its driver, and starts nothing. That a program can use it is not said.
 *
 * @param environment - an empty KDPIPE_GPUS or CUDA_VISIBLE_DEVICES hides GPUs
 * @param isThere - tells files
 * @returns false where none can be
 */
export function hasGpuSigns(
  environment: NodeJS.ProcessEnv = process.env,
  isThere: (path: string) => boolean = existsSync,
): boolean {
  const { KDPIPE_GPUS: wanted, CUDA_VISIBLE_DEVICES: visible } = environment;
  const hidden = wanted?.trim() === '' || (wanted === undefined && ['', '-1'].includes(visible?.trim() ?? '0'));
  if (hidden) return false;
  return (process.platform === 'darwin' && process.arch === 'arm64') || DEVICES.some(isThere);
}
