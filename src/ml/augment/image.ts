/** A decoded picture: uint8 RGB, interleaved, rows top to bottom, [height, width, 3]. */
export interface RgbImage {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}
