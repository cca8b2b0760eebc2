import { decodeSafetensors } from './safetensors.ts';
import type { TensorFile } from './tensor-file.ts';
import { decodeTorchFile, isTorchFile } from './torch-file.ts';

/**
 * Decodes a file of weights: .safetensors, or what torch.save wrote. Its content tells which, not its name.
 *
 * @param bytes - the whole file
 * @param file - its name for messages
 * @returns its tensors
 * @throws FailureError `damaged-weights`, `unsafe-weights` or `unsupported-dtype`
 */
export function decodeWeights(bytes: Uint8Array, file: string): TensorFile {
  return isTorchFile(bytes) ? decodeTorchFile(bytes, file) : decodeSafetensors(bytes, file);
}
