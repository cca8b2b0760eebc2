import type { Target } from '../target.ts';

/** Float64 in ordinary arrays. Panels are as wide as those of the C kernels, so that their primitives can be compared. */
export const REFERENCE_TARGET = {
  panel: 8,
  onePanel: false,
  lanes: 4,
  imageChannels: 4,
  line: 16,
  largestKernel: 7,
  winograd: null,
  bfloat16: null,
  readThrough: { fewestChannels: 40, mostFloats: Number.MAX_SAFE_INTEGER },
  placesValues: true,
  elementBytes: 8,
  addressSpace: Number.MAX_SAFE_INTEGER,
} as const satisfies Target;
