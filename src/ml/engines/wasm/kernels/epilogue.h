// What follows an inference convolution.
#ifndef EPILOGUE_H
#define EPILOGUE_H
#include "kernel.h"

/// y = activation(scale · y + shift + residual) in place on rows still in the cache; what is absent is left out.
typedef struct epilogue {
  const float *scale, *shift, *residual;
  float *y; // [rows, channels]
  int channels, activation;
} epilogue;

INLINE void apply_epilogue(const epilogue *e, span rows) {
  if (!e->scale && !e->shift && !e->residual && !e->activation) return;
  for (int row = rows.from; row < rows.to; row++) {
    intptr_t at = (intptr_t)row * e->channels;
    for (int c = 0; c < e->channels; c += LANES) {
      vec x = load(e->y + at + c);
      if (e->scale) x *= load(e->scale + c);
      if (e->shift) x += load(e->shift + c);
      if (e->residual) x += load(e->residual + at + c);
      store(e->y + at + c, activate(x, e->activation));
    }
  }
}
#endif
