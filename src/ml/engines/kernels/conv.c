// Convolution: forward and input gradient, as implicit matrix products in tiles of a few pixels by some panels.
#include "epilogue.h"
#include "normalization.h"
#include "patches.h"
#include "product.h"
#include "winograd.h"

#define MOST_PIXELS 192 // of a block
#define NEAR_ROWS 32768 // floats of a block's pixels that shall stay in the second-level cache
#define NEAR_NORMALIZED 2048 // of pixels that are made of a batch norm's input: in the first, beside a filter that is small
#define NEAR_FILTER 8192

/// Where results go: grid pixel (r, c) is pixel (r · step + top, c · step + left) of the target.
typedef struct target {
  float *y; // [batch, height, width, channels]
  int height, width, channels;
  int step, top, left;
  int accumulate;
} target;

INLINE float *target_at(const target *t, const pixel *at) {
  int row = at->row * t->step + t->top, column = at->column * t->step + t->left;
  return t->y + ((intptr_t)(at->image * t->height + row) * t->width + column) * t->channels;
}

/// A block of pixels: the channels that each tap meets at each of them, and where the results go.
typedef struct block {
  const float *rows[MAX_TAPS * MOST_PIXELS];
  float *to[MOST_PIXELS];
  int taps, depth, accumulate, far; // depth of floats, or of pairs
  const float *filter; // [outChannels / 8][taps · depth][8]
  const epilogue *then; // null where nothing follows
  const normalization *norm; // what the pixels go through on their way from the source, where they lie one after the other, or null
  const float *source;
  float *normalized; // where the rows lie then
} block;

/// What becomes of some sums that belong at y, of channels n and on: the old value comes to them, or the epilogue follows. It is
/// long, so that its code is there once and not for each vector of a tile.
INLINE void finish_row(const block *w, float *y, int n, const vec *sums, int count, int far) {
  ROLLED for (int j = 0; j < count; j++, y += LANES) {
    vec x = w->accumulate ? sums[j] + load(y) : sums[j];
    store_out(y, w->then ? follow(w->then, x, y - w->then->y, n + j * LANES) : x, far);
  }
}

/// Asks for what is read, and for where is written, when the sums of `count` channels at y are there.
INLINE void foresee_result(const block *w, const float *y, const int count) {
  if (!w->far) for (int c = 0; c < count; c += 16) __builtin_prefetch(y + c, 1);
  if (!w->then || !w->then->residual) return;
  const float *residual = w->then->residual + (y - w->then->y);
  for (int c = 0; c < count; c += 16) __builtin_prefetch(residual + c);
}

/// Some pixels from `first` by some panels from channel `n`.
INLINE void multiply_tile(const int panels, const int pixels, const int pairs, const block *w, int first, int n) {
  tile t;
  clear_tile(&t, pixels, panels, pairs);
  UNROLL for (int i = 0; i < pixels; i++) foresee_result(w, w->to[first + i] + n, panels * PANEL);
  intptr_t whole = (intptr_t)w->taps * w->depth * PANEL;
  const float *panel = w->filter + n / PANEL * whole;
  for (int tap = 0; tap < w->taps; tap++, panel += w->depth * PANEL) {
    const float *rows[MOST_ROWS], *factors[TILE_PANELS];
    UNROLL for (int i = 0; i < pixels; i++) rows[i] = w->rows[tap * MOST_PIXELS + first + i];
    UNROLL for (int j = 0; j < panels; j++) factors[j] = panel + j * whole;
    multiply_rows(&t, pixels, panels, rows, factors, w->depth);
  }
  if (!w->accumulate && !w->then) {
    each_sum(pixels, panels) store_out(w->to[first + i] + n + j * LANES, sum_of(&t, panels, i, j), panels > 1 && w->far);
    return;
  }
  vec sums[MOST_ROWS][TILE_PANELS * VECTORS];
  each_sum(pixels, panels) sums[i][j] = sum_of(&t, panels, i, j);
  ROLLED for (int i = 0; i < pixels; i++) finish_row(w, w->to[first + i] + n, n, sums[i], panels * VECTORS, panels > 1 && w->far);
}

/// Asks for the rows of the pixels after a tile: they are short and many, which the processor does not foresee.
INLINE void foresee(const block *w, int first, int count) {
  for (int i = first; i < min(first + TILE_ROWS, count); i++)
    for (int k = 0; k < w->depth; k += 16) __builtin_prefetch(w->rows[i] + k);
}

/// Makes the rows of some pixels, which lie one after the other, of the batch norm's input.
INLINE void normalize_rows(const block *w, int first, int rows) {
  float *to = w->normalized + first * w->depth;
  normalize(w->norm, (passage){ w->source + first * w->depth, to, w->depth, w->depth, rows, 2 * rows * w->depth, { 0, w->depth } });
}

/// All pixels of a block by some panels. The `first` panels meet the rows as they come from memory: they ask for them ahead, or make
/// them; rows that were rounded are near already.
INLINE void multiply_panels(const int panels, const int pairs, const block *w, int count, int n, int first) {
  const int rows = rows_of(panels);
  int i = 0;
  for (; i + rows <= count; i += rows) {
    if (first && w->norm) normalize_rows(w, i, rows);
    else if (first && w->taps == 1) foresee(w, i + 2 * rows, count);
    multiply_tile(panels, rows, pairs, w, i, n);
  }
  if (first && w->norm) normalize_rows(w, i, count - i);
  if (rows > 4 && i + 4 <= count) {
    multiply_tile(panels, 4, pairs, w, i, n);
    i += 4;
  }
  for (; i < count; i++) multiply_tile(panels, 1, pairs, w, i, n);
}

/// Rounds the rows of a block's pixels, which then lie in `rounded`, one behind the other.
static void round_rows(block *w, int count, float *rounded, const float *zeros) {
  for (int i = 0; i < count; i++)
    for (int tap = 0; tap < w->taps; tap++) {
      const float **row = w->rows + tap * MOST_PIXELS + i;
      if (*row == zeros) continue;
      round_row(*row, rounded, 2 * w->depth);
      *row = rounded;
      rounded += w->depth;
    }
}

/// target (+)= patches · filter, for some grid pixels and some output channels. The filter is [channels / 8][taps · depth][8], of
/// floats, or of pairs: then the patches are rounded too. `norm`: what a pointwise product of floats reads its pixels through, or null.
static void multiply(const patches *p, const normalization *norm, const float *filter, int pairs, const target *t, span pixels, span columns, const epilogue *then, const team *team) {
  block w; // its tables are not cleared
  w.taps = p->taps;
  w.depth = length_of(p->depth, pairs);
  w.accumulate = t->accumulate;
  w.filter = filter;
  w.norm = norm;
  w.normalized = team->scratch;
  w.then = then;
  w.far = !t->accumulate && t->channels % LANES == 0 && t->step == 1 &&
          (intptr_t)(pixels.to - pixels.from) * (columns.to - columns.from) > FAR / 2;
  const int unit = 4 * TILE_ROWS;
  int near = norm && p->depth * (columns.to - columns.from) <= NEAR_FILTER ? NEAR_NORMALIZED : NEAR_ROWS;
  int most = min(MOST_PIXELS / unit * unit, max(unit, near / (pairs ? w.taps * w.depth : w.depth) / unit * unit));
  pixel at = pixel_at(p, pixels.from);
  for (int from = pixels.from; from < pixels.to; from += most) {
    int count = min(most, pixels.to - from);
    for (int i = 0; i < count; i++, next_pixel(p, &at)) {
      w.to[i] = target_at(t, &at);
      for (int tap = 0; tap < p->taps; tap++) w.rows[tap * MOST_PIXELS + i] = source_at(p, &at, tap, team->zeros);
    }
    w.source = w.rows[0];
    if (norm) for (int i = 0; i < count; i++) w.rows[i] = w.normalized + i * w.depth;
    if (HAS_BFLOAT16 && pairs) round_rows(&w, count, team->scratch, team->zeros);
    for (int n = columns.from, panels; n < columns.to; n += panels * PANEL) {
      panels = panels_of(columns.to - n);
      if (HAS_BFLOAT16 && pairs) for_panels(panels, multiply_panels, HAS_BFLOAT16, &w, count, n, 0)
      else for_panels(panels, multiply_panels, 0, &w, count, n, n == columns.from)
    }
  }
}

/// What a thread takes of a product: pixels, or output channels where there are few pixels.
INLINE void part_of(int pixels, int channels, const team *team, span *rows, span *columns) {
  *rows = (span){ 0, pixels };
  *columns = (span){ 0, channels };
  if (pixels < 8 * TILE_ROWS * team->threads && channels >= TILE_PANELS * PANEL * team->threads)
    *columns = share(channels, TILE_PANELS * PANEL, team);
  else *rows = share(pixels, pixels / team->threads < 16 * TILE_ROWS ? TILE_ROWS : 4 * TILE_ROWS, team);
}

void run_conv(const conv_op *op, const team *team) {
  if (op->transformed) return winograd_conv(op, team);
  patches p = { op->x, op->height, op->width, op->channels, op->outHeight, op->outWidth, op->stride };
  take_window(&p, op->kernel, op->padding);
  target t = { op->y, op->outHeight, op->outWidth, op->outChannels, 1, 0, 0, 0 };
  span rows, columns;
  part_of(op->batch * op->outHeight * op->outWidth, op->outChannels, team, &rows, &columns);
  epilogue then = { op->scale, op->shift, op->residual, op->y, op->outChannels, op->activation };
  if (rounds(op)) {
    round_filter(op->filter, op->rounded, op->outChannels / PANEL * p.taps * p.depth, team);
    barrier_wait(team);
  }
  normalization norm = normalization_of(op->inputNorm, op->channels, op->inputActivation);
  const float *filter = rounds(op) ? op->rounded : op->filter;
  multiply(&p, op->inputNorm ? &norm : 0, filter, rounds(op), &t, rows, columns, is_plain(&then) ? 0 : &then, team);
}

/// Taps that input pixels of phase (top, left) meet, in filter order.
static void taps_of_phase(const conv_input_gradient_op *op, int top, int left, patches *p, int *elements) {
  p->taps = 0;
  for (int i = (top + op->padding) % op->stride; i < op->kernel; i += op->stride)
    for (int j = (left + op->padding) % op->stride; j < op->kernel; j += op->stride) {
      p->down[p->taps] = (top + op->padding - i) / op->stride;
      p->right[p->taps] = (left + op->padding - j) / op->stride;
      elements[p->taps++] = i * op->kernel + j;
    }
}

/// Swaps input and output channels of the filter for one phase: [channels / 8][taps · outChannels][8], of floats or of pairs.
static void transpose_filter(const conv_input_gradient_op *op, float *transposed, const int *elements, int taps, const team *team) {
  int depth = op->kernel * op->kernel * op->channels;
  span panels = share(op->channels, PANEL, team);
  for (int c = panels.from; c < panels.to; c += PANEL) {
    int live = min(PANEL, op->channels - c);
    for (int tap = 0; tap < taps; tap++) {
      float *out = transposed + ((intptr_t)c * taps + tap * PANEL) * length_of(op->outChannels, rounds(op));
      for (int n = 0; n < op->outChannels; n += PANEL, out += length_of(PANEL * PANEL, rounds(op))) {
        const float *in = op->filter + (intptr_t)n * depth + (elements[tap] * op->channels + c) * PANEL;
        if (rounds(op)) transpose_to_pairs(in, out);
        else if (live == PANEL) transpose_panel(in, PANEL, out);
        else for (int m = 0; m < PANEL; m++) for (int j = 0; j < PANEL; j++) out[m * PANEL + j] = j < live ? in[j * PANEL + m] : 0;
      }
    }
  }
}

static void clear_phase(const target *t, const patches *p, span pixels, span columns) {
  pixel at = pixel_at(p, pixels.from);
  for (int i = pixels.from; i < pixels.to; i++, next_pixel(p, &at))
    for (int c = columns.from; c < columns.to; c += LANES) store(target_at(t, &at) + c, splat(0));
}

void run_conv_input_gradient(const conv_input_gradient_op *op, const team *team) {
  if (op->transformed) return winograd_conv_input_gradient(op, team);
  int elements[MAX_TAPS];
  float *transposed = op->transposed;
  for (int phase = 0; phase < op->stride * op->stride; phase++) {
    patches p = { op->dy, op->outHeight, op->outWidth, op->outChannels, 0, 0, 1, 0, op->outChannels };
    taps_of_phase(op, phase / op->stride, phase % op->stride, &p, elements);
    transpose_filter(op, transposed, elements, p.taps, team);
    transposed += (intptr_t)p.taps * op->channels * length_of(op->outChannels, rounds(op));
  }
  barrier_wait(team);
  transposed = op->transposed;
  for (int phase = 0; phase < op->stride * op->stride; phase++) {
    int top = phase / op->stride, left = phase % op->stride;
    patches p = { op->dy, op->outHeight, op->outWidth, op->outChannels, 0, 0, 1, 0, op->outChannels };
    taps_of_phase(op, top, left, &p, elements);
    p.rows = (op->height - top + op->stride - 1) / op->stride;
    p.columns = (op->width - left + op->stride - 1) / op->stride;
    int pixels = op->batch * p.rows * p.columns;
    if (pixels <= 0) continue;
    target t = { op->dx, op->height, op->width, op->channels, op->stride, top, left, op->accumulate };
    span rows, columns;
    part_of(pixels, op->channels, team, &rows, &columns);
    if (p.taps) multiply(&p, 0, transposed, rounds(op), &t, rows, columns, 0, team);
    else if (!op->accumulate) clear_phase(&t, &p, rows, columns);
    transposed += (intptr_t)p.taps * op->channels * length_of(op->outChannels, rounds(op));
  }
}
