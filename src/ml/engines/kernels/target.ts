import { SCRATCH } from '../kernel-constants.ts';
import type { Target } from '../target.ts';

/**
 * What the C kernels are written for, whatever they are compiled to: one lowering for all builds, so that all take the same
 * sums in the same order. Vectors of four floats are the least; a wider one that reads an image of four channels takes along
 * what lies behind them.
 */
export const KERNEL_TARGET = {
  panel: 8,
  onePanel: false,
  lanes: 4,
  imageChannels: 4,
  line: 16,
  largestKernel: 7,
  winograd: { mostChannels: 1024, mostProducts: 0.6, mostSums: 2 ** 21, mostChunks: 16 },
  bfloat16: null,
  readThrough: { fewestChannels: 40, mostFloats: SCRATCH },
  placesValues: true,
  elementBytes: 4,
  addressSpace: 2 ** 32,
} as const satisfies Target;
