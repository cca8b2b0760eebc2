// Filter gradient of 3×3 convolutions by F(4×4, 3×3): dg = Gᵀ [Σ_tiles (Bᵀ d B) ⊙ (A dY Aᵀ)] G, the transpose of what the
// forward pass does to the filter. For each of the 36 points it is one matrix product whose depth is the tiles.
//
// The sums are taken over a fixed number of chunks of the batch; where these are few, as filters are large, a chunk's output
// channels are shared out as well. Each piece of work is one thread's, and the chunks are added in order.
#include "winograd.h"
#include "product.h"

#define GRADIENTS 131072 // floats of a thread's scratch that hold transformed output gradients
_Static_assert(INPUTS + GRADIENTS <= SCRATCH, "inputs and gradients find room");
#define SUMMED 262144 // floats of transformed inputs of the tiles that are summed in registers
#define NEAR 131072 // floats of transformed inputs and gradients that stay in the second-level cache
#define MOST_DEPTH 64 // tiles summed in registers
#define PIECES 8 // pieces of work at least

/// A dY Aᵀ for a vector of channels from n of a tile; point p goes to `to` + p · stride.
INLINE void transform_gradient_tile(const tile_source *w, int channels, int n, float *to, int stride) {
  vec points[REACH][TILE], *rows = &points[0][0];
  for (int j = 0; j < TILE; j++) {
    intptr_t at = (intptr_t)j * channels + n;
    four y = { splat(0), splat(0), splat(0), splat(0) };
    if (n % 16 == 0) UNROLL for (int i = 0; i < TILE; i++) __builtin_prefetch(w->row[i] + at + AHEAD * channels);
    if (j < w->to) y = (four){ load(w->row[0] + at), load(w->row[1] + at), load(w->row[2] + at), load(w->row[3] + at) };
    put_six(rows + j, TILE, gradient_transform(y));
  }
  ROLLED for (int i = 0; i < REACH; i++, rows += TILE, to += REACH * (intptr_t)stride)
    store_six(to, stride, gradient_transform((four){ rows[0], rows[1], rows[2], rows[3] }));
}

/// The sums of some tiles at one point for some output channels: inputs are [channels / 8][depth][8].
INLINE void multiply_channels(const int panels, int channels, const float *inputs, factors f, int depth, float *out, int accumulate) {
  const int rows = outer_rows(panels);
  for (int c = 0; c < channels; c += rows) {
    f.a = inputs + (c & -PANEL) * depth + c % PANEL;
    if (rows > 4 && c + rows > channels) outer_tile(panels, 4, 0, &f, out + c * PANEL, PANEL * (intptr_t)channels, accumulate); // of an image
    else outer_tile(panels, rows, 0, &f, out + c * PANEL, PANEL * (intptr_t)channels, accumulate);
  }
}

/// One piece of work: the sums over some tiles for some output channels, [36][outChannels / 8][channels][8].
static void sum_tiles(const conv_filter_gradient_op *op, float *sums, span tiles, span columns, const team *team) {
  float *inputs = team->scratch, *gradients = inputs + INPUTS;
  int channels = op->channels, width = columns.to - columns.from, rows = tiles_of(op->outHeight), across = tiles_of(op->outWidth);
  tiling x = { op->batch, op->height, op->width, channels, rows, across, op->padding };
  tiling dy = { op->batch, op->outHeight, op->outWidth, op->outChannels, rows, across, 0 };
  int fitting = min((SUMMED / POINTS - SKEW) / channels, (GRADIENTS / POINTS - SKEW) / width);
  int depth = min(min(MOST_DEPTH, fitting), max(16, NEAR / POINTS / (channels + width)));
  int x_stride = ((channels + PANEL - 1) & -PANEL) * depth + SKEW, dy_stride = width * depth + SKEW;
  for (int first = tiles.from; first < tiles.to; first += depth) {
    tile_source sources[MOST_DEPTH];
    int count = min(depth, tiles.to - first);
    for (int i = 0; i < count; i++) sources[i] = source_of(op->x, &x, first + i, REACH, team->zeros);
    for (int c = 0; c < channels; c += LANES)
      for (int i = 0; i < count; i++)
        transform_input_tile(&sources[i], channels, c, inputs + (c & -PANEL) * depth + PANEL * i + c % PANEL, x_stride);
    for (int i = 0; i < count; i++) sources[i] = source_of(op->dy, &dy, first + i, TILE, team->zeros);
    for (int n = 0; n < width; n += LANES)
      for (int i = 0; i < count; i++)
        transform_gradient_tile(&sources[i], op->outChannels, columns.from + n, gradients + strip_at(n, i, width, depth), dy_stride);
    for (int point = 0; point < POINTS; point++)
      for (int n = 0, panels; n < width; n += panels * PANEL) {
        float *out = sums + point * point_stride(channels, op->outChannels) + (intptr_t)(columns.from + n) * channels;
        factors f = { 0, gradients + point * dy_stride + strip_at(n, 0, width, depth), PANEL, strip_step(n, width), 0, count };
        panels = outer_panels_of(width - n);
        for_outer_panels(panels, multiply_channels, channels, inputs + point * x_stride, f, depth, out, first > tiles.from);
      }
  }
}

/// Gᵀ u G of the chunks' total for input channel k and a vector of output channels from n.
static void finish_filter_gradient(const conv_filter_gradient_op *op, int n, int k) {
  intptr_t stride = point_stride(op->channels, op->outChannels), chunk = POINTS * stride;
  const float *sums = op->transformed + (intptr_t)(n & -PANEL) * op->channels + k * PANEL + n % PANEL;
  float *out = op->dfilter + (intptr_t)(n & -PANEL) * 9 * op->channels + k * PANEL + n % PANEL;
  vec rows[3][REACH];
  for (int j = 0; j < REACH; j++) {
    vec u[REACH];
    for (int i = 0; i < REACH; i++) {
      const float *at = sums + (i * REACH + j) * stride;
      u[i] = load(at);
      for (int other = 1; other < op->chunks; other++) u[i] += load(at + other * chunk);
    }
    three g = filter_gradient_transform(get_six(u));
    rows[0][j] = g.a;
    rows[1][j] = g.b;
    rows[2][j] = g.c;
  }
  for (int i = 0; i < 3; i++, out += 3 * op->channels * PANEL) {
    three g = filter_gradient_transform(get_six(rows[i]));
    store(out, g.a);
    store(out + op->channels * PANEL, g.b);
    store(out + 2 * op->channels * PANEL, g.c);
  }
}

void winograd_conv_filter_gradient(const conv_filter_gradient_op *op, const team *team) {
  int tiles = op->batch * tiles_of(op->outHeight) * tiles_of(op->outWidth), panels = op->outChannels / PANEL;
  int ranges = min(panels, max(1, PIECES / op->chunks));
  intptr_t chunk = POINTS * point_stride(op->channels, op->outChannels);
  span pieces = share(op->chunks * ranges, 1, team);
  for (int i = pieces.from; i < pieces.to; i++) {
    int part = i / ranges, range = i % ranges;
    span some = { (int)((int64_t)tiles * part / op->chunks), (int)((int64_t)tiles * (part + 1) / op->chunks) };
    span columns = { panels * range / ranges * PANEL, panels * (range + 1) / ranges * PANEL };
    sum_tiles(op, op->transformed + part * chunk, some, columns, team);
  }
  barrier_wait(team);
  span filters = share(panels * op->channels, 1, team);
  for (int i = filters.from; i < filters.to; i++)
    for (int half = 0; half < PANEL; half += LANES) finish_filter_gradient(op, i / op->channels * PANEL + half, i % op->channels);
}
