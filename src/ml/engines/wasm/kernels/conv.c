// Convolution: forward and input gradient, as implicit matrix products in tiles of four pixels by eight channels.
#include "epilogue.h"
#include "patches.h"
#include "winograd.h"

#define PACKED 32768 // floats of packed patches on a thread's stack

/// Where results go: grid pixel (r, c) is pixel (r · step + top, c · step + left) of the target.
typedef struct target {
  float *y; // [batch, height, width, channels]
  int height, width, channels;
  int step, top, left;
  int accumulate;
} target;

/// Interleaves four rows of `channels` floats (a multiple of 4) into [channels][4].
INLINE void pack_four(float *packed, const float *const rows[4], int channels) {
  for (int k = 0; k < channels; k += 4, packed += 16)
    store_transposed(packed, load(rows[0] + k), load(rows[1] + k), load(rows[2] + k), load(rows[3] + k));
}

INLINE float *target_at(const target *t, const pixel *at) {
  int row = at->row * t->step + t->top, column = at->column * t->step + t->left;
  return t->y + ((intptr_t)(at->image * t->height + row) * t->width + column) * t->channels;
}

/// Packs `count` pixels' patches, four at a time as [taps · channels][4], and notes where each result goes.
static void pack(float *packed, float **to, const patches *p, span taps, const target *t, pixel *at, int count, const float *zeros) {
  for (int i = 0; i < count; i += 4) {
    pixel group[4];
    int live = min(4, count - i);
    for (int j = 0; j < live; j++) {
      group[j] = *at;
      to[i + j] = target_at(t, at);
      next_pixel(p, at);
    }
    for (int tap = taps.from; tap < taps.to; tap++, packed += 4 * p->channels) {
      const float *rows[4];
      for (int j = 0; j < 4; j++) rows[j] = j < live ? source_at(p, &group[j], tap, zeros) : zeros;
      pack_four(packed, rows, p->channels);
    }
  }
}

/// Multiplies packed pixels with one filter panel.
INLINE void multiply_panel(const float *packed, const float *panel, float *const *to, int offset, int count, int depth, int accumulate) {
  for (int i = 0; i < count; i += 4, packed += 4 * depth) {
    tile t = multiply_tile(depth, packed, panel);
    int live = count - i;
    put(to[i] + offset, t.c00, t.c01, accumulate);
    if (live > 1) put(to[i + 1] + offset, t.c10, t.c11, accumulate);
    if (live > 2) put(to[i + 2] + offset, t.c20, t.c21, accumulate);
    if (live > 3) put(to[i + 3] + offset, t.c30, t.c31, accumulate);
  }
}

/// target (+)= patches · filter over some taps, for grid pixels from … to.
static void multiply_taps(const patches *p, span taps, const float *filter, const target *t, span pixels, const float *zeros) {
  float packed[PACKED], *to[PACKED / 16];
  int depth = (taps.to - taps.from) * p->channels, whole = p->taps * p->channels;
  int block = max(4, min(PACKED / 16, PACKED / depth) & ~3), accumulate = t->accumulate || taps.from;
  pixel at = pixel_at(p, pixels.from);
  filter += (intptr_t)taps.from * p->channels * PANEL;
  for (int from = pixels.from; from < pixels.to; from += block) {
    int count = min(block, pixels.to - from);
    pack(packed, to, p, taps, t, &at, count, zeros);
    for (int n = 0; n < t->channels; n += PANEL) multiply_panel(packed, filter + (intptr_t)n * whole, to, n, count, depth, accumulate);
  }
}

/// target (+)= patches · filter. The filter is [channels / 8][taps · channels][8]; taps go together as far as four packed
/// pixels of them find room.
static void multiply(const patches *p, const float *filter, const target *t, span pixels, const float *zeros) {
  int together = max(1, PACKED / 4 / p->channels);
  for (int tap = 0; tap < p->taps; tap += together)
    multiply_taps(p, (span){ tap, min(p->taps, tap + together) }, filter, t, pixels, zeros);
}

/// Pixels that a thread takes at a time: enough to fill a block, fewer when there is little work.
INLINE int grain(int pixels, const team *team) { return pixels / team->threads < 64 ? 4 : 16; }

void run_conv(const conv_op *op, const team *team) {
  if (op->transformed) return winograd_conv(op, team);
  patches p = { op->x, op->height, op->width, op->channels, op->outHeight, op->outWidth, op->stride, op->kernel * op->kernel };
  for (int tap = 0; tap < p.taps; tap++) {
    p.down[tap] = tap / op->kernel - op->padding;
    p.right[tap] = tap % op->kernel - op->padding;
  }
  target t = { op->y, op->outHeight, op->outWidth, op->outChannels, 1, 0, 0, 0 };
  int pixels = op->batch * op->outHeight * op->outWidth;
  span all = share(pixels, grain(pixels, team), team);
  epilogue then = { op->scale, op->shift, op->residual, op->y, op->outChannels, op->activation };
  int block = is_plain(&then) ? max(1, all.to - all.from) : 256;
  for (int from = all.from; from < all.to; from += block) {
    span rows = { from, min(all.to, from + block) };
    multiply(&p, op->filter, &t, rows, team->zeros);
    apply_epilogue(&then, rows);
  }
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

/// Swaps input and output channels of the filter for one phase: [channels / 8][taps · outChannels][8].
static void transpose_filter(const conv_input_gradient_op *op, float *transposed, const int *elements, int taps, const team *team) {
  int depth = op->kernel * op->kernel * op->channels;
  span panels = share(op->channels, PANEL, team);
  for (int c = panels.from; c < panels.to; c += PANEL) {
    int live = min(PANEL, op->channels - c);
    for (int tap = 0; tap < taps; tap++) {
      float *out = transposed + ((intptr_t)c * taps + tap * PANEL) * op->outChannels;
      for (int n = 0; n < op->outChannels; n++, out += PANEL) {
        const float *in = op->filter + (intptr_t)(n & -PANEL) * depth + (elements[tap] * op->channels + c) * PANEL + n % PANEL;
        for (int j = 0; j < PANEL; j++) out[j] = j < live ? in[j * PANEL] : 0;
      }
    }
  }
}

static void clear_phase(const target *t, const patches *p, span pixels) {
  pixel at = pixel_at(p, pixels.from);
  for (int i = pixels.from; i < pixels.to; i++, next_pixel(p, &at))
    for (int c = 0; c < t->channels; c += LANES) store(target_at(t, &at) + c, splat(0));
}

void run_conv_input_gradient(const conv_input_gradient_op *op, const team *team) {
  if (op->transformed) return winograd_conv_input_gradient(op, team);
  int elements[MAX_TAPS];
  float *transposed = op->transposed;
  for (int phase = 0; phase < op->stride * op->stride; phase++) {
    patches p = { op->dy, op->outHeight, op->outWidth, op->outChannels, 0, 0, 1, 0 };
    taps_of_phase(op, phase / op->stride, phase % op->stride, &p, elements);
    transpose_filter(op, transposed, elements, p.taps, team);
    transposed += (intptr_t)p.taps * op->channels * op->outChannels;
  }
  barrier_wait(team);
  transposed = op->transposed;
  for (int phase = 0; phase < op->stride * op->stride; phase++) {
    int top = phase / op->stride, left = phase % op->stride;
    patches p = { op->dy, op->outHeight, op->outWidth, op->outChannels, 0, 0, 1, 0 };
    taps_of_phase(op, top, left, &p, elements);
    p.rows = (op->height - top + op->stride - 1) / op->stride;
    p.columns = (op->width - left + op->stride - 1) / op->stride;
    int pixels = op->batch * p.rows * p.columns;
    if (pixels <= 0) continue;
    target t = { op->dx, op->height, op->width, op->channels, op->stride, top, left, op->accumulate };
    span mine = share(pixels, grain(pixels, team), team);
    if (p.taps) multiply(&p, transposed, &t, mine, team->zeros);
    else if (!op->accumulate) clear_phase(&t, &p, mine);
    transposed += (intptr_t)p.taps * op->channels * op->outChannels;
  }
}
