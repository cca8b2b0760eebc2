/** A format of sixteen bits, by PyTorch's name. */
export type HalfPrecision = 'bfloat16' | 'float16';

/** When a 3×3 convolution, or a gradient of it, takes Winograd's algorithm. All of it decides about bits. */
export interface WinogradLimits {
  /** Most channels of either map, for what a thread's stack holds. */
  readonly mostChannels: number;
  /** Products that are left, of those of the direct sum, at most: below 1, as the transforms take time too. */
  readonly mostProducts: number;
  /** Floats that the sums of a filter gradient over chunks of the batch may take, and the most chunks. */
  readonly mostSums: number;
  readonly mostChunks: number;
}

/**
 * Which dense products are computed from operands that are rounded to half precision, where it is asked for: all but those that
 * are faster, and more precise, in float32. Products are counted for each pixel of the output: kernel² · channels · outChannels.
 */
export interface Bfloat16Limits {
  /** What operands are rounded to; in float16 each is scaled for itself by a power of two, which the product is divided by. */
  readonly format: HalfPrecision;
  /** Fewest products of a forward pass or an input gradient: below, rounding takes longer than it saves. */
  readonly leastProducts: number;
  /** The same of a filter gradient, both of whose factors are maps. */
  readonly leastFilterProducts: number;
  /** Terms of a sum that a thread has room for. */
  readonly mostDepth: number;
  /**
   * Winograd's algorithm in float32 gives way to the direct sum where the batch has at most so many tiles, for filters of at least so
   * many pairs of channels: transforming them is most of its work.
   */
  readonly mostTiles: number;
  readonly leastChannelPairs: number;
}

/** Which products read a batch norm's output by making it of the norm's input, piece by piece. */
export interface ReadThroughLimits {
  /** Fewest channels: below, making an output anew takes as long as writing it once and reading it. */
  readonly fewestChannels: number;
  /** Most floats of the input's rows under one row of a depthwise convolution's output, for which there is room. */
  readonly mostFloats: number;
}

/**
 * What the kernels of an executor want of a program: how filters and maps lie in memory, and which algorithms there are.
 * Networks are laid out and lowered for a target; what leaves an engine (weights, gradients, taps) is laid out as PyTorch
 * has it, whatever the target.
 */
export interface Target {
  /** Output channels of a filter panel; channels of maps and vectors of values are padded to a multiple of it. */
  readonly panel: number;
  /** Whether a dense filter is a single panel of all of its output channels: [kernel²][in][out]. */
  readonly onePanel: boolean;
  /** Floats of a vector; kernels walk channels by as many. */
  readonly lanes: number;
  /** An image that only convolutions read is padded to a multiple of this many channels only; at most `panel`. */
  readonly imageChannels: number;
  /** Buffers of a step start at multiples of this many floats: a cache line, so that no two threads share one by accident. */
  readonly line: number;
  /** Largest kernel of dense and depthwise convolutions; larger ones take the plain loops of grouped convolutions. */
  readonly largestKernel: number;
  /** null where the kernels know no Winograd's algorithm. */
  readonly winograd: WinogradLimits | null;
  /** null where the kernels compute in one precision alone, or half precision is not wanted. */
  readonly bfloat16: Bfloat16Limits | null;
  /** null where batch norms are always written. */
  readonly readThrough: ReadThroughLimits | null;
  /**
   * Whether every buffer of a step has a place in the step's memory. Else only ports have, which others name, and the executor makes
   * room for what lies between two operations as it goes.
   */
  readonly placesValues: boolean;
  /** Bytes of a value in memory. */
  readonly elementBytes: number;
  /** Bytes that an address reaches: what a step and its session may take at most. */
  readonly addressSpace: number;
}

/** In half precision all dense products are: where what multiplies picks its own algorithms. */
export const ALL_PRODUCTS: Bfloat16Limits = {
  format: 'bfloat16',
  leastProducts: 0,
  leastFilterProducts: 0,
  mostDepth: Infinity,
  mostTiles: 0,
  leastChannelPairs: 0,
};

/**
 * Rounds up to a whole number of units.
 *
 * @param n - a count
 * @param unit - at least 1
 * @returns the least multiple of `unit` that is not below `n`
 */
export const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
