// Convolution as a matrix product over patches, without writing the patches out.
//
// Forward pass and input gradient are the same walk: over a grid of pixels, each with a list of taps, a tap being an
// offset to the source pixel that the filter element meets there. The forward pass has one grid (the output); the input
// gradient has stride² of them, since input pixels of one phase (row mod stride, column mod stride) meet the same taps.
#ifndef PATCHES_H
#define PATCHES_H
#include "kernel.h"

#define MAX_TAPS (MAX_KERNEL * MAX_KERNEL)

typedef struct patches {
  const float *source; // [batch, height, width, channels]
  int height, width, channels;
  int rows, columns; // grid of one image
  int step; // source pixels from one grid pixel to the next
  int taps;
  int down[MAX_TAPS], right[MAX_TAPS]; // source pixel = grid pixel · step + offset
} patches;

/// A pixel of the grid, walked in row order through the whole batch.
typedef struct pixel { int image, row, column; } pixel;

INLINE pixel pixel_at(const patches *p, int index) {
  int area = p->rows * p->columns, within = index % area;
  return (pixel){ index / area, within / p->columns, within % p->columns };
}

INLINE void next_pixel(const patches *p, pixel *at) {
  if (++at->column < p->columns) return;
  at->column = 0;
  if (++at->row < p->rows) return;
  at->row = 0;
  at->image++;
}

/// The channels that tap `tap` meets at a pixel, or zeros outside the image.
INLINE const float *source_at(const patches *p, const pixel *at, int tap, const float *zeros) {
  int row = at->row * p->step + p->down[tap], column = at->column * p->step + p->right[tap];
  if ((unsigned)row >= (unsigned)p->height || (unsigned)column >= (unsigned)p->width) return zeros;
  return p->source + ((intptr_t)(at->image * p->height + row) * p->width + column) * p->channels;
}

/// Four by eight results. Eight accumulators, two factors and a broadcast fill the registers that V8 has.
typedef struct tile { vec c00, c01, c10, c11, c20, c21, c30, c31; } tile;

/// Σ_k a[k][0..3] ⊗ b[k][0..7].
INLINE tile multiply_tile(int depth, const float *a, const float *b) {
  tile t = { splat(0), splat(0), splat(0), splat(0), splat(0), splat(0), splat(0), splat(0) };
  for (int k = 0; k < depth; k++, a += 4, b += 8) {
    vec left = load(b), right = load(b + 4), x;
    x = splat(a[0]); t.c00 = multiply_add(x, left, t.c00); t.c01 = multiply_add(x, right, t.c01);
    x = splat(a[1]); t.c10 = multiply_add(x, left, t.c10); t.c11 = multiply_add(x, right, t.c11);
    x = splat(a[2]); t.c20 = multiply_add(x, left, t.c20); t.c21 = multiply_add(x, right, t.c21);
    x = splat(a[3]); t.c30 = multiply_add(x, left, t.c30); t.c31 = multiply_add(x, right, t.c31);
  }
  return t;
}

INLINE void put(float *c, vec left, vec right, int accumulate) {
  if (accumulate) { left += load(c); right += load(c + 4); }
  store(c, left);
  store(c + 4, right);
}
#endif
