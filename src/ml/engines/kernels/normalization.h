// The output of a batch norm, for products that are given its input: it is made where they read it, and stays in a cache.
#ifndef NORMALIZATION_H
#define NORMALIZATION_H
#include "kernel.h"

#define NORMALIZED (16 / LANES) // vectors that are taken through a norm at a time: a cache line
#define NARROW_PIXELS 64 // channels up to which all pixels are taken side by side
#define SIDE_BY_SIDE 4 // wider ones: memory is fastest when it is read in order

/// y = activation(scale · x + shift), by channel.
typedef struct normalization {
  const float *scale, *shift; // null where y is x itself
  int activation;
} normalization;

/// `norm`: of a product's operands.
INLINE normalization normalization_of(const float *norm, int channels, int activation) {
  return (normalization){ norm, norm ? norm + channels : 0, activation };
}

/// Some channels of some pixels: from x, which is channel 0 of the first, to y, which is the first of these channels. Pixels lie
/// `x_step` and `y_step` floats apart; x is asked for `ahead` floats before it is read.
typedef struct passage {
  const float *x;
  float *y;
  int x_step, y_step, count, ahead;
  span channels;
} passage;

INLINE void normalize_vectors(const int vectors, const normalization *n, const passage *p, int c, span rows, const int activation) {
  vec scale[NORMALIZED], shift[NORMALIZED];
  UNROLL for (int j = 0; j < vectors; j++) {
    scale[j] = load(n->scale + c + j * LANES);
    shift[j] = load(n->shift + c + j * LANES);
  }
  const intptr_t x_step = p->x_step, y_step = p->y_step, ahead = p->ahead;
  const float *x = p->x + rows.from * x_step + c;
  float *y = p->y + rows.from * y_step + c - p->channels.from;
  for (int i = rows.from; i < rows.to; i++, x += x_step, y += y_step) {
    __builtin_prefetch(x + ahead);
    UNROLL for (int j = 0; j < vectors; j++) store(y + j * LANES, activate(multiply_add(load(x + j * LANES), scale[j], shift[j]), activation));
  }
}

INLINE void normalize_with(const normalization *n, const passage *p, const int activation) {
  int together = p->channels.to - p->channels.from > NARROW_PIXELS ? SIDE_BY_SIDE : p->count;
  for (int from = 0; from < p->count; from += together) {
    span rows = { from, min(p->count, from + together) };
    int c = p->channels.from;
    for (; c + NORMALIZED * LANES <= p->channels.to; c += NORMALIZED * LANES) normalize_vectors(NORMALIZED, n, p, c, rows, activation);
    for (; c < p->channels.to; c += PANEL) normalize_vectors(VECTORS, n, p, c, rows, activation);
  }
}

static __attribute__((noinline)) void normalize(const normalization *n, passage p) { for_activation(n->activation, normalize_with, n, &p); }
#endif
