// What follows an inference convolution.
#ifndef EPILOGUE_H
#define EPILOGUE_H
#include "kernel.h"

/// activation(scale · x + shift + residual); what is absent is left out.
typedef struct epilogue {
  const float *scale, *shift, *residual;
  float *y; // [rows, channels]
  int channels, activation;
} epilogue;

INLINE int is_plain(const epilogue *e) { return !e->scale && !e->shift && !e->residual && !e->activation; }

/// What becomes of a vector of sums x that belong at y[at], of channels c and on.
INLINE vec follow(const epilogue *e, vec x, intptr_t at, int c) {
  vec shift = e->shift ? load(e->shift + c) : splat(0);
  x = e->scale ? multiply_add(x, load(e->scale + c), shift) : x + shift;
  if (e->residual) x += load(e->residual + at);
  return activate(x, e->activation);
}

/// In place, on rows still in the cache.
INLINE void apply_epilogue(const epilogue *e, span rows) {
  if (is_plain(e)) return;
  for (int row = rows.from; row < rows.to; row++) {
    intptr_t at = (intptr_t)row * e->channels;
    for (int c = 0; c < e->channels; c += LANES) store(e->y + at + c, follow(e, load(e->y + at + c), at + c, c));
  }
}
#endif
