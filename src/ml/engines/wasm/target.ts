import type { Target } from '../target.ts';

/** What the C kernels are written for: panels of two vectors of 128 bits, addresses of 32. */
export const WASM_TARGET = {
  panel: 8,
  lanes: 4,
  imageChannels: 4,
  line: 16,
  largestKernel: 7,
  winograd: { mostChannels: 1024, mostProducts: 0.6, mostSums: 2 ** 21, mostChunks: 16 },
  elementBytes: 4,
  addressSpace: 2 ** 32,
} as const satisfies Target;
