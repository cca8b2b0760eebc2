import { readFileSync } from 'node:fs';
import { decodeSafetensors } from './safetensors.ts';
import type { TensorFile } from './tensor-file.ts';
import { decodeTorchFile, isTorchFile } from './torch-file.ts';

/**
 * Reads a file of weights: .safetensors, or what torch.save wrote. Its content tells which, not its name.
 *
 * @param path - absolute path
 * @param file - the path as messages show it
 * @returns its tensors
 * @throws FailureError `damaged-weights`, `unsafe-weights` or `unsupported-dtype`
 */
export function readWeights(path: string, file: string): TensorFile {
  const bytes = readFileSync(path);
  return isTorchFile(bytes) ? decodeTorchFile(bytes, file) : decodeSafetensors(bytes, file);
}
