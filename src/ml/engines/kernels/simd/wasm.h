// Vectors of WebAssembly's SIMD: 128 bits, four floats. A header of this folder is all that an instruction set needs.
#ifndef SIMD_WASM_H
#define SIMD_WASM_H

#define LANES 4
#define WIDE LANES
#define TILE_ROWS 4 // eight sums, two vectors of filters and a broadcast fill the registers that V8 has
#define TILE_PANELS 1
#define LONE_ROWS TILE_ROWS
#define OUTER_ROWS TILE_ROWS
#define OUTER_PANELS TILE_PANELS

typedef float vec __attribute__((ext_vector_type(LANES)));
typedef vec wide; // of products
typedef float unaligned_vec __attribute__((ext_vector_type(LANES), aligned(4)));
typedef int32_t mask __attribute__((ext_vector_type(LANES)));

/// a · b + c
#ifdef RELAXED // one rounding instead of two, and half the instructions
#define multiply_add(a, b, c) ((vec)__builtin_wasm_relaxed_madd_f32x4(a, b, c))
#else
#define multiply_add(a, b, c) ((a) * (b) + (c))
#endif
#define multiply_add_wide multiply_add

INLINE vec load(const float *p) { return *(const unaligned_vec *)p; }
INLINE void store(float *p, vec x) { *(unaligned_vec *)p = x; }
/// Would write past the caches.
INLINE void store_past(float *p, vec x) { store(p, x); }
INLINE vec splat(float x) { return (vec)(x); }

/// x where the mask is set, else 0.
INLINE vec keep(vec x, mask where) { return (vec)((mask)x & where); }

/// `x < low ? low : x`, and `x > high ? high : x`: a NaN passes through.
INLINE vec at_least(vec x, float low) { return (vec)__builtin_wasm_pmax_f32x4(x, splat(low)); }
INLINE vec at_most(vec x, float high) { return (vec)__builtin_wasm_pmin_f32x4(x, splat(high)); }

/// The larger one, and NaN where either is one.
INLINE vec maximum(vec a, vec b) { return __builtin_wasm_max_f32x4(a, b); }

/// The nearest whole number, the even one of two.
INLINE vec round_even(vec x) { return __builtin_elementwise_roundeven(x); }
INLINE vec square_root(vec x) { return __builtin_elementwise_sqrt(x); }

/// Whole numbers as integers.
INLINE mask to_integers(vec x) { return __builtin_wasm_trunc_saturate_s_i32x4_f32x4(x); }
#endif
