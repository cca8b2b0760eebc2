/* The two passes of Pillow's Resample.c over interleaved RGB of 8 bits: exact integers, so that vectors give the same bytes. Whole
   vectors are read and written: up to 16 bytes behind the last pixel have to be there, and what is written behind a row is
   overwritten by the next. */
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name), used)) void name

/* Fraction bits of a weight: 32, less 8 of a pixel and 2 of head room. */
#define PRECISION 22
/* Sums start from one half, so that dropping the fraction rounds. */
#define HALF wasm_i32x4_const_splat(1 << (PRECISION - 1))

/* For each output position: the first input position, how many count, and their weights, `size` a position. */
struct taps {
  const int32_t *first, *used, *weights;
  int32_t size;
};

static v128_t whole(v128_t a, v128_t b) {
  return wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(a, PRECISION), wasm_i32x4_shr(b, PRECISION));
}

/* Resamples every row of [height, width, 3] to [height, output, 3]. */
EXPORT(horizontally)(const uint8_t *in, uint8_t *out, int height, int width, int output, const struct taps *taps) {
  for (int y = 0; y < height; y++, in += 3 * width)
    for (int x = 0; x < output; x++, out += 3) {
      const uint8_t *pixel = in + 3 * taps->first[x];
      const int32_t *weight = taps->weights + x * taps->size, *end = weight + taps->used[x];
      v128_t sum = HALF;
      for (; weight < end; weight++, pixel += 3) {
        v128_t channels = wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(pixel)));
        sum = wasm_i32x4_add(sum, wasm_i32x4_mul(channels, wasm_v128_load32_splat(weight)));
      }
      v128_t halves = whole(sum, sum);
      wasm_v128_store32_lane(out, wasm_u8x16_narrow_i16x8(halves, halves), 0);
    }
}

/* Resamples every column of [height, stride] to [output, stride]. */
EXPORT(vertically)(const uint8_t *in, uint8_t *out, int stride, int output, const struct taps *taps) {
  for (int y = 0; y < output; y++, out += stride) {
    const uint8_t *top = in + taps->first[y] * stride;
    const int32_t *weights = taps->weights + y * taps->size;
    const int used = taps->used[y];
    for (int x = 0; x < stride; x += 16) {
      v128_t a = HALF, b = HALF, c = HALF, d = HALF;
      const uint8_t *values = top + x;
      for (int tap = 0; tap < used; tap++, values += stride) {
        v128_t all = wasm_v128_load(values), weight = wasm_v128_load32_splat(weights + tap);
        v128_t low = wasm_u16x8_extend_low_u8x16(all), high = wasm_u16x8_extend_high_u8x16(all);
        a = wasm_i32x4_add(a, wasm_i32x4_mul(wasm_u32x4_extend_low_u16x8(low), weight));
        b = wasm_i32x4_add(b, wasm_i32x4_mul(wasm_u32x4_extend_high_u16x8(low), weight));
        c = wasm_i32x4_add(c, wasm_i32x4_mul(wasm_u32x4_extend_low_u16x8(high), weight));
        d = wasm_i32x4_add(d, wasm_i32x4_mul(wasm_u32x4_extend_high_u16x8(high), weight));
      }
      wasm_v128_store(out + x, wasm_u8x16_narrow_i16x8(whole(a, b), whole(c, d)));
    }
  }
}
