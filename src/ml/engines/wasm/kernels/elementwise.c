// Elementwise primitives: copies between dense and padded rows, sums, activations, dropout, column sums.
#include "kernel.h"

void run_copy_channels(const copy_channels_op *op, const team *team) {
  span rows = share(op->rows, 16, team);
  for (int row = rows.from; row < rows.to; row++) {
    const float *x = op->x + (intptr_t)row * op->fromStride;
    float *y = op->y + (intptr_t)row * op->toStride;
    for (int c = 0; c < op->channels; c++) y[c] = op->accumulate ? y[c] + x[c] : x[c];
    if (!op->accumulate) for (int c = op->channels; c < op->toStride; c++) y[c] = 0;
  }
}

void run_zero(const zero_op *op, const team *team) {
  span all = share(op->count, LANES, team);
  for (int i = all.from; i < all.to; i++) op->y[i] = 0;
}

void affine_rows(const affine_op *op, span rows) {
  int channels = op->channels, activation = op->activation;
  for (int row = rows.from; row < rows.to; row++) {
    intptr_t at = (intptr_t)row * channels;
    for (int c = 0; c < channels; c += LANES) {
      vec x = multiply_add(load(op->x + at + c), load(op->scale + c), load(op->shift + c));
      if (op->residual) x += load(op->residual + at + c);
      store(op->y + at + c, activate(x, activation));
    }
  }
}

void run_affine(const affine_op *op, const team *team) { affine_rows(op, share(op->rows, 1, team)); }

void run_activation(const activation_op *op, const team *team) {
  span all = share(op->count, PANEL, team);
  for (int i = all.from; i < all.to; i += LANES) store(op->y + i, activate(load(op->x + i), op->activation));
}

void run_activation_gradient(const activation_gradient_op *op, const team *team) {
  span all = share(op->count, PANEL, team);
  for (int i = all.from; i < all.to; i += LANES) {
    vec g = keep(load(op->dy + i), passes(load(op->y + i), op->activation));
    store(op->dx + i, op->accumulate ? g + load(op->dx + i) : g);
  }
}

void run_add(const add_op *op, const team *team) {
  span all = share(op->count, PANEL, team);
  for (int i = all.from; i < all.to; i += LANES)
    store(op->y + i, activate(load(op->a + i) + load(op->b + i), op->activation));
}

void run_bias_gradient(const bias_gradient_op *op, const team *team) {
  span mine = share(op->channels, LANES, team);
  for (int c = mine.from; c < mine.to; c += LANES) {
    vec total = splat(0);
    for (int from = 0; from < op->rows; from += 256) {
      vec sum = splat(0);
      for (int row = from; row < min(op->rows, from + 256); row++) sum += load(op->dy + (intptr_t)row * op->channels + c);
      total += sum;
    }
    store(op->dbias + c, total);
  }
}

/// MurmurHash3's finaliser, as in ml/random.
INLINE uint32_t mix(uint32_t x) {
  x = (x ^ x >> 16) * 0x85ebca6b;
  x = (x ^ x >> 13) * 0xc2b2ae35;
  return x ^ x >> 16;
}

void run_dropout(const dropout_op *op, const team *team) {
  const uint32_t golden = 0x9e3779b1, stream = 0x27d4eb2f;
  uint32_t key = mix(((uint32_t)team->controls->seed + (uint32_t)op->salt) ^ stream);
  key = mix(key + (uint32_t)team->controls->step * golden);
  double limit = (double)op->rate * 4294967296.;
  float scale = 1.f / (1.f - op->rate);
  span rows = share(op->rows, 1, team);
  for (int row = rows.from; row < rows.to; row++)
    for (int c = 0; c < op->stride; c++) {
      intptr_t at = (intptr_t)row * op->stride + c;
      uint32_t index = (uint32_t)row * (uint32_t)op->channels + (uint32_t)c;
      float kept = mix(key + index * golden + 0x7f4a7c15) >= limit ? op->x[at] * scale : 0;
      op->y[at] = op->accumulate ? op->y[at] + kept : kept;
    }
}
