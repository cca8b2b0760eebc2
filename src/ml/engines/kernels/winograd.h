// Winograd's minimal filtering F(4×4, 3×3) for 3×3 convolutions of stride 1 (Lavin & Gray, CVPR 2016).
//
// A 4×4 tile of the output takes 36 products instead of 144: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A, where d is the 6×6 input tile
// and g the filter; over channels the 36 products become 36 matrix products. The points are 0, ±√½, ±√2 and ∞: with them
// rounding errors are two to three times those of the direct sum, a fifth of those with the usual 0, ±1, ±2, ∞.
#ifndef WINOGRAD_H
#define WINOGRAD_H
#include "kernel.h"

#define INPUTS 393216 // floats of a thread's scratch that hold transformed inputs; products or gradients have the rest
_Static_assert(POINTS * (TILE_ROWS * MOST_WINOGRAD_CHANNELS + SKEW) <= INPUTS, "a row of tiles of the widest map finds room");

#define AHEAD (2 * TILE) // pixels from those that are read to those that are asked for: rows are short, and far apart

#define ROOT 1.41421356f // √2
#define HALF_ROOT .70710678f

/// Feature maps that are cut into tiles: tile (r, c) begins `padding` pixels above and left of pixel (4r, 4c).
typedef struct tiling {
  int batch, height, width, channels; // of the map that is read
  int rows, columns; // tiles of one image
  int padding;
} tiling;

/// Where a tile's pixels lie: the first pixel of each row, zeros for rows outside, and which columns are inside.
typedef struct tile_source {
  const float *row[REACH];
  int from, to;
} tile_source;

/// Floats from one point's matrix of filters to the next.
INLINE intptr_t point_stride(int channels, int outChannels) { return (intptr_t)channels * outChannels + SKEW; }

INLINE int tiles_of(int pixels) { return (pixels + TILE - 1) / TILE; }

/// The input (or, with `side` = TILE, gradient) pixels of a tile; zeros beyond the last tile.
INLINE tile_source source_of(const float *x, const tiling *t, int index, int side, const float *zeros) {
  int area = t->rows * t->columns, image = index / area, within = index % area;
  int top = within / t->columns * TILE - t->padding, left = within % t->columns * TILE - t->padding;
  tile_source w = { .from = max(0, -left), .to = min(side, t->width - left) };
  for (int i = 0; i < side; i++) {
    int inside = image < t->batch && (unsigned)(top + i) < (unsigned)t->height;
    w.row[i] = inside ? x + ((intptr_t)(image * t->height + top + i) * t->width + left) * t->channels : zeros;
  }
  return w;
}

typedef struct six { vec a, b, c, d, e, f; } six;
typedef struct four { vec a, b, c, d; } four;
typedef struct three { vec a, b, c; } three;

/// Bᵀ d
INLINE six input_transform(six x) {
  vec even = multiply_add(x.c, splat(-2), x.e), odd = multiply_add(x.b, splat(-2), x.d) * HALF_ROOT;
  vec even2 = multiply_add(x.c, splat(-.5f), x.e), odd2 = multiply_add(x.b, splat(-.5f), x.d) * ROOT;
  return (six){ multiply_add(x.c, splat(-2.5f), x.a + x.e), even + odd, even - odd,
                even2 + odd2, even2 - odd2, multiply_add(x.d, splat(-2.5f), x.b + x.f) };
}

/// Aᵀ m
INLINE four output_transform(six m) {
  vec sum = m.b + m.c, difference = m.b - m.c, sum2 = m.d + m.e, difference2 = m.d - m.e;
  return (four){ m.a + sum + sum2, multiply_add(difference, splat(.5f), difference2) * ROOT,
                 multiply_add(sum, splat(.5f), sum2 + sum2),
                 multiply_add(multiply_add(difference, splat(.125f), difference2), splat(2 * ROOT), m.f) };
}

/// A y, which takes an output gradient to the points.
INLINE six gradient_transform(four y) {
  vec even = multiply_add(y.c, splat(.5f), y.a), odd = multiply_add(y.d, splat(.5f), y.b) * HALF_ROOT;
  vec even2 = multiply_add(y.c, splat(2), y.a), odd2 = multiply_add(y.d, splat(2), y.b) * ROOT;
  return (six){ y.a, even + odd, even - odd, even2 + odd2, even2 - odd2, y.d };
}

/// G g
INLINE six filter_transform(three g) {
  vec even = multiply_add(g.c, splat(.5f), g.a) * (-2 / 3.f), odd = g.b * (-2 / 3.f * HALF_ROOT);
  vec even2 = multiply_add(g.c, splat(2), g.a) * (1 / 6.f), odd2 = g.b * (1 / 6.f * ROOT);
  return (six){ g.a, even + odd, even - odd, even2 + odd2, even2 - odd2, g.c };
}

/// Gᵀ u, which takes the points of a filter gradient back to the filter.
INLINE three filter_gradient_transform(six u) {
  vec sum = (u.b + u.c) * (-2 / 3.f), difference = (u.b - u.c) * (-2 / 3.f * HALF_ROOT);
  vec sum2 = (u.d + u.e) * (1 / 6.f), difference2 = (u.d - u.e) * (1 / 6.f * ROOT);
  return (three){ u.a + sum + sum2, difference + difference2, multiply_add(sum, splat(.5f), multiply_add(sum2, splat(2), u.f)) };
}

INLINE void put_six(vec *to, int stride, six x) {
  to[0] = x.a; to[stride] = x.b; to[2 * stride] = x.c; to[3 * stride] = x.d; to[4 * stride] = x.e; to[5 * stride] = x.f;
}
INLINE six get_six(const vec *from) { return (six){ from[0], from[1], from[2], from[3], from[4], from[5] }; }

INLINE void store_six(float *to, intptr_t stride, six x) {
  store(to, x.a);
  store(to + stride, x.b);
  store(to + 2 * stride, x.c);
  store(to + 3 * stride, x.d);
  store(to + 4 * stride, x.e);
  store(to + 5 * stride, x.f);
}

/// Bᵀ d B for a vector of channels from c of a tile; point p goes to `to` + p · stride. Images have four channels: where a
/// vector is wider, what lies behind them is taken along, and the next tile, or nothing, is written over it. 36 vectors are too
/// many for registers: they go through memory.
INLINE void transform_input_tile(const tile_source *w, int channels, int c, float *to, int stride) {
  vec rows[REACH][REACH];
  ROLLED for (int j = 0; j < REACH; j++) {
    intptr_t at = (intptr_t)j * channels + c;
    six x = { 0 };
    if (c % 16 == 0) UNROLL for (int i = 0; i < REACH; i++) __builtin_prefetch(w->row[i] + at + AHEAD * channels);
    if (j >= w->from && j < w->to)
      x = (six){ load(w->row[0] + at), load(w->row[1] + at), load(w->row[2] + at),
                 load(w->row[3] + at), load(w->row[4] + at), load(w->row[5] + at) };
    put_six(&rows[0][j], REACH, input_transform(x));
  }
  ROLLED for (int i = 0; i < REACH; i++, to += REACH * (intptr_t)stride) store_six(to, stride, input_transform(get_six(rows[i])));
}

/// Forward pass by F(4×4, 3×3): a `conv` with a 3×3 kernel and stride 1.
KERNEL winograd_conv(const conv_op *op, const team *team);

/// The same of its input gradient; channels must be a multiple of 8.
KERNEL winograd_conv_input_gradient(const conv_input_gradient_op *op, const team *team);

/// The same of its filter gradient.
KERNEL winograd_conv_filter_gradient(const conv_filter_gradient_op *op, const team *team);
#endif
