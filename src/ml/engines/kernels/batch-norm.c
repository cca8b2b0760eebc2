// Batch norm in training, fused with the residual sum and the activation that follow it, and its gradients.
#include "kernel.h"

#define STRIP 256 // rows of the forward sums that stay in registers before they are added to the chunk's sum
#define MOST_SUMMED (16 / LANES) // vectors that are summed at a time: a cache line

/// Sums of x − origin and its square over some rows, for some vectors of channels from c.
INLINE void sum_strip(const int vectors, const batch_norm_statistics_op *op, float *sums, int c, span rows) {
  int channels = op->channels;
  vec origin[MOST_SUMMED], sum[MOST_SUMMED], square[MOST_SUMMED];
  UNROLL for (int j = 0; j < vectors; j++) {
    origin[j] = load(op->x + c + j * LANES);
    sum[j] = square[j] = splat(0);
  }
  const float *x = op->x + (intptr_t)rows.from * channels + c;
  // The next strip is asked for: rows are short, and far apart.
  intptr_t ahead = channels <= 256 ? (intptr_t)STRIP * channels : 0;
  for (int row = rows.from; row < rows.to; row++, x += channels) {
    UNROLL for (int j = 0; j < vectors; j += 2) __builtin_prefetch(x + ahead + j * LANES);
    UNROLL for (int j = 0; j < vectors; j++) {
      vec a = load(x + j * LANES) - origin[j];
      sum[j] += a;
      square[j] = multiply_add(a, a, square[j]);
    }
  }
  UNROLL for (int j = 0; j < vectors; j++) {
    float *at = sums + c + j * LANES;
    store(at, load(at) + sum[j]);
    store(at + channels, load(at + channels) + square[j]);
  }
}

/// The same over one chunk of rows. The origin keeps the variance's digits when |mean| ≫ σ.
static void sum_chunk(const batch_norm_statistics_op *op, int index) {
  int channels = op->channels;
  float *sums = op->partials + (intptr_t)index * 2 * channels;
  span rows = chunk(op->rows, index);
  for (int c = 0; c < 2 * channels; c += LANES) store(sums + c, splat(0));
  for (int from = rows.from; from < rows.to; from += STRIP) {
    span strip = { from, min(rows.to, from + STRIP) };
    int c = 0;
    for (; c + MOST_SUMMED * LANES <= channels; c += MOST_SUMMED * LANES) sum_strip(MOST_SUMMED, op, sums, c, strip);
    for (; c < channels; c += PANEL) sum_strip(VECTORS, op, sums, c, strip);
  }
}

/// The two chunked sums of one channel.
INLINE void add_chunks(const float *partials, int channels, int c, double *first, double *second) {
  *first = *second = 0;
  for (int i = 0; i < CHUNKS; i++) {
    *first += partials[i * 2 * channels + c];
    *second += partials[(i * 2 + 1) * channels + c];
  }
}

static void take_statistics(const batch_norm_statistics_op *op, int c) {
  int channels = op->channels;
  double sum, square, rows = op->rows;
  add_chunks(op->partials, channels, c, &sum, &square);
  double offset = sum / rows, mean = op->x[c] + offset, variance = square / rows - offset * offset;
  if (variance < 0) variance = 0; // rounding; a NaN stays one
  double inverse = 1 / __builtin_sqrt(variance + op->eps), scale = op->gamma[c] * inverse;
  op->saved[c] = (float)scale;
  op->saved[channels + c] = (float)(op->beta[c] - mean * scale);
  op->saved[2 * channels + c] = (float)mean;
  op->saved[3 * channels + c] = (float)inverse;
  double unbiased = variance * rows / (rows > 1 ? rows - 1 : 1);
  op->mean[c] += (float)(op->momentum * (mean - op->mean[c]));
  op->variance[c] += (float)(op->momentum * (unbiased - op->variance[c]));
}

void run_batch_norm_statistics(const batch_norm_statistics_op *op, const team *team) {
  span chunks = share(CHUNKS, 1, team), mine = share(op->channels, LANES, team);
  for (int i = chunks.from; i < chunks.to; i++) sum_chunk(op, i);
  barrier_wait(team);
  for (int c = mine.from; c < mine.to; c++) take_statistics(op, c);
}

void run_batch_norm_output(const batch_norm_output_op *op, const team *team) {
  affine_op apply = { 0, op->x, op->saved, op->saved + op->channels, op->residual, op->y, op->rows, op->channels, op->activation };
  affine_rows(&apply, share(op->rows, 1, team));
}

#define TOGETHER 4 // rows that are summed in registers before they are added to the chunk's sum
#define NARROW 64 // channels up to which that pays: in wider rows memory is fastest when it is read in order

INLINE void add_to(float *sum, vec x) { store(sum, load(sum) + x); }

/// Whether the first pass leaves the gradient before the activation in dy: with a residual, whose gradient that is, and
/// where the slope costs too much to compute it twice.
INLINE int stores_gradient(const batch_norm_gradient_op *op) {
  return op->activation && (op->y || op->activation > RELU6);
}

/// Rows from `row` that go together: in the order of memory, narrow ones side by side.
INLINE int together_from(int row, span rows, int channels) { return channels > NARROW || rows.to - row < TOGETHER ? 1 : TOGETHER; }

/// Adds the sums of the gradient g before the activation, and of g · (x − mean), over `count` rows.
INLINE void sum_gradient_rows(const batch_norm_gradient_op *op, int row, float *sums, float *products, int stores, const int count, const int activation) {
  int channels = op->channels;
  for (int c = 0; c < channels; c += LANES) {
    vec scale = load(op->saved + c), shift = load(op->saved + channels + c), mean = load(op->saved + 2 * channels + c);
    vec sum = splat(0), product = splat(0);
    intptr_t at = (intptr_t)row * channels + c;
    for (int i = 0; i < count; i++, at += channels) {
      vec x = load(op->x + at), g = load(op->dy + at);
      g = activation_gradient(g, op->y ? load(op->y + at) : multiply_add(x, scale, shift), activation);
      if (stores) store(op->dy + at, g);
      sum += g;
      product = multiply_add(g, x - mean, product);
    }
    add_to(sums + c, sum);
    add_to(products + c, product);
  }
}

/// The same over one chunk.
INLINE void sum_gradient_chunk(const batch_norm_gradient_op *op, int index, const int activation) {
  int channels = op->channels, stores = stores_gradient(op);
  float *sums = op->partials + (intptr_t)index * 2 * channels, *products = sums + channels;
  for (int c = 0; c < 2 * channels; c += LANES) store(sums + c, splat(0));
  span rows = chunk(op->rows, index);
  for (int row = rows.from, together; row < rows.to; row += together) {
    together = together_from(row, rows, channels);
    if (together > 1) sum_gradient_rows(op, row, sums, products, stores, TOGETHER, activation);
    else sum_gradient_rows(op, row, sums, products, stores, 1, activation);
  }
}

INLINE void sum_gradient_chunks(const batch_norm_gradient_op *op, span chunks, const int activation) {
  for (int i = chunks.from; i < chunks.to; i++) sum_gradient_chunk(op, i, activation);
}

/// dbeta = Σ g, dgamma = Σ g · x̂.
static void take_gradients(const batch_norm_gradient_op *op, int c) {
  double sum, product;
  add_chunks(op->partials, op->channels, c, &sum, &product);
  op->dbeta[c] = (float)sum;
  op->dgamma[c] = (float)(product * op->saved[3 * op->channels + c]);
}

/// dx = scale · (g − mean(g) − x̂ · mean(g · x̂)) for `count` rows.
INLINE void input_gradient_rows(const batch_norm_gradient_op *op, int row, float over, const int count, const int activation) {
  int channels = op->channels;
  for (int c = 0; c < channels; c += LANES) {
    vec scale = load(op->saved + c), shift = load(op->saved + channels + c), mean = load(op->saved + 2 * channels + c);
    vec slope = -scale * load(op->saved + 3 * channels + c) * load(op->dgamma + c) * over, level = -scale * load(op->dbeta + c) * over;
    intptr_t at = (intptr_t)row * channels + c;
    for (int i = 0; i < count; i++, at += channels) {
      vec x = load(op->x + at), g = load(op->dy + at);
      g = activation_gradient(g, multiply_add(x, scale, shift), activation);
      store(op->dx + at, multiply_add(g, scale, multiply_add(x - mean, slope, level)));
    }
  }
}

INLINE void input_gradient(const batch_norm_gradient_op *op, span rows, const int activation) {
  float over = 1.f / (float)op->rows;
  for (int row = rows.from, together; row < rows.to; row += together) {
    together = together_from(row, rows, op->channels);
    if (together > 1) input_gradient_rows(op, row, over, TOGETHER, activation);
    else input_gradient_rows(op, row, over, 1, activation);
  }
}

void run_batch_norm_gradient(const batch_norm_gradient_op *op, const team *team) {
  span chunks = share(CHUNKS, 1, team), mine = share(op->channels, LANES, team), rows = share(op->rows, 1, team);
  for_activation(op->activation, sum_gradient_chunks, op, chunks);
  barrier_wait(team);
  for (int c = mine.from; c < mine.to; c++) take_gradients(op, c);
  barrier_wait(team);
  for_activation(stores_gradient(op) ? NONE : op->activation, input_gradient, op, rows);
}

void run_fold_batch_norm(const fold_batch_norm_op *op, const team *team) {
  if (team->thread) return;
  for (int c = 0; c < op->channels; c++) {
    float scale = op->gamma[c] / __builtin_sqrtf(op->variance[c] + op->eps);
    op->scale[c] = scale;
    op->shift[c] = op->beta[c] - op->mean[c] * scale;
  }
}
