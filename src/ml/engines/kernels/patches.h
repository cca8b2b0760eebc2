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
  int taps, depth; // floats that a tap takes: a pixel's, or those of some that lie side by side
  int down[MAX_TAPS], right[MAX_TAPS]; // source pixel = grid pixel · step + offset
} patches;

/// Taps of a square window in filter order. Where no window crosses a border, those of a row are one.
INLINE void take_window(patches *p, int kernel, int padding) {
  int across = padding ? kernel : 1;
  p->taps = kernel * across;
  p->depth = p->channels * kernel / across;
  for (int tap = 0; tap < p->taps; tap++) {
    p->down[tap] = tap / across - padding;
    p->right[tap] = tap % across - padding;
  }
}

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
#endif
