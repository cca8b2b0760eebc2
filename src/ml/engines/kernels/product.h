// Matrix products in registers: tiles of a few rows by one or two filter panels, as many as the instruction set has room for
// (`TILE_ROWS`, `TILE_PANELS`; `LONE_ROWS` where one panel is left).
//
// Rows are read where they lie, one broadcast an element, so that nothing is packed. Every sum is taken in the order of its
// depth, from zero, with one rounding a term: the tile's shape does not touch the bits.
#ifndef PRODUCT_H
#define PRODUCT_H
#include "kernel.h"

#define MOST_ROWS 8
#define MOST_VECTORS (TILE_PANELS * VECTORS)
_Static_assert(TILE_ROWS <= MOST_ROWS && LONE_ROWS <= MOST_ROWS, "rows of a tile");

/// Sums of rows × vectors. Used with constant sizes only, so that it stays in registers.
typedef struct tile { vec sums[MOST_ROWS][MOST_VECTORS]; } tile;

#define each_sum(rows, vectors) UNROLL for (int i = 0; i < (rows); i++) UNROLL for (int j = 0; j < (vectors); j++)

INLINE void clear_tile(tile *t, const int rows, const int vectors) { each_sum(rows, vectors) t->sums[i][j] = splat(0); }

/// Row k of some panels: `panels[0][k][0..7]`, `panels[1][k][0..7]` …
INLINE void load_panels(vec *to, const int vectors, const float *const *panels, intptr_t k) {
  UNROLL for (int j = 0; j < vectors; j++) to[j] = load(panels[j / VECTORS] + k * PANEL + j % VECTORS * LANES);
}

/// sums[i][j] += x · b[j]
INLINE void add_products(tile *t, int i, const int vectors, float x, const vec *b) {
  UNROLL for (int j = 0; j < vectors; j++) t->sums[i][j] = multiply_add(splat(x), b[j], t->sums[i][j]);
}

/// sums[i][j] += Σ_k from[i][k] · panels[k][j]. The loop stays a loop: unrolled for wasm, its loads come all at once, and V8 has
/// no registers for them.
INLINE void multiply_rows(tile *t, const int rows, const int vectors, const float *const *from, const float *const *panels, int depth) {
  ROLLED for (intptr_t k = 0; k < depth; k++) {
    vec b[MOST_VECTORS];
    load_panels(b, vectors, panels, k);
    UNROLL for (int i = 0; i < rows; i++) add_products(t, i, vectors, from[i][k], b);
  }
}

/// sums[i][j] += Σ_k from[k][i] · panels[k][j]; rows of `from` lie `step` floats apart.
INLINE void multiply_outer(tile *t, const int rows, const int vectors, const float *from, const int step, const float *const *panels, int depth) {
  ROLLED for (intptr_t k = 0; k < depth; k++, from += step) {
    vec b[MOST_VECTORS];
    load_panels(b, vectors, panels, k);
    UNROLL for (int i = 0; i < rows; i++) add_products(t, i, vectors, from[i], b);
  }
}

/// Two factors of an outer product over `depth`: a[k][0..rows], rows `step` apart, and b[panel][k][0..7], panels `panel` apart.
typedef struct factors {
  const float *a, *b;
  intptr_t panel;
  int depth;
} factors;

/// A piece of a filter gradient: out[panel][row][0..7] (+)= Σ_k a[k][row] · b[panel][k][0..7]; panels of `out` lie `apart`.
INLINE void outer_tile(const int rows, const int panels, const int step, factors f, float *out, intptr_t apart, int accumulate) {
  tile t;
  const float *b[TILE_PANELS];
  clear_tile(&t, rows, panels * VECTORS);
  UNROLL for (int j = 0; j < panels; j++) {
    b[j] = f.b + j * f.panel;
    UNROLL for (int i = 0; i < rows; i += 2) __builtin_prefetch(out + j * apart + i * PANEL, 1);
  }
  multiply_outer(&t, rows, panels * VECTORS, f.a, step, b, f.depth);
  each_sum(rows, panels * VECTORS) {
    float *to = out + j / VECTORS * apart + i * PANEL + j % VECTORS * LANES;
    store(to, accumulate ? load(to) + t.sums[i][j] : t.sums[i][j]);
  }
}

/// 8 × 8 floats: rows become columns.
INLINE void transpose_panel(const float *from, float *to) {
  for (int row = 0; row < PANEL; row += 4)
    for (int column = 0; column < PANEL; column += 4) {
      const float *at = from + row * PANEL + column;
      quad a = load_quad(at), b = load_quad(at + PANEL), c = load_quad(at + 2 * PANEL), d = load_quad(at + 3 * PANEL);
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
