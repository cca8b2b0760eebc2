// Depthwise convolution, one k×k filter a channel, and its gradients.
//
// Channels are innermost, so memory is read in order. A block of target columns is held in registers while the
// filter's rows come by one after the other, each with the source columns that lie under the block; pixels whose window
// crosses the border, dilations and rare kernels and strides go one by one.
#include "epilogue.h"
#include "normalization.h"

#define BLOCK_COLUMNS 4 // targets held in registers

/// Target pixels that are sums over source pixels: tap (i, j) of target (row, column) takes source
/// ((row · step − padding + i · dilation) / divisor, …) where that is whole and inside. The forward pass divides by 1, the
/// input gradient by the stride, with the filter rotated by half a turn.
typedef struct sweep {
  struct ring *ring; // what source rows go through, or null
  const float *source; // [batch, height, width, channels]
  int tap; // floats from one tap of the filter to the next, negative in a rotated one
  int height, width, rows, columns, channels;
  int kernel, step, divisor, dilation, padding, accumulate, far;
} sweep;

/// Taps along one axis that lie on the source, and where.
typedef struct overlap { int count, tap[MAX_KERNEL], at[MAX_KERNEL]; } overlap;

INLINE overlap overlap_of(const sweep *g, int target, int size) {
  overlap o = { 0 };
  for (int i = 0; i < g->kernel; i++) {
    int at = target * g->step - g->padding + i * g->dilation;
    if (at < 0 || at % g->divisor || at / g->divisor >= size) continue;
    o.tap[o.count] = i;
    o.at[o.count++] = at / g->divisor;
  }
  return o;
}

/// Source rows behind a batch norm, made of what it was given: as many as a target row takes, each in the place of one that is needed no
/// more.
typedef struct ring {
  normalization norm;
  span channels;
  int count, next; // rows that there are; the first that is not there yet, of the whole batch
  float *rows;
} ring;

/// Floats of a row of the source.
INLINE intptr_t source_step(const sweep *g) { return (intptr_t)g->width * g->channels; }

/// Row of the whole batch that is row `row` of the image of target row `index`.
INLINE int source_index(const sweep *g, int index, int row) { return index / g->rows * g->height + row; }

/// Where the ring has a row of the whole batch.
INLINE float *ring_row(const sweep *g, int index) { return g->ring->rows + index % g->ring->count * source_step(g); }

/// Makes the rows, up to row `last` of its image, that are under the window of target row `index` and not there yet.
static void fill_ring(const sweep *g, int index, int last) {
  ring *r = g->ring;
  int first = max(0, index % g->rows * g->step - g->padding);
  for (r->next = max(r->next, source_index(g, index, first)); r->next <= source_index(g, index, last); r->next++) {
    const float *x = g->source + r->next * source_step(g);
    float *y = ring_row(g, r->next) + r->channels.from;
    normalize(&r->norm, (passage){ x, y, g->channels, g->channels, g->width, (int)source_step(g), r->channels });
  }
}

/// First pixels of the source rows that row `index` of the targets takes.
INLINE void take_source(const sweep *g, int index, const overlap *rows, const float **source) {
  if (g->ring && rows->count) fill_ring(g, index, rows->at[rows->count - 1]);
  for (int i = 0; i < rows->count; i++) {
    int at = source_index(g, index, rows->at[i]);
    source[i] = g->ring ? ring_row(g, at) : g->source + at * source_step(g);
  }
}

/// Floats from the first target to those of row `index`, and from tap (0, 0) to those of row `tap`.
INLINE intptr_t target_row(const sweep *g, int index) { return (intptr_t)index * g->columns * g->channels; }
INLINE int tap_row(const sweep *g, int tap) { return tap * g->kernel * g->tap; }

/// One row of targets, and the rows of source and filter that it takes.
typedef struct line {
  int count;
  const float *source[MAX_KERNEL], *filter[MAX_KERNEL];
  float *target;
} line;

/// `filter`: tap (0, 0); `target`: [batch, rows, columns, channels].
INLINE line line_of(const sweep *g, int index, const float *filter, float *target) {
  overlap rows = overlap_of(g, index % g->rows, g->height);
  line l = { rows.count };
  take_source(g, index, &rows, l.source);
  for (int i = 0; i < rows.count; i++) l.filter[i] = filter + tap_row(g, rows.tap[i]);
  l.target = target + target_row(g, index);
  return l;
}

static void collect_pixel(const sweep *g, const line *l, int column) {
  overlap columns = overlap_of(g, column, g->width);
  float *y = l->target + (intptr_t)column * g->channels;
  for (int c = 0; c < g->channels; c += LANES) {
    vec sum = g->accumulate ? load(y + c) : splat(0);
    for (int i = 0; i < l->count; i++)
      for (int j = 0; j < columns.count; j++)
        sum = multiply_add(load(l->source[i] + columns.at[j] * g->channels + c), load(l->filter[i] + columns.tap[j] * g->tap + c), sum);
    store_out(y + c, sum, g->far);
  }
}

/// Source columns under a block of `block` targets.
#define reach(kernel, step, divisor, block) (((block - 1) * step + kernel - 1) / divisor + 1)

/// `block` target columns from `column`, all of whose windows lie inside; the first source column is `first`.
INLINE void collect_block(const sweep *g, const line *l, int column, int first, const int kernel, const int step, const int divisor, const int block) {
  intptr_t channels = g->channels;
  float *y = l->target + column * channels;
  for (int c = 0; c < channels; c += LANES) {
    vec sum[BLOCK_COLUMNS];
    UNROLL for (int o = 0; o < block; o++) sum[o] = g->accumulate ? load(y + o * channels + c) : splat(0);
    for (int i = 0; i < l->count; i++) {
      const float *x = l->source[i] + first * channels + c, *w = l->filter[i] + c;
      vec filter[MAX_KERNEL];
      if (c % 16 == 0) UNROLL for (int q = 0; q < block * step / divisor; q++) __builtin_prefetch(x + (q + reach(kernel, step, divisor, block)) * channels);
      UNROLL for (int j = 0; j < kernel; j++) filter[j] = load(w + j * g->tap);
      UNROLL for (int q = 0; q < reach(kernel, step, divisor, block); q++) {
        vec v = load(x + q * channels);
        UNROLL for (int o = 0; o < block; o++) {
          int j = q * divisor - o * step;
          if (j >= 0 && j < kernel) sum[o] = multiply_add(v, filter[j], sum[o]);
        }
      }
    }
    UNROLL for (int o = 0; o < block; o++) store_out(y + o * channels + c, sum[o], g->far);
  }
}

INLINE void collect_line(const sweep *g, const line *l, const int kernel, const int step, const int divisor) {
  for (int column = 0; column < g->columns;) {
    int at = column * step - g->padding, first = at / divisor, whole = at >= 0 && at % divisor == 0;
    if (whole && column + BLOCK_COLUMNS <= g->columns && first + reach(kernel, step, divisor, BLOCK_COLUMNS) <= g->width) {
      collect_block(g, l, column, first, kernel, step, divisor, BLOCK_COLUMNS);
      column += BLOCK_COLUMNS;
    } else if (divisor == 1 && whole && first + reach(kernel, step, divisor, 1) <= g->width) collect_block(g, l, column++, first, kernel, step, divisor, 1);
    else collect_pixel(g, l, column++);
  }
}

/// A number for each window with a step or divisor of at most 2, to choose among those that have code of their own.
#define window_code(kernel, step, divisor) ((kernel) * 10 + (step) + 2 * (divisor))
#define OTHER_WINDOW 0

static void collect_kernel(const sweep *g, const line *l) {
  int stride = g->step * g->divisor;
  switch (g->dilation == 1 && stride <= 2 ? window_code(g->kernel, g->step, g->divisor) : OTHER_WINDOW) {
    case window_code(3, 1, 1): return collect_line(g, l, 3, 1, 1);
    case window_code(3, 2, 1): return collect_line(g, l, 3, 2, 1);
    case window_code(3, 1, 2): return collect_line(g, l, 3, 1, 2);
    case window_code(5, 1, 1): return collect_line(g, l, 5, 1, 1);
    case window_code(5, 2, 1): return collect_line(g, l, 5, 2, 1);
    case window_code(5, 1, 2): return collect_line(g, l, 5, 1, 2);
    case window_code(7, 1, 1): return collect_line(g, l, 7, 1, 1);
    default: for (int column = 0; column < g->columns; column++) collect_pixel(g, l, column);
  }
}

void run_depthwise(const depthwise_op *op, const team *team) {
  ring ring = { normalization_of(op->inputNorm, op->channels, op->inputActivation), { 0, op->channels },
                op->dilation * (op->kernel - 1) + 1, 0, team->scratch };
  sweep g = { op->inputNorm ? &ring : 0, op->x, op->channels, op->height, op->width, op->outHeight, op->outWidth, op->channels,
               op->kernel, op->stride, 1, op->dilation, op->padding, 0, 0 };
  epilogue then = { op->scale, op->shift, op->residual, op->y, op->channels, op->activation };
  g.far = is_plain(&then) && is_far((intptr_t)op->batch * op->outHeight * op->outWidth * op->channels);
  span rows = share(op->batch * op->outHeight, 1, team);
  for (int row = rows.from; row < rows.to; row++) {
    line l = line_of(&g, row, op->filter, op->y);
    collect_kernel(&g, &l);
    apply_epilogue(&then, (span){ row * op->outWidth, (row + 1) * op->outWidth });
  }
}

void run_depthwise_input_gradient(const depthwise_input_gradient_op *op, const team *team) {
  const float *last = op->filter + (op->kernel * op->kernel - 1) * op->channels;
  sweep g = { 0, op->dy, -op->channels, op->outHeight, op->outWidth, op->height, op->width, op->channels,
               op->kernel, 1, op->stride, op->dilation, op->dilation * (op->kernel - 1) - op->padding, op->accumulate,
               !op->accumulate && is_far((intptr_t)op->batch * op->height * op->width * op->channels) };
  span rows = share(op->batch * op->height, 1, team);
  for (int row = rows.from; row < rows.to; row++) {
    line l = line_of(&g, row, last, op->dx);
    collect_kernel(&g, &l);
  }
}

/// The filter gradient's line of the forward pass's sweep: a row of output gradients, and the rows of the input and of the
/// filter's gradient, which is added to.
typedef struct gradient_line {
  int count;
  const float *source[MAX_KERNEL], *target;
  float *filter[MAX_KERNEL];
} gradient_line;

INLINE gradient_line gradient_line_of(const sweep *g, int index, float *filter, const float *target) {
  overlap rows = overlap_of(g, index % g->rows, g->height);
  gradient_line l = { rows.count };
  take_source(g, index, &rows, l.source);
  for (int i = 0; i < rows.count; i++) l.filter[i] = filter + tap_row(g, rows.tap[i]);
  l.target = target + target_row(g, index);
  return l;
}

static void scatter_pixel(const sweep *g, const gradient_line *l, int column, span channels) {
  overlap columns = overlap_of(g, column, g->width);
  const float *dy = l->target + (intptr_t)column * g->channels;
  for (int i = 0; i < l->count; i++)
    for (int j = 0; j < columns.count; j++) {
      const float *x = l->source[i] + columns.at[j] * g->channels;
      float *sum = l->filter[i] + columns.tap[j] * g->tap;
      for (int c = channels.from; c < channels.to; c += LANES) store(sum + c, multiply_add(load(x + c), load(dy + c), load(sum + c)));
    }
}

INLINE void scatter_block(const sweep *g, const gradient_line *l, int column, int first, span channels, const int kernel, const int step, const int block) {
  intptr_t stride = g->channels;
  const float *dy = l->target + column * stride;
  for (int c = channels.from; c < channels.to; c += LANES) {
    vec gradient[BLOCK_COLUMNS];
    UNROLL for (int o = 0; o < block; o++) gradient[o] = load(dy + o * stride + c);
    if (c % 16 == 0) UNROLL for (int o = 0; o < block; o++) __builtin_prefetch(dy + (block + o) * stride + c);
    for (int i = 0; i < l->count; i++) {
      const float *x = l->source[i] + first * stride + c;
      float *out = l->filter[i] + c;
      vec sum[MAX_KERNEL];
      if (step == 1 && c % 16 == 0) UNROLL for (int q = 0; q < block * step; q++) __builtin_prefetch(x + (q + reach(kernel, step, 1, block)) * stride);
      UNROLL for (int j = 0; j < kernel; j++) sum[j] = splat(0);
      UNROLL for (int q = 0; q < reach(kernel, step, 1, block); q++) {
        vec v = load(x + q * stride);
        UNROLL for (int j = 0; j < kernel; j++)
          if (q >= j && (q - j) % step == 0 && (q - j) / step < block) sum[j] = multiply_add(v, gradient[(q - j) / step], sum[j]);
      }
      UNROLL for (int j = 0; j < kernel; j++) store(out + j * g->tap, load(out + j * g->tap) + sum[j]);
    }
  }
}

INLINE void scatter_line(const sweep *g, const gradient_line *l, span channels, const int kernel, const int step) {
  for (int column = 0; column < g->columns;) {
    int first = column * step - g->padding;
    if (first >= 0 && column + BLOCK_COLUMNS <= g->columns && first + reach(kernel, step, 1, BLOCK_COLUMNS) <= g->width) {
      scatter_block(g, l, column, first, channels, kernel, step, BLOCK_COLUMNS);
      column += BLOCK_COLUMNS;
    } else scatter_pixel(g, l, column++, channels);
  }
}

static void scatter_kernel(const sweep *g, const gradient_line *l, span channels) {
  switch (g->dilation == 1 && g->step <= 2 ? window_code(g->kernel, g->step, 1) : OTHER_WINDOW) {
    case window_code(3, 1, 1): return scatter_line(g, l, channels, 3, 1);
    case window_code(3, 2, 1): return scatter_line(g, l, channels, 3, 2);
    case window_code(5, 1, 1): return scatter_line(g, l, channels, 5, 1);
    case window_code(5, 2, 1): return scatter_line(g, l, channels, 5, 2);
    default: for (int column = 0; column < g->columns; column++) scatter_pixel(g, l, column, channels);
  }
}

#define GRADIENT_CHANNELS 192 // channels that go together: their part of the filter stays in the first cache

void run_depthwise_filter_gradient(const depthwise_filter_gradient_op *op, const team *team) {
  int size = op->kernel * op->kernel * op->channels, rows = op->batch * op->outHeight;
  int slices = (op->channels + GRADIENT_CHANNELS - 1) / GRADIENT_CHANNELS;
  span pieces = share(op->chunks * slices, 1, team);
  for (int piece = pieces.from; piece < pieces.to; piece++) {
    int part = piece / slices, from = piece % slices * GRADIENT_CHANNELS;
    span channels = { from, min(op->channels, from + GRADIENT_CHANNELS) };
    float *sums = op->partials + (intptr_t)part * size;
    for (int tap = 0; tap < size; tap += op->channels)
      for (int c = channels.from; c < channels.to; c += LANES) store(sums + tap + c, splat(0));
    ring ring = { normalization_of(op->inputNorm, op->channels, op->inputActivation), channels,
                  op->dilation * (op->kernel - 1) + 1, 0, team->scratch };
    sweep g = { op->inputNorm ? &ring : 0, op->x, op->channels, op->height, op->width, op->outHeight, op->outWidth, op->channels,
                 op->kernel, op->stride, 1, op->dilation, op->padding, 0 };
    int to = (int)((int64_t)rows * (part + 1) / op->chunks);
    for (int row = (int)((int64_t)rows * part / op->chunks); row < to; row++) {
      gradient_line l = gradient_line_of(&g, row, sums, op->dy);
      scatter_kernel(&g, &l, channels);
    }
  }
  barrier_wait(team);
  span mine = share(size, LANES, team);
  for (int i = mine.from; i < mine.to; i += LANES) {
    vec sum = splat(0);
    for (int part = 0; part < op->chunks; part++) sum += load(op->partials + (intptr_t)part * size + i);
    store(op->dfilter + i, sum);
  }
}
