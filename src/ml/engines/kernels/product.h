// Matrix products in registers: tiles of a few rows by some filter panels, as many as the instruction set has room for
// (`TILE_ROWS`, `TILE_PANELS`), and by fewer panels where fewer are left (`LONE_ROWS`).
//
// Rows are read where they lie, one broadcast an element, so that nothing is packed. Every sum is taken in the order of its
// depth, from zero, with one rounding a term: neither the tile's shape nor the width of its vectors touches the bits.
#ifndef PRODUCT_H
#define PRODUCT_H
#include "bf16.h"

#define MOST_ROWS 8
#define MOST_WIDE (TILE_PANELS * PANEL / WIDE)
_Static_assert(TILE_ROWS <= MOST_ROWS && LONE_ROWS <= MOST_ROWS, "rows of a tile");

/// Sums of rows × panels in wide vectors, or of one panel that does not fill one. Used with constant sizes only, so that it stays
/// in registers.
typedef struct tile {
  wide sums[MOST_ROWS][MOST_WIDE];
  vec lone[MOST_ROWS][VECTORS];
  int pairs; // whether factors are pairs of bfloat16 rather than floats
} tile;

/// How many vectors take the panels, and whether these are the tile's lone ones.
#define is_lone(panels) ((panels) * PANEL < WIDE)
#define wide_of(panels) ((panels) * PANEL / WIDE)

/// Each vector of a tile of rows × panels; what `sum_of` gives of it belongs to row i, channels j · LANES and on.
#define each_sum(rows, panels) UNROLL for (int i = 0; i < (rows); i++) UNROLL for (int j = 0; j < (panels) * VECTORS; j++)

/// Most panels, a power of two, that can be taken together of `channels`, which are one panel at least.
INLINE int panels_of(int channels) {
  int panels = TILE_PANELS;
  while (panels * PANEL > channels) panels /= 2;
  return panels;
}

/// Rows of a tile of so many panels.
#define rows_of(panels) ((panels) == TILE_PANELS ? TILE_ROWS : LONE_ROWS)

/// Calls `function` with a number of panels, `most` or fewer, as a constant, before the other arguments.
#define for_panels_up_to(most, panels, function, ...) \
  switch (panels) { \
    case 8: if ((most) >= 8) function(8, __VA_ARGS__); break; \
    case 4: if ((most) >= 4) function(4, __VA_ARGS__); break; \
    case 2: if ((most) >= 2) function(2, __VA_ARGS__); break; \
    case 1: function(1, __VA_ARGS__); break; \
  }
#define for_panels(panels, function, ...) for_panels_up_to(TILE_PANELS, panels, function, __VA_ARGS__)

INLINE void clear_tile(tile *t, const int rows, const int panels, const int pairs) {
  t->pairs = pairs;
  UNROLL for (int i = 0; i < rows; i++) {
    if (is_lone(panels)) UNROLL for (int j = 0; j < VECTORS; j++) t->lone[i][j] = splat(0);
    else UNROLL for (int j = 0; j < wide_of(panels); j++) t->sums[i][j] = (wide)(0);
  }
}

INLINE vec sum_of(const tile *t, const int panels, int i, int j) {
  if (is_lone(panels)) return t->lone[i][j];
#if WIDE > LANES
  wide x = t->sums[i][j / 2];
  return j % 2 ? x.hi : x.lo;
#else
  return t->sums[i][j];
#endif
}

/// Row k of some panels: `panels[0][k][0..7]`, `panels[1][k][0..7]` …
typedef struct panel_row {
  wide wide[MOST_WIDE];
  vec lone[VECTORS];
} panel_row;

INLINE panel_row load_panels(const int count, const float *const *panels, intptr_t k) {
  panel_row b;
  if (is_lone(count)) UNROLL for (int j = 0; j < VECTORS; j++) b.lone[j] = load(panels[0] + k * PANEL + j * LANES);
  else UNROLL for (int j = 0; j < wide_of(count); j++) {
#if WIDE > LANES
    b.wide[j].lo = load(panels[2 * j] + k * PANEL);
    b.wide[j].hi = load(panels[2 * j + 1] + k * PANEL);
#else
    b.wide[j] = load(panels[j / VECTORS] + k * PANEL + j % VECTORS * LANES);
#endif
  }
  return b;
}

/// sums[i] += x · b
INLINE void add_products(tile *t, int i, const int panels, float x, const panel_row *b) {
  if (t->pairs) {
    if (is_lone(panels)) UNROLL for (int j = 0; j < VECTORS; j++) t->lone[i][j] = multiply_add_pairs(splat(x), b->lone[j], t->lone[i][j]);
    else UNROLL for (int j = 0; j < wide_of(panels); j++) t->sums[i][j] = multiply_add_pairs_wide((wide)(x), b->wide[j], t->sums[i][j]);
    return;
  }
  if (is_lone(panels)) UNROLL for (int j = 0; j < VECTORS; j++) t->lone[i][j] = multiply_add(splat(x), b->lone[j], t->lone[i][j]);
  else UNROLL for (int j = 0; j < wide_of(panels); j++) t->sums[i][j] = multiply_add_wide((wide)(x), b->wide[j], t->sums[i][j]);
}

/// sums[i] += Σ_k from[i][k] · panels[k]. The loop stays a loop: unrolled for wasm, its loads come all at once, and V8 has
/// no registers for them.
INLINE void multiply_rows(tile *t, const int rows, const int panels, const float *const *from, const float *const *filter, int depth) {
  ROLLED for (intptr_t k = 0; k < depth; k++) {
    panel_row b = load_panels(panels, filter, k);
    UNROLL for (int i = 0; i < rows; i++) add_products(t, i, panels, from[i][k], &b);
  }
}

/// Two factors of an outer product over `depth`: a[k][0..rows] and b[panel][k][0..7]. Rows of a lie `a_step` floats apart, those of b
/// `b_step`, which are asked for `b_ahead` floats before they are read where they are far. `next`: what is asked for beside, a row
/// for each row of a, or null.
typedef struct factors {
  const float *a, *b;
  intptr_t a_step, b_step, b_ahead;
  int depth;
  const float *next;
  intptr_t next_step;
} factors;

/// sums[i] += Σ_k a[k][i] · b[panel][k][0..7]; panels of b lie `panel` floats apart.
INLINE void multiply_outer(tile *t, const int rows, const int panels, const factors *f, const intptr_t panel) {
  const float *a = f->a, *b = f->b, *next = f->next;
  ROLLED for (int k = 0; k < f->depth; k++, a += f->a_step, b += f->b_step) {
    const float *at[TILE_PANELS];
    UNROLL for (int j = 0; j < panels; j++) at[j] = b + j * panel;
    if (f->next) {
      __builtin_prefetch(next);
      next += f->next_step;
    }
    if (f->b_ahead) UNROLL for (int j = 0; j < panels; j += 2) __builtin_prefetch(b + f->b_ahead + j * PANEL);
    panel_row row = load_panels(panels, at, 0);
    UNROLL for (int i = 0; i < rows; i++) add_products(t, i, panels, a[i], &row);
  }
}

/// Columns of b that are packed together: strips, of which the last may be narrower.
#define OUTER_COLUMNS (OUTER_PANELS * PANEL)

/// Floats from one row to the next in the strip of column n, of `width` columns.
INLINE int strip_step(int n, int width) { return min(OUTER_COLUMNS, width - (n & -OUTER_COLUMNS)); }
/// Where column n of row k lies in strips of `depth` rows.
INLINE intptr_t strip_at(int n, int k, int width, int depth) { return (n & -OUTER_COLUMNS) * (intptr_t)depth + k * strip_step(n, width) + n % OUTER_COLUMNS; }

/// Most panels of a piece of a filter gradient that can be taken together of `channels`, and rows that go with them.
INLINE int outer_panels_of(int channels) { return min(OUTER_PANELS, panels_of(channels)); }
#define for_outer_panels(panels, function, ...) for_panels_up_to(OUTER_PANELS, panels, function, __VA_ARGS__)
#define outer_rows(panels) ((panels) == OUTER_PANELS ? OUTER_ROWS : LONE_ROWS)

/// A piece of a filter gradient: out[panel][row][0..7] (+)= Σ_k a[k][row] · b[k][panel · 8 …]; panels of `out` lie `apart`.
INLINE void outer_tile(const int panels, const int rows, const int pairs, const factors *f, float *out, intptr_t apart, int accumulate) {
  tile t;
  clear_tile(&t, rows, panels, pairs);
  UNROLL for (int j = 0; j < panels; j++) UNROLL for (int i = 0; i < rows; i += 2) __builtin_prefetch(out + j * apart + i * PANEL, 1);
  multiply_outer(&t, rows, panels, f, PANEL);
  each_sum(rows, panels) {
    float *to = out + j / VECTORS * apart + i * PANEL + j % VECTORS * LANES;
    vec x = sum_of(&t, panels, i, j);
    store(to, accumulate ? load(to) + x : x);
  }
}

/// 8 × 8 floats, rows of `from` `step` apart: they become columns.
INLINE void transpose_panel(const float *from, intptr_t step, float *to) {
  for (int row = 0; row < PANEL; row += 4)
    for (int column = 0; column < PANEL; column += 4) {
      const float *at = from + row * step + column;
      quad a = load_quad(at), b = load_quad(at + step), c = load_quad(at + 2 * step), d = load_quad(at + 3 * step);
      quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      float *out = to + column * PANEL + row;
      store_quad(out, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
      store_quad(out + PANEL, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
      store_quad(out + 2 * PANEL, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
      store_quad(out + 3 * PANEL, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
    }
}
#endif
