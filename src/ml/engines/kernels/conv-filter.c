// Filter gradient of a convolution: dfilter[tap, k, n] = Σ_pixels x[pixel met by tap, k] · dy[pixel, n].
//
// Tiles of four or eight input channels by some panels, summed over blocks of pixels. Every element belongs to one
// thread, which adds the blocks in order; within a block the sum is in registers, so rounding errors grow with the number of
// blocks.
#include "patches.h"
#include "product.h"
#include "winograd.h"

#define BLOCK 128 // pixels summed in registers
#define APART (BLOCK * PANEL + 16) // floats from one packed panel to the next: not all on one set of a cache
#define WIDTH 128 // output channels that are packed at a time
#define GATHERED 16 // input channels that are gathered at a time: a cache line
#define TABLE (MAX_TAPS * BLOCK)

/// Gathers `width` channels of `count` pixels of dy into panels of [count][8], in the order of memory.
static void pack_gradients(float *packed, const float *dy, int channels, int width, int count) {
  for (int i = 0; i < count; i++, dy += channels) {
    __builtin_prefetch(dy + 4 * channels);
    for (int n = 0; n < width; n += LANES) store(packed + n / PANEL * APART + i * PANEL + n % PANEL, load(dy + n));
  }
}

/// Gathers channels from k of the pixels met into groups of `unit`: [groups][BLOCK][unit].
INLINE void gather_inputs(float *inputs, const float *const *rows, int k, int count, int groups, const int unit) {
  for (int i = 0; i < count; i++) {
    __builtin_prefetch(rows[i] + k + 2 * GATHERED);
    for (int c = 0; c < groups * unit; c += 4)
      store_quad(inputs + (c / unit * BLOCK + i) * unit + c % unit, load_quad(rows[i] + k + c));
  }
}

/// Gathered input channels from `k` by some panels from channel `n`: what a block adds to the gradient.
INLINE void add_tiles(const int panels, const conv_filter_gradient_op *op, const float *inputs, factors f, float *out, int channels, const int unit, int accumulate) {
  const int rows = outer_rows(panels, unit);
  intptr_t apart = (intptr_t)op->kernel * op->kernel * op->channels * PANEL;
  for (int c = 0; c < channels; c += rows, out += rows * PANEL) {
    f.a = inputs + c / unit * unit * BLOCK + c % unit;
    outer_tile(panels, rows, unit, f, out, apart, accumulate);
  }
}

/// Adds one block of pixels to the rows (tap, `unit` channels) `groups` and the channels `columns` of the gradient.
INLINE void add_block(const conv_filter_gradient_op *op, const float **sources, int first, int count, span groups, span columns, const int unit) {
  float gradients[WIDTH / PANEL * APART], inputs[BLOCK * GATHERED];
  int of_tap = op->channels / unit;
  intptr_t depth = op->kernel * op->kernel * op->channels;
  for (int from = columns.from; from < columns.to; from += WIDTH) {
    int to = min(columns.to, from + WIDTH);
    pack_gradients(gradients, op->dy + (intptr_t)first * op->outChannels + from, op->outChannels, to - from, count);
    for (int group = groups.from, together; group < groups.to; group += together) {
      together = min(min(GATHERED / unit, of_tap - group % of_tap), groups.to - group);
      gather_inputs(inputs, sources + group / of_tap * BLOCK, group % of_tap * unit, count, together, unit);
      factors f = { 0, gradients, APART, count };
      for (int n = from, panels; n < to; n += panels * PANEL, f.b += panels * APART) {
        panels = panels_of(to - n);
        for_panels(panels, add_tiles, op, inputs, f, op->dfilter + n * depth + group * unit * PANEL, together * unit, unit, first);
      }
    }
  }
}

void run_conv_filter_gradient(const conv_filter_gradient_op *op, const team *team) {
  if (op->transformed) return winograd_conv_filter_gradient(op, team);
  const float *sources[TABLE];
  patches p = { op->x, op->height, op->width, op->channels, op->outHeight, op->outWidth, op->stride, op->kernel * op->kernel };
  for (int tap = 0; tap < p.taps; tap++) {
    p.down[tap] = tap / op->kernel - op->padding;
    p.right[tap] = tap % op->kernel - op->padding;
  }
  int unit = LONE_ROWS == 8 && op->channels % 8 == 0 ? 8 : 4;
  int groups = p.taps * op->channels / unit, pixels = op->batch * op->outHeight * op->outWidth;
  span rows = { 0, groups }, columns = { 0, op->outChannels };
  if (groups >= op->outChannels / PANEL) rows = share(groups, 1, team);
  else columns = share(op->outChannels, TILE_PANELS * PANEL, team);
  if (rows.from == rows.to || columns.from == columns.to) return;
  int first_tap = rows.from / (op->channels / unit), last_tap = (rows.to - 1) / (op->channels / unit);
  pixel at = { 0, 0, 0 };
  for (int first = 0; first < pixels; first += BLOCK) {
    int count = min(BLOCK, pixels - first);
    for (int i = 0; i < count; i++, next_pixel(&p, &at))
      for (int tap = first_tap; tap <= last_tap; tap++) sources[tap * BLOCK + i] = source_at(&p, &at, tap, team->zeros);
    if (unit == 8) add_block(op, sources, first, count, rows, columns, 8);
    else add_block(op, sources, first, count, rows, columns, 4);
  }
}
