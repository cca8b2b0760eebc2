// Vectors by clang's vector extensions, whatever the processor: eight floats with AVX2, four with NEON. With AVX-512, eight floats
// in all kernels but the products, which take two panels in one vector of sixteen: panels and what is read in rows stay as they are.
#ifndef SIMD_VECTORS_H
#define SIMD_VECTORS_H

#if defined(__AVX512F__) && defined(__AVX512VL__)
#define LANES 8
#define WIDE 16
#define TILE_ROWS 6 // twenty-four sums, four vectors of filters and a broadcast of thirty-two registers
#define TILE_PANELS 8
#define LONE_ROWS 8
#define OUTER_ROWS 8 // by two vectors, which lie with all their depth in the first cache
#define OUTER_PANELS 4
#elif defined(__AVX2__) && defined(__FMA__)
#define LANES 8
#define WIDE LANES
#define TILE_ROWS 6 // twelve sums, two vectors of filters and a broadcast: all but one of sixteen registers
#define TILE_PANELS 2
#define LONE_ROWS 8
#define OUTER_ROWS 4
#define OUTER_PANELS 2
#elif defined(__aarch64__)
#define LANES 4
#define WIDE LANES
#define TILE_ROWS 6 // twenty-four sums of thirty-two registers
#define TILE_PANELS 2
#define LONE_ROWS 8
#define OUTER_ROWS 4
#define OUTER_PANELS 2
#else
#error "simd/vectors.h knows AVX-512, AVX2 and NEON: without fused multiplication and addition results would have other bits"
#endif

typedef float vec __attribute__((ext_vector_type(LANES)));
typedef float unaligned_vec __attribute__((ext_vector_type(LANES), aligned(4)));
typedef int32_t mask __attribute__((ext_vector_type(LANES)));

/// Of products: `WIDE` floats.
typedef float wide __attribute__((ext_vector_type(WIDE)));

/// a · b + c, rounded once
#define multiply_add(a, b, c) __builtin_elementwise_fma((vec)(a), (vec)(b), (vec)(c))
#define multiply_add_wide(a, b, c) __builtin_elementwise_fma((wide)(a), (wide)(b), (wide)(c))

INLINE vec load(const float *p) { return *(const unaligned_vec *)p; }
INLINE void store(float *p, vec x) { *(unaligned_vec *)p = x; }

/// Writes past the caches; p must be aligned to a vector.
INLINE void store_past(float *p, vec x) { __builtin_nontemporal_store(x, (vec *)p); }
INLINE vec splat(float x) { return (vec)(x); }

/// x where the mask is set, else 0.
INLINE vec keep(vec x, mask where) { return (vec)((mask)x & where); }

/// `x < low ? low : x`, and `x > high ? high : x`: a NaN passes through.
INLINE vec at_least(vec x, float low) { return x < splat(low) ? splat(low) : x; }
INLINE vec at_most(vec x, float high) { return splat(high) < x ? splat(high) : x; }

/// The larger one, and NaN where either is one; +0 is larger than −0.
INLINE vec maximum(vec a, vec b) {
  vec larger = ((a < b) | (b != b)) ? b : a;
  return a == b ? (vec)((mask)a & (mask)b) : larger;
}

/// The nearest whole number, the even one of two.
INLINE vec round_even(vec x) { return __builtin_elementwise_roundeven(x); }
INLINE vec square_root(vec x) { return __builtin_elementwise_sqrt(x); }

/// Whole numbers as integers.
INLINE mask to_integers(vec x) { return __builtin_convertvector(x, mask); }
#endif
