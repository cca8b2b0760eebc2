// Elementwise primitives: copies of channels, sums, products, activations, column sums.
#include "rows.h"

#define SUM_STRIP 256 // terms added in a register before they go to the total

/// `copy_floats` between floats that lie apart.
static void copy_apart(const float *x, float *y, const copy_channels_op *op) {
  for (int c = 0; c < op->channels; c++, x += op->fromStep, y += op->toStep) *y = op->accumulate ? *y + *x : *x;
}

static void clear(float *y, int count) {
  int c = 0;
  for (; c + LANES <= count; c += LANES) store(y + c, splat(0));
  for (; c < count; c++) y[c] = 0;
}

void run_copy_channels(const copy_channels_op *op, const team *team) {
  span rows = share(op->rows, 16, team);
  int end = op->to + (op->channels - 1) * op->toStep + 1;
  for (int row = rows.from; row < rows.to; row++) {
    const float *x = op->x + (intptr_t)row * op->fromStride + op->from;
    float *y = op->y + (intptr_t)row * op->toStride;
    if (op->fromStep == 1 && op->toStep == 1) copy_floats(x, y + op->to, op->channels, op->accumulate);
    else copy_apart(x, y + op->to, op);
    if (!op->accumulate) clear(y + end, op->toStride - end);
  }
}

/// Copies a row of pixels, their channels padded to `stride`.
static void pad_pixels(const float *x, float *y, int pixels, int channels, int stride) {
  int i = 0;
  if (channels == 3 && stride == 4) for (; i < pixels - 1; i++) { // the last one's fourth float may be nobody's
    quad pixel = load_quad(x + 3 * i);
    store_quad(y + 4 * i, __builtin_shufflevector(pixel, (quad)(0), 0, 1, 2, 4));
  }
  for (; i < pixels; i++) {
    copy_floats(x + i * channels, y + i * stride, channels, 0);
    clear(y + i * stride + channels, stride - channels);
  }
}

void run_pad(const pad_op *op, const team *team) {
  int down = op->height + 2 * op->padding, border = op->padding * op->stride;
  intptr_t across = (intptr_t)op->width * op->stride + 2 * border;
  span rows = share(op->batch * down, 1, team);
  for (int i = rows.from; i < rows.to; i++) {
    float *y = op->y + i * across;
    int row = i % down - op->padding;
    if ((unsigned)row >= (unsigned)op->height) {
      clear(y, (int)across);
      continue;
    }
    clear(y, border);
    pad_pixels(op->x + ((intptr_t)(i / down) * op->height + row) * op->width * op->channels, y + border, op->width, op->channels, op->stride);
    clear(y + across - border, border);
  }
}

void run_zero(const zero_op *op, const team *team) {
  span all = share(op->count, LANES, team);
  clear(op->y + all.from, all.to - all.from);
}

INLINE void affine_with(const affine_op *op, span rows, const int activation) {
  int far = op->y != op->x && op->y != op->residual && is_far((intptr_t)op->rows * op->channels);
  for (int row = rows.from; row < rows.to; row++) {
    intptr_t at = (intptr_t)row * op->channels;
    for (int c = 0; c < op->channels; c += LANES) {
      vec x = multiply_add(load(op->x + at + c), load(op->scale + c), load(op->shift + c));
      if (op->residual) x += load(op->residual + at + c);
      store_out(op->y + at + c, activate(x, activation), far);
    }
  }
}

void affine_rows(const affine_op *op, span rows) { for_activation(op->activation, affine_with, op, rows); }

void run_affine(const affine_op *op, const team *team) { affine_rows(op, share(op->rows, 1, team)); }

INLINE void activate_all(const activation_op *op, span all, const int activation) {
  for (int i = all.from; i < all.to; i += LANES) store(op->y + i, activate(load(op->x + i), activation));
}

void run_activation(const activation_op *op, const team *team) {
  span all = share(op->count, PANEL, team);
  for_activation(op->activation, activate_all, op, all);
}

void run_activation_gradient(const activation_gradient_op *op, const team *team) {
  span all = share(op->count, PANEL, team);
  for (int i = all.from; i < all.to; i += LANES) {
    vec g = activation_gradient(load(op->dy + i), load(op->x + i), op->activation);
    store(op->dx + i, op->accumulate ? g + load(op->dx + i) : g);
  }
}

INLINE void add_all(const add_op *op, span all, const int activation) {
  for (int i = all.from; i < all.to; i += LANES) store(op->y + i, activate(load(op->a + i) + load(op->b + i), activation));
}

void run_add(const add_op *op, const team *team) {
  span all = share(op->count, PANEL, team);
  for_activation(op->activation, add_all, op, all);
}

void run_multiply(const multiply_op *op, const team *team) {
  span rows = share(op->rows, 1, team);
  for (int row = rows.from; row < rows.to; row++) {
    intptr_t at = (intptr_t)row * op->channels;
    const float *b = op->b + (intptr_t)(row / op->area) * op->channels;
    for (int c = 0; c < op->channels; c += LANES) {
      vec y = load(op->a + at + c) * load(b + c);
      store(op->y + at + c, op->accumulate ? load(op->y + at + c) + y : y);
    }
  }
}

/// Sums of dy · a for a panel of channels of the rows that share one row of b, in strips so that rounding errors stay few.
INLINE void gate_gradient(const multiply_gradient_op *op, int row, int c) {
  vec total[VECTORS];
  UNROLL for (int j = 0; j < VECTORS; j++) total[j] = splat(0);
  for (int from = 0; from < op->area; from += SUM_STRIP) {
    vec sum[VECTORS];
    UNROLL for (int j = 0; j < VECTORS; j++) sum[j] = splat(0);
    intptr_t at = ((intptr_t)row * op->area + from) * op->channels + c;
    for (int i = from; i < min(op->area, from + SUM_STRIP); i++, at += op->channels)
      UNROLL for (int j = 0; j < VECTORS; j++)
        sum[j] = multiply_add(load(op->dy + at + j * LANES), load(op->a + at + j * LANES), sum[j]);
    UNROLL for (int j = 0; j < VECTORS; j++) total[j] += sum[j];
  }
  float *db = op->db + (intptr_t)row * op->channels + c;
  UNROLL for (int j = 0; j < VECTORS; j++) store(db + j * LANES, op->accumulate ? load(db + j * LANES) + total[j] : total[j]);
}

void run_multiply_gradient(const multiply_gradient_op *op, const team *team) {
  int panels = op->channels / PANEL;
  span all = share(op->rows / op->area * panels, 1, team);
  for (int i = all.from; i < all.to; i++) gate_gradient(op, i / panels, i % panels * PANEL);
}

void run_bias_gradient(const bias_gradient_op *op, const team *team) {
  span mine = share(op->channels, LANES, team);
  for (int c = mine.from; c < mine.to; c += LANES) {
    vec total = splat(0);
    for (int from = 0; from < op->rows; from += SUM_STRIP) {
      vec sum = splat(0);
      for (int row = from; row < min(op->rows, from + SUM_STRIP); row++) sum += load(op->dy + (intptr_t)row * op->channels + c);
      total += sum;
    }
    store(op->dbias + c, total);
  }
}
