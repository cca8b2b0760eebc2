// Filter gradient of a convolution: dfilter[tap, k, n] = Σ_pixels x[pixel met by tap, k] · dy[pixel, n].
//
// Tiles of four input by eight output channels, summed over blocks of pixels. Every element belongs to one thread, which
// adds the blocks in order; within a block the sum is in registers, so rounding errors grow with the number of blocks.
#include "patches.h"
#include "winograd.h"

#define BLOCK 128 // pixels summed in registers
#define GROUPS 4 // of four channels that are gathered at a time: those of a cache line
#define TABLE (MAX_TAPS * BLOCK)
#define PANELS 16384 // floats of packed output gradients

/// Gathers eight channels of `count` pixels of dy into [count][8].
static void pack_gradients(float *packed, const float *dy, int channels, int count) {
  for (int i = 0; i < count; i++, dy += channels, packed += PANEL) {
    store(packed, load(dy));
    store(packed + 4, load(dy + 4));
  }
}

/// Gathers four channels from k of the pixels met, and of the `groups` − 1 groups of four after them: [groups][BLOCK][4].
INLINE void gather_inputs(float *inputs, const float *const *rows, int k, int count, int groups) {
  for (int i = 0; i < count; i++)
    for (int group = 0; group < groups; group++) store(inputs + (group * BLOCK + i) * 4, load(rows[i] + k + 4 * group));
}

/// Adds one block of pixels to the rows (tap, four channels) `groups` and the channels `columns` of the gradient.
static void add_block(const conv_filter_gradient_op *op, const float **sources, int first, int count, span groups, span columns) {
  float gradients[PANELS], inputs[GROUPS * BLOCK * 4];
  int depth = op->kernel * op->kernel * op->channels, quarter = op->channels / 4;
  int width = PANELS / BLOCK & -PANEL;
  for (int from = columns.from; from < columns.to; from += width) {
    int to = min(columns.to, from + width);
    for (int n = from; n < to; n += PANEL)
      pack_gradients(gradients + (n - from) * BLOCK, op->dy + (intptr_t)first * op->outChannels + n, op->outChannels, count);
    for (int group = groups.from, together; group < groups.to; group += together) {
      together = min(min(GROUPS, quarter - group % quarter), groups.to - group);
      const float **rows = sources + group / quarter * BLOCK;
      if (together == GROUPS) gather_inputs(inputs, rows, group % quarter * 4, count, GROUPS);
      else for (int i = 0; i < together; i++) gather_inputs(inputs + i * BLOCK * 4, rows, (group % quarter + i) * 4, count, 1);
      for (int n = from; n < to; n += PANEL) {
        float *out = op->dfilter + (intptr_t)n * depth + group * 4 * PANEL;
        for (int i = 0; i < together; i++, out += 4 * PANEL) {
          tile t = multiply_tile(count, inputs + i * BLOCK * 4, gradients + (n - from) * BLOCK);
          put(out, t.c00, t.c01, first);
          put(out + 8, t.c10, t.c11, first);
          put(out + 16, t.c20, t.c21, first);
          put(out + 24, t.c30, t.c31, first);
        }
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
  int groups = p.taps * op->channels / 4, pixels = op->batch * op->outHeight * op->outWidth;
  span rows = { 0, groups }, columns = { 0, op->outChannels };
  if (groups >= op->outChannels / PANEL) rows = share(groups, 1, team);
  else columns = share(op->outChannels, PANEL, team);
  if (rows.from == rows.to || columns.from == columns.to) return;
  int first_tap = rows.from / (op->channels / 4), last_tap = (rows.to - 1) / (op->channels / 4);
  pixel at = { 0, 0, 0 };
  for (int first = 0; first < pixels; first += BLOCK) {
    int count = min(BLOCK, pixels - first);
    for (int i = 0; i < count; i++, next_pixel(&p, &at))
      for (int tap = first_tap; tap <= last_tap; tap++) sources[tap * BLOCK + i] = source_at(&p, &at, tap, team->zeros);
    add_block(op, sources, first, count, rows, columns);
  }
}
