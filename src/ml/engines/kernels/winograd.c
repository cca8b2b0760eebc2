// Forward pass and input gradient of 3×3 convolutions by F(4×4, 3×3). Both are the same walk: the input gradient is a
// convolution of the output gradient with the filter turned by half a circle, input and output channels swapped.
#include "winograd.h"
#include "epilogue.h"
#include "product.h"

#define MOST_TILES 24 // of a block: each filter is used for as many, and their transformed inputs stay in the second-level cache
#define COLUMNS 64 // output channels multiplied before they are transformed back, at most
_Static_assert(INPUTS + MOST_TILES * (POINTS * COLUMNS + SKEW) <= SCRATCH, "inputs and products of a block find room");

/// The walk: y (+)= convolution of x, then what follows it (null where nothing does).
typedef struct convolution {
  const float *x, *filter; // filter: [36][outChannels / 8][channels][8], SKEW between points
  float *y;
  tiling input;
  int outHeight, outWidth, outChannels, accumulate;
  const epilogue *then;
} convolution;

/// Output channels that are multiplied before they are transformed back, and floats of a tile's products.
INLINE int columns_of(const convolution *w) { return min(COLUMNS, w->outChannels); }
INLINE intptr_t each_of(const convolution *w) { return POINTS * columns_of(w) + SKEW; }

/// G g Gᵀ for eight channels, a tap's lying `stride` behind those of the tap before it.
INLINE void transform_filter(const float *taps, int stride, float *to, intptr_t to_stride) {
  for (int half = 0; half < PANEL; half += LANES, taps += LANES, to += LANES) {
    vec rows[3][REACH];
    for (int j = 0; j < 3; j++) {
      six x = filter_transform((three){ load(taps + j * stride), load(taps + (3 + j) * stride), load(taps + (6 + j) * stride) });
      put_six(&rows[j][0], 1, x);
    }
    for (int i = 0; i < REACH; i++) {
      vec points[REACH];
      put_six(points, 1, filter_transform((three){ rows[0][i], rows[1][i], rows[2][i] }));
      for (int j = 0; j < REACH; j++) store(to + (i * REACH + j) * to_stride, points[j]);
    }
  }
}

/// Tiles that a thread transforms at a time: fewer than `MOST_TILES` where there is no room for their channels.
INLINE int block_of(int channels) {
  int room = (INPUTS - POINTS * SKEW) / (POINTS * channels);
  return max(TILE_ROWS, min(MOST_TILES, room) / TILE_ROWS * TILE_ROWS);
}

/// A row of tiles by some panels at one point.
INLINE void multiply_tiles(const int panels, int channels, const float *inputs, const float *panel, float *to, intptr_t each) {
  tile t;
  const float *rows[MOST_ROWS], *factors[TILE_PANELS];
  clear_tile(&t, TILE_ROWS, panels, 0);
  UNROLL for (int i = 0; i < TILE_ROWS; i++) rows[i] = inputs + i * channels;
  UNROLL for (int j = 0; j < panels; j++) factors[j] = panel + (intptr_t)j * channels * PANEL;
  multiply_rows(&t, TILE_ROWS, panels, rows, factors, channels);
  each_sum(TILE_ROWS, panels) store(to + i * each + j * LANES, sum_of(&t, panels, i, j));
}

/// The 36 products of a block of tiles with some output channels, [tile][36][columns], of inputs [36][tile][channels] whose
/// points lie `matrix` floats apart.
static void multiply_points(const convolution *w, const float *inputs, float *products, int tiles, span columns, intptr_t matrix) {
  int channels = w->input.channels, width = columns_of(w);
  intptr_t each = each_of(w);
  for (int point = 0; point < POINTS; point++)
    for (int n = columns.from, panels; n < columns.to; n += panels * PANEL) {
      const float *panel = w->filter + point * point_stride(channels, w->outChannels) + (intptr_t)n * channels;
      const float *a = inputs + point * matrix;
      float *to = products + point * width + n - columns.from;
      panels = panels_of(columns.to - n);
      for (int i = 0; i < tiles; i += TILE_ROWS, a += TILE_ROWS * channels, to += TILE_ROWS * each)
        for_panels(panels, multiply_tiles, channels, a, panel, to, each);
    }
}

/// What becomes of a sum: the old value of a gradient comes to it, or a convolution's epilogue follows.
INLINE vec finish_sum(const convolution *w, vec x, intptr_t at, int n) {
  if (w->accumulate) x += load(w->y + at);
  return w->then ? follow(w->then, x, at, n) : x;
}

/// Aᵀ m A for one tile and some output channels; `plain` says, when the code is compiled, that nothing follows.
INLINE void transform_output_tile(const convolution *w, const float *products, int index, span columns, int plain) {
  int area = w->input.rows * w->input.columns, within = index % area, right = w->outChannels;
  int point = columns_of(w), top = within / w->input.columns * TILE, left = within % w->input.columns * TILE;
  int height = min(TILE, w->outHeight - top), width = min(TILE, w->outWidth - left);
  intptr_t first = ((intptr_t)(index / area * w->outHeight + top) * w->outWidth + left) * w->outChannels;
  for (int n = columns.from; n < columns.to; n += LANES, products += LANES) {
    vec rows[TILE][REACH];
    ROLLED for (int j = 0; j < REACH; j++) {
      const float *m = products + j * point;
      const int down = REACH * point;
      four y = output_transform((six){ load(m), load(m + down), load(m + 2 * down), load(m + 3 * down), load(m + 4 * down), load(m + 5 * down) });
      rows[0][j] = y.a; rows[1][j] = y.b; rows[2][j] = y.c; rows[3][j] = y.d;
    }
    ROLLED for (int i = 0; i < height; i++) {
      four y = output_transform(get_six(rows[i]));
      intptr_t at = first + (intptr_t)i * w->outWidth * right + n;
      store(w->y + at, plain ? y.a : finish_sum(w, y.a, at, n));
      if (width > 1) store(w->y + at + right, plain ? y.b : finish_sum(w, y.b, at + right, n));
      if (width > 2) store(w->y + at + 2 * right, plain ? y.c : finish_sum(w, y.c, at + 2 * right, n));
      if (width > 3) store(w->y + at + 3 * right, plain ? y.d : finish_sum(w, y.d, at + 3 * right, n));
    }
  }
}

static void convolve(const convolution *w, const team *team) {
  float *inputs = team->scratch, *products = inputs + INPUTS;
  int channels = w->input.channels, block = block_of(channels);
  intptr_t matrix = (intptr_t)block * channels + SKEW, each = each_of(w);
  span all = share(w->input.batch * w->input.rows * w->input.columns, TILE_ROWS, team);
  for (int first = all.from; first < all.to; first += block) {
    int count = min(block, all.to - first);
    for (int i = 0; i < (count + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS; i++) {
      tile_source source = source_of(w->x, &w->input, first + i, REACH, team->zeros);
      for (int c = 0; c < channels; c += LANES) transform_input_tile(&source, channels, c, inputs + i * channels + c, matrix);
    }
    for (int n = 0; n < w->outChannels; n += COLUMNS) {
      span columns = { n, min(w->outChannels, n + COLUMNS) };
      multiply_points(w, inputs, products, count, columns, matrix);
      for (int i = 0; i < count; i++) {
        if (w->then || w->accumulate) transform_output_tile(w, products + i * each, first + i, columns, 0);
        else transform_output_tile(w, products + i * each, first + i, columns, 1);
      }
    }
  }
}

void winograd_conv(const conv_op *op, const team *team) {
  int channels = op->channels;
  span panels = share(op->outChannels, PANEL, team);
  for (int n = panels.from; n < panels.to; n += PANEL)
    for (int k = 0; k < channels; k++)
      transform_filter(op->filter + (intptr_t)n * 9 * channels + k * PANEL, channels * PANEL,
                       op->transformed + (intptr_t)n * channels + k * PANEL, point_stride(channels, op->outChannels));
  barrier_wait(team);
  epilogue then = { op->scale, op->shift, op->residual, op->y, op->outChannels, op->activation };
  tiling input = { op->batch, op->height, op->width, channels, tiles_of(op->outHeight), tiles_of(op->outWidth), op->padding };
  convolution w = { op->x, op->transformed, op->y, input, op->outHeight, op->outWidth, op->outChannels, 0, is_plain(&then) ? 0 : &then };
  convolve(&w, team);
}

void winograd_conv_input_gradient(const conv_input_gradient_op *op, const team *team) {
  int channels = op->outChannels; // those that are summed
  span panels = share(op->channels, PANEL, team);
  for (int c = panels.from; c < panels.to; c += PANEL)
    for (int n = 0; n < channels; n += PANEL) {
      float rotated[9 * PANEL * PANEL];
      const float *in = op->filter + (intptr_t)n * 9 * op->channels + c * PANEL;
      float *to = op->transformed + (intptr_t)c * channels + n * PANEL;
      for (int tap = 8; tap >= 0; tap--, in += op->channels * PANEL) transpose_panel(in, PANEL, rotated + tap * PANEL * PANEL);
      for (int m = 0; m < PANEL; m++)
        transform_filter(rotated + m * PANEL, PANEL * PANEL, to + m * PANEL, point_stride(channels, op->channels));
    }
  barrier_wait(team);
  tiling input = { op->batch, op->outHeight, op->outWidth, channels, tiles_of(op->height), tiles_of(op->width), 2 - op->padding };
  convolution w = { op->dy, op->transformed, op->dx, input, op->height, op->width, op->channels, op->accumulate, 0 };
  convolve(&w, team);
}
