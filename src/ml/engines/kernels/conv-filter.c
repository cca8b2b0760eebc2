// Filter gradient of a convolution: dfilter[tap, k, n] = Σ_pixels x[pixel met by tap, k] · dy[pixel, n].
//
// Tiles of some rows (tap, input channel) by some panels, summed over blocks of pixels. Every element belongs to one
// thread, which adds the blocks in order; within a block the sum is in registers, so rounding errors grow with the number of
// blocks. Both factors are read where they lie, asked for some pixels ahead of their use, unless a block's pixels fall on few
// sets of the first cache; inputs that taps meet are gathered, and those behind a batch norm are made of what it was given. Factors that
// are rounded to bfloat16 are gathered and packed always, as pairs of two pixels that follow each other.
#include "normalization.h"
#include "patches.h"
#include "product.h"
#include "winograd.h"

#define BLOCK 128 // pixels, or pairs of them, summed in registers
#define GATHERED 16 // rows that are gathered at a time: a cache line
#define NORMALIZED_ROWS 112 // that go through a batch norm at a time where the gradients do not stay in the first cache meanwhile
#define SHARED_ROWS 8 // that go to one thread
#define SOON 32 // pixels from those that are read to those that are asked for
#define WIDTH 128 // output channels that are packed at a time
#define PAIRS_WIDTH 512 // the same, of pairs
#define MOST_BLOCK (2 * BLOCK) // pixels
#define TABLE (MAX_TAPS * MOST_BLOCK)
#define TABLE_FLOATS (TABLE * sizeof(float *) / sizeof(float))
_Static_assert(TABLE_FLOATS + PAIRS_WIDTH * BLOCK <= SCRATCH, "a block's table and its packed gradients find room");

/// Whether a block's pixels of so many channels are read where they lie. Wide tiles take two lines of each, for which the
/// second cache is fast enough.
INLINE int lies_well(int channels) { return OUTER_COLUMNS > 16 || (channels <= 192 && channels % 128); }

/// A block of pixels, and the part of the gradient that it is added to.
typedef struct filter_block {
  const conv_filter_gradient_op *op;
  const float **sources; // [taps][MOST_BLOCK]: what is met; null where the pixels lie one after the other
  const float *zeros;
  const normalization *norm; // what these are read through, or null; never where factors are rounded
  float *inputs; // where these go: [BLOCK][NORMALIZED_ROWS]
  int depth; // floats that a tap takes
  int first, count; // pixels
  int pairs; // whether factors are rounded
  span rows, columns;
} filter_block;

/// Pixels of a block, or pairs of them: the depth of its products.
INLINE int depth_of(const filter_block *w) { return w->pairs ? (w->count + 1) / 2 : w->count; }

/// Gathers four rows, or eight where there are as many, from `row` of a block's pixels, in pairs: [BLOCK][GATHERED].
INLINE void gather_pairs(const filter_block *w, float *inputs, int row, const int many) {
  const float *const *sources = w->sources + row / w->depth * MOST_BLOCK;
  int k = row % w->depth;
  for (int i = 0; i < depth_of(w); i++, inputs += GATHERED) {
    const float *first = sources[2 * i] + k, *second = sources[2 * i + 1] + k;
    if (k % GATHERED == 0) {
      __builtin_prefetch(first + GATHERED);
      __builtin_prefetch(second + GATHERED);
    }
    vec pairs = pair_up(load(first), load(second));
    if (many == PANEL) store(inputs, pairs);
    else store_quad(inputs, *(quad *)&pairs);
  }
}

/// The same of `many` rows.
static void gather_rounded(const filter_block *w, float *inputs, int row, int many) {
  for (int c = 0, step; c < many; c += step) {
    step = many - c >= PANEL && (row + c) % w->depth + PANEL <= w->depth ? PANEL : 4;
    if (step == PANEL) gather_pairs(w, inputs + c, row + c, PANEL);
    else gather_pairs(w, inputs + c, row + c, 4);
  }
}

/// Gathers `many` rows from `row` of a block's pixels: [BLOCK][GATHERED].
static void gather_inputs(const filter_block *w, float *inputs, int row, int many) {
  if (HAS_BFLOAT16 && w->pairs) return gather_rounded(w, inputs, row, many);
  if (many == GATHERED && row % w->depth + many <= w->depth) {
    const float *const *sources = w->sources + row / w->depth * MOST_BLOCK;
    for (int i = 0, k = row % w->depth; i < w->count; i++)
      UNROLL for (int c = 0; c < GATHERED; c += LANES) store(inputs + i * GATHERED + c, load(sources[i] + k + c));
    return;
  }
  for (int c = 0; c < many; c += 4, row += 4) {
    const float *const *sources = w->sources + row / w->depth * MOST_BLOCK;
    for (int i = 0, k = row % w->depth; i < w->count; i++) store_quad(inputs + i * GATHERED + c, load_quad(sources[i] + k));
  }
}

/// What some rows by some panels add to the gradient: `to` is the first row's.
INLINE void add_tiles(const int panels, const int pairs, factors f, int many, float *to, intptr_t apart, int accumulate) {
  const int rows = outer_rows(panels);
  for (int c = 0; c < many; c += rows, f.a += rows, to += rows * PANEL) {
    if (rows > 4 && c + rows > many) outer_tile(panels, 4, pairs, &f, to, apart, accumulate);
    else outer_tile(panels, rows, pairs, &f, to, apart, accumulate);
    if (f.next) f.next += rows;
  }
}

/// Columns of a block's dy: where they lie, or packed into strips.
typedef struct gradients {
  const float *at;
  span columns;
  int is_packed;
} gradients;

/// Packs columns of a block's dy in pairs of pixels, in the order of memory.
static void pack_pairs(const filter_block *w, float *packed, span columns) {
  int step = w->op->outChannels, width = columns.to - columns.from;
  const float *dy = w->op->dy + (intptr_t)w->first * step + columns.from;
  for (int i = 0; i < depth_of(w); i++, dy += 2 * step) {
    const float *next = 2 * i + 1 < w->count ? dy + step : w->zeros;
    for (int n = 0; n < width; n += PANEL) {
      if (n % 16 == 0) {
        __builtin_prefetch(dy + n + 8 * step);
        __builtin_prefetch(dy + n + 9 * step);
      }
      store(packed + strip_at(n, i, width, BLOCK), pair_up(load(dy + n), load(next + n)));
    }
  }
}

/// Packs columns of a block's dy, in the order of memory.
static void pack_gradients(const filter_block *w, float *packed, span columns) {
  if (HAS_BFLOAT16 && w->pairs) return pack_pairs(w, packed, columns);
  int step = w->op->outChannels, width = columns.to - columns.from;
  const float *dy = w->op->dy + (intptr_t)w->first * step + columns.from;
  for (int i = 0; i < w->count; i++, dy += step)
    for (int n = 0; n < width; n += PANEL) {
      float *to = packed + strip_at(n, i, width, BLOCK);
      if (n % 16 == 0) __builtin_prefetch(dy + n + 4 * step);
      UNROLL for (int j = 0; j < PANEL; j += LANES) store(to + j, load(dy + n + j));
    }
}

/// Adds `many` rows from `row`, which lie at a, to the gradient. `next`: the pixels' inputs that are asked for meanwhile, or null.
static void add_rows(const filter_block *w, const gradients *dy, const float *a, int a_step, int row, int many, const float *next) {
  const conv_filter_gradient_op *op = w->op;
  intptr_t depth = (intptr_t)op->kernel * op->kernel * op->channels, step = op->outChannels;
  int width = dy->columns.to - dy->columns.from;
  float *to = op->dfilter + dy->columns.from * depth + row * PANEL;
  for (int n = 0, panels; n < width; n += panels * PANEL) {
    factors f = { a, dy->at + n, a_step, step, SOON * step, depth_of(w), next, w->depth };
    if (dy->is_packed) {
      f.b = dy->at + strip_at(n, 0, width, BLOCK);
      f.b_step = strip_step(n, width);
      f.b_ahead = 0;
    }
    panels = outer_panels_of(width - n);
    if (HAS_BFLOAT16 && w->pairs) for_outer_panels(panels, add_tiles, HAS_BFLOAT16, f, many, to + n * depth, depth * PANEL, w->first > 0)
    else for_outer_panels(panels, add_tiles, 0, f, many, to + n * depth, depth * PANEL, w->first > 0)
  }
}

/// Adds all rows, which go through the batch norm as they come by. Those that follow, or the next block's, are asked for meanwhile.
static void add_normalized(const filter_block *w, const gradients *dy) {
  int most = dy->columns.to - dy->columns.from > OUTER_COLUMNS ? NORMALIZED_ROWS : GATHERED;
  const float *x = w->op->x + (intptr_t)w->first * w->depth;
  for (int row = w->rows.from, many; row < w->rows.to; row += many) {
    many = min(most, w->rows.to - row);
    normalize(w->norm, (passage){ x, w->inputs, w->depth, most, w->count, 0, { row, row + many } });
    const float *next = row + many < w->rows.to ? x + row + many : x + BLOCK * w->depth + w->rows.from;
    add_rows(w, dy, w->inputs, most, row, many, next);
  }
}

/// Adds all rows to some columns of the gradient.
static void add_columns(const filter_block *w, const gradients *dy) {
  float inputs[BLOCK * GATHERED];
  if (w->norm) return add_normalized(w, dy);
  if (!w->sources) {
    const float *x = w->op->x + (intptr_t)w->first * w->op->channels + w->rows.from;
    return add_rows(w, dy, x, w->depth, w->rows.from, w->rows.to - w->rows.from, x + SOON * w->depth);
  }
  for (int row = w->rows.from, many; row < w->rows.to; row += many) {
    many = min(GATHERED, w->rows.to - row);
    gather_inputs(w, inputs, row, many);
    add_rows(w, dy, inputs, GATHERED, row, many, 0);
  }
}

static void add_block(const filter_block *w, float *scratch) {
  float floats[WIDTH * BLOCK], *packed = w->pairs ? scratch : floats;
  int channels = w->op->outChannels, is_packed = w->pairs || !lies_well(channels);
  for (int from = w->columns.from, to; from < w->columns.to; from = to) {
    to = is_packed ? min(from + (w->pairs ? PAIRS_WIDTH : WIDTH), w->columns.to) : w->columns.to;
    gradients dy = { w->op->dy + (intptr_t)w->first * channels + from, { from, to }, is_packed };
    if (is_packed) {
      pack_gradients(w, packed, dy.columns);
      dy.at = packed;
    }
    add_columns(w, &dy);
  }
}

/// Whether the pixels met are the output's, one after the other.
INLINE int is_pointwise(const conv_filter_gradient_op *op) { return op->kernel == 1 && op->stride == 1 && op->padding == 0; }

void run_conv_filter_gradient(const conv_filter_gradient_op *op, const team *team) {
  if (op->transformed) return winograd_conv_filter_gradient(op, team);
  const float **sources = (const float **)team->scratch;
  patches p = { op->x, op->height, op->width, op->channels, op->outHeight, op->outWidth, op->stride };
  take_window(&p, op->kernel, op->padding);
  int rows = p.taps * p.depth, pixels = op->batch * op->outHeight * op->outWidth;
  int pairs = rounds(op), block = pairs ? MOST_BLOCK : BLOCK;
  normalization norm = normalization_of(op->inputNorm, op->channels, op->inputActivation);
  int lies = op->inputNorm || (is_pointwise(op) && lies_well(op->channels) && !pairs);
  filter_block w = { op, lies ? 0 : sources, team->zeros, op->inputNorm ? &norm : 0, team->scratch, p.depth, .pairs = pairs };
  w.rows = (span){ 0, rows };
  w.columns = (span){ 0, op->outChannels };
  if (rows >= op->outChannels) w.rows = share(rows, SHARED_ROWS, team);
  else w.columns = share(op->outChannels, max(PANEL, WIDE), team);
  if (w.rows.from == w.rows.to || w.columns.from == w.columns.to) return;
  int first_tap = w.rows.from / p.depth, last_tap = (w.rows.to - 1) / p.depth;
  pixel at = { 0, 0, 0 };
  for (; w.first < pixels; w.first += block) {
    w.count = min(block, pixels - w.first);
    if (w.sources) for (int i = 0; i < w.count; i++, next_pixel(&p, &at))
      for (int tap = first_tap; tap <= last_tap; tap++) sources[tap * MOST_BLOCK + i] = source_at(&p, &at, tap, team->zeros);
    if (w.sources && w.count % 2) for (int tap = first_tap; tap <= last_tap; tap++) sources[tap * MOST_BLOCK + w.count] = team->zeros;
    add_block(&w, team->scratch + TABLE_FLOATS);
  }
}
