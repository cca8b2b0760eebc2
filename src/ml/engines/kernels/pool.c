// Maximum and average pooling and their gradients. Windows may overlap, so a gradient's unit of work is an image.
#include "kernel.h"

/// Rows and columns of the input inside the window of output pixel (row, column).
typedef struct window { span rows, columns; } window;

#define window_of(op, row, column) \
  (window){ { max(0, (row) * (op)->stride - (op)->padding), min((op)->height, (row) * (op)->stride - (op)->padding + (op)->kernel) }, \
            { max(0, (column) * (op)->stride - (op)->padding), min((op)->width, (column) * (op)->stride - (op)->padding + (op)->kernel) } }

/// Offset of a pixel's channels in [batch, height, width, channels].
#define offset(op, image, row, column) (((intptr_t)((image) * (op)->height + (row)) * (op)->width + (column)) * (op)->channels)
#define each_pixel(w) for (int i = (w).rows.from; i < (w).rows.to; i++) for (int j = (w).columns.from; j < (w).columns.to; j++)

void run_max_pool(const max_pool_op *op, const team *team) {
  span rows = share(op->batch * op->outHeight, 1, team);
  for (int row = rows.from; row < rows.to; row++)
    for (int column = 0; column < op->outWidth; column++) {
      int image = row / op->outHeight;
      window w = window_of(op, row % op->outHeight, column);
      float *y = op->y + ((intptr_t)row * op->outWidth + column) * op->channels;
      for (int c = 0; c < op->channels; c += LANES) {
        vec best = splat(-__builtin_inff());
        each_pixel(w) best = maximum(best, load(op->x + offset(op, image, i, j) + c));
        store(y + c, best);
      }
    }
}

static void clear_map(float *to, intptr_t floats) {
  for (intptr_t i = 0; i < floats; i += LANES) store(to + i, splat(0));
}

void run_max_pool_gradient(const max_pool_gradient_op *op, const team *team) {
  span images = share(op->batch, 1, team);
  for (int image = images.from; image < images.to; image++) {
    if (!op->accumulate) clear_map(op->dx + offset(op, image, 0, 0), offset(op, 1, 0, 0));
    for (int row = 0; row < op->outHeight; row++)
      for (int column = 0; column < op->outWidth; column++) {
        window w = window_of(op, row, column);
        intptr_t out = ((intptr_t)(image * op->outHeight + row) * op->outWidth + column) * op->channels;
        for (int c = 0; c < op->channels; c += LANES) {
          vec best = load(op->y + out + c), g = load(op->dy + out + c);
          mask open = (mask)(-1);
          each_pixel(w) {
            intptr_t at = offset(op, image, i, j) + c;
            mask first = (load(op->x + at) == best) & open;
            store(op->dx + at, load(op->dx + at) + keep(g, first));
            open &= ~first;
          }
        }
      }
  }
}

INLINE float inverse_area(window w, int kernel, int countPadding) {
  return 1.f / (float)(countPadding ? kernel * kernel : (w.rows.to - w.rows.from) * (w.columns.to - w.columns.from));
}

void run_average_pool(const average_pool_op *op, const team *team) {
  span rows = share(op->batch * op->outHeight, 1, team);
  for (int row = rows.from; row < rows.to; row++)
    for (int column = 0; column < op->outWidth; column++) {
      int image = row / op->outHeight;
      window w = window_of(op, row % op->outHeight, column);
      float *y = op->y + ((intptr_t)row * op->outWidth + column) * op->channels;
      clear_map(y, op->channels); // pixel by pixel, as windows are often whole images: memory is read in order
      each_pixel(w) {
        const float *x = op->x + offset(op, image, i, j);
        for (int c = 0; c < op->channels; c += LANES) store(y + c, load(y + c) + load(x + c));
      }
      for (int c = 0; c < op->channels; c += LANES) store(y + c, load(y + c) * inverse_area(w, op->kernel, op->countPadding));
    }
}

void run_average_pool_gradient(const average_pool_gradient_op *op, const team *team) {
  span images = share(op->batch, 1, team);
  for (int image = images.from; image < images.to; image++) {
    if (!op->accumulate) clear_map(op->dx + offset(op, image, 0, 0), offset(op, 1, 0, 0));
    for (int row = 0; row < op->outHeight; row++)
      for (int column = 0; column < op->outWidth; column++) {
        window w = window_of(op, row, column);
        const float *dy = op->dy + ((intptr_t)(image * op->outHeight + row) * op->outWidth + column) * op->channels;
        float inverse = inverse_area(w, op->kernel, op->countPadding);
        each_pixel(w) {
          float *dx = op->dx + offset(op, image, i, j);
          for (int c = 0; c < op->channels; c += LANES) store(dx + c, load(dx + c) + load(dy + c) * inverse);
        }
      }
  }
}
