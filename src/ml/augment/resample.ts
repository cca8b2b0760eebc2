import type { RgbImage } from './image.ts';
import { resizeKernel } from './resize-kernel.ts';

/** For each output position: the first input position, and weights from there on; `size` weights a position. */
export interface Taps {
  readonly first: Int32Array;
  /** Weights in use of each position; further ones are 0. */
  readonly used: Int32Array;
  /** In fixed point. */
  readonly weights: Int32Array;
  readonly size: number;
}

/** Functions of kernels/resize.c; their arguments are places in memory and numbers. */
interface Functions {
  readonly horizontally: (
    ...args: [input: number, output: number, height: number, width: number, columns: number, taps: number]
  ) => void;
  readonly vertically: (...args: [input: number, output: number, stride: number, rows: number, taps: number]) => void;
  readonly __heap_base: { readonly value: number };
}

const PAGE = 65536;
/** Bytes behind each array that whole vectors may touch. */
const SLACK = 16;
/** Memory never shrinks: above so many bytes it is let go after its use. */
const LARGEST = 2 ** 26;

/** The kernels, and arrays one behind the other in their memory. */
class Resampler {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  readonly #functions: Functions;
  #end = 0;

  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.#functions = exports as unknown as Functions;
  }

  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }

  #reserve(bytes: number): number {
    const place = this.#end;
    this.#end += Math.ceil((bytes + SLACK) / SLACK) * SLACK;
    if (this.#end > this.bytes) this.#memory.grow(Math.ceil((this.#end - this.bytes) / PAGE));
    return place;
  }

  #put(values: Int32Array): number {
    const place = this.#reserve(values.byteLength);
    new Int32Array(this.#memory.buffer, place, values.length).set(values);
    return place;
  }

  /** `struct taps`. */
  #putTaps({ first, used, weights, size }: Taps): number {
    return this.#put(Int32Array.of(this.#put(first), this.#put(used), this.#put(weights), size));
  }

  /** Resamples rows, columns or both; the picture is fresh. */
  run({ pixels, height, width }: RgbImage, { columns, rows }: Passes): RgbImage {
    this.#end = Math.ceil(this.#functions.__heap_base.value / SLACK) * SLACK;
    let place = this.#reserve(pixels.length);
    new Uint8Array(this.#memory.buffer, place, pixels.length).set(pixels);
    let made = { height, width };
    if (columns) {
      made = { ...made, width: columns.first.length };
      const [taps, to] = [this.#putTaps(columns), this.#reserve(height * made.width * 3)];
      this.#functions.horizontally(place, to, height, width, made.width, taps);
      place = to;
    }
    if (rows) {
      made = { ...made, height: rows.first.length };
      const [taps, to] = [this.#putTaps(rows), this.#reserve(made.height * made.width * 3)];
      this.#functions.vertically(place, to, made.width * 3, made.height, taps);
      place = to;
    }
    return { ...made, pixels: new Uint8Array(this.#memory.buffer, place, made.height * made.width * 3).slice() };
  }
}

/** What is resampled: rows to so many columns, then columns to so many rows. */
export interface Passes {
  readonly columns: Taps | undefined;
  readonly rows: Taps | undefined;
}

let compiled: WebAssembly.Module | undefined;
let latest: Resampler | undefined;

/**
 * Resamples a picture by weights, first along rows, then along columns, with 8 bits between: sums in 32 bits, whose fraction is
 * rounded, kept within 0 … 255.
 *
 * @param image - the picture
 * @param passes - weights of each; a pass without any is left out
 * @returns a fresh picture
 */
export function resample(image: RgbImage, passes: Passes): RgbImage {
  compiled ??= new WebAssembly.Module(resizeKernel());
  const resampler = (latest ??= new Resampler(compiled));
  const made = resampler.run(image, passes);
  if (resampler.bytes > LARGEST) latest = undefined;
  return made;
}
