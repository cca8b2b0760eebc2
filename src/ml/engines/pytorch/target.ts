import type { Target } from '../target.ts';

/** Nothing is padded: filters are [out][kernel²][in], maps [batch, height, width, channels], as PyTorch's channels-last tensors. */
export const PYTORCH_TARGET = {
  panel: 1,
  onePanel: false,
  lanes: 1,
  imageChannels: 1,
  // A cache line of a GPU: 256 bytes.
  line: 64,
  largestKernel: Number.MAX_SAFE_INTEGER,
  winograd: null,
  bfloat16: null,
  // A norm read through is made twice, which its memory would have to be short for.
  readThrough: null,
  placesValues: false,
  elementBytes: 4,
  addressSpace: Number.MAX_SAFE_INTEGER,
} as const satisfies Target;
