import type { Numbers, Operands, PrimitiveName } from '../../../../src/ml/engines/primitives.ts';
import { signed } from '../../../support/hashed.ts';

/** A primitive with everything that it is given. */
export type Call = {
  readonly [P in PrimitiveName]: {
    readonly primitive: P;
    readonly operands: Operands<P, Float32Array>;
    readonly numbers: Numbers<P>;
    /** Operands that hold nothing afterwards. */
    readonly scratch?: readonly string[];
  };
}[PrimitiveName];

/** Calls that belong together, and how far float32 may be from float64 for them. */
export interface Case {
  readonly title: string;
  readonly calls: () => Call[];
  readonly tolerance: number;
}

/** Numbers in [.5, 1.5]. */
export const positive = (name: string, count: number): Float32Array =>
  signed(name, count).map((value) => 0.5 + Math.abs(value));

/** What a batch norm saved of its statistics: scale and shift by channel come first. */
export const savedNorm = (channels: number): Float32Array =>
  Float32Array.from([...positive('norm scale', channels), ...signed('norm shift', 3 * channels)]);

/** Zeros, to be overwritten. */
export const empty = (count: number): Float32Array => new Float32Array(count);

/** A sliding window over an image. */
export interface Window {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation?: number;
}

function slide(size: number, { kernel, stride, padding, dilation = 1 }: Window): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Adds the output's size to a window. */
export function outputOf<W extends Window>(w: W): W & { outHeight: number; outWidth: number } {
  return { ...w, outHeight: slide(w.height, w), outWidth: slide(w.width, w) };
}

/** `2×8×8×16, kernel 3, stride 1, padding 1`. */
export function titleOf({ batch, height, width, channels, kernel, stride, padding, dilation = 1 }: Window): string {
  const spread = dilation > 1 ? `, dilation ${dilation}` : '';
  return `${batch}×${height}×${width}×${channels}, kernel ${kernel}, stride ${stride}, padding ${padding}${spread}`;
}
