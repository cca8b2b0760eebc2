import type { Target } from '../target.ts';

/** Nothing is padded: filters are [kernel, kernel, in, out], maps [batch, height, width, channels], as TensorFlow's tensors. */
export const TENSORFLOW_TARGET = {
  panel: 1,
  onePanel: true,
  lanes: 1,
  imageChannels: 1,
  // Where a buffer begins is of no account: its values are a tensor of their own.
  line: 1,
  largestKernel: Number.MAX_SAFE_INTEGER,
  winograd: null,
  bfloat16: null,
  // A norm read through is made twice, which its memory would have to be short for.
  readThrough: null,
  placesValues: true,
  elementBytes: 4,
  addressSpace: Number.MAX_SAFE_INTEGER,
} as const satisfies Target;
