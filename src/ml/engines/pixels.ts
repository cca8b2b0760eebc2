/**
 * What 8-bit pixels stand for.
 *
 * @param pixels - uint8 [..., 3]
 * @param table - float32 [3, 256]: of each value of each channel
 * @returns float32, as many
 */
export const lookedUp = (pixels: Uint8Array, table: Float32Array): Float32Array =>
  Float32Array.from(pixels, (value, i) => table[(i % 3) * 256 + value] ?? 0);
