// Rows of floats of any length and alignment.
#ifndef ROWS_H
#define ROWS_H
#include "kernel.h"

/// y (+)= x over `count` floats.
INLINE void copy_floats(const float *x, float *y, int count, int accumulate) {
  int c = 0;
  for (; c + LANES <= count; c += LANES) store(y + c, accumulate ? load(y + c) + load(x + c) : load(x + c));
  for (; c < count; c++) y[c] = accumulate ? y[c] + x[c] : x[c];
}

/// The first `count` floats of a vector, zeros behind them: nothing past them is read.
INLINE vec load_some(const float *p, int count) {
  if (count >= LANES) return load(p);
  float floats[LANES] = { 0 };
  for (int i = 0; i < count; i++) floats[i] = p[i];
  return load(floats);
}

/// Writes the first `count` floats of a vector.
INLINE void store_some(float *p, vec x, int count) {
  if (count >= LANES) return store(p, x);
  float floats[LANES];
  store(floats, x);
  for (int i = 0; i < count; i++) p[i] = floats[i];
}
#endif
