// Products of matrices in any of the four layouts.
//
// Columns of b are packed into panels, in the thread's scratch. Rows of a are read where they lie; where its columns are in order
// instead, those that lie far apart are copied together. Sums over DEPTH elements are taken in registers and added to y, so
// that rounding errors grow with the number of these blocks.
#include "product.h"
#include "rows.h"

#define DEPTH 256
#define TILE_COLUMNS (TILE_PANELS * PANEL)
#define MOST_COLUMNS 128 // that are packed at a time
#define MOST_HEIGHT 96 // rows of a that shall stay in the second-level cache, DEPTH of each
#define NEAR_STEP 128 // floats between columns of a that are read where they lie
#define TOGETHER_STEP (MOST_HEIGHT + 16) // and between those that are copied: not all on one set of a cache
#define PACKED_DEPTH ((SCRATCH - DEPTH * TOGETHER_STEP) / MOST_COLUMNS / DEPTH * DEPTH) // of b, at a time
_Static_assert(PACKED_DEPTH > 0 && MOST_COLUMNS % TILE_COLUMNS == 0 && MOST_HEIGHT % TILE_ROWS == 0, "whole tiles");

/// Some rows by some columns, over a block of the depth.
typedef struct factor_block {
  const float *a;
  intptr_t row, step; // from one row of a to the next, and from one element of it
  const float *b; // [panels][depth][8]
  float *y;
  intptr_t stride; // of y
  int rows, columns, depth, accumulate;
} factor_block;

/// What becomes of the sums of `count` columns at y. Its code is there once, and not for each vector of a tile.
INLINE void finish_columns(const factor_block *f, float *y, const vec *sums, int count) {
  ROLLED for (int c = 0; c < count; c += LANES, y += LANES, sums++)
    store_some(y, f->accumulate ? *sums + load_some(y, count - c) : *sums, count - c);
}

/// Rows from `row` by some panels from column `n`, of which the last need not be there.
INLINE void product_tile(const int panels, const int rows, const factor_block *f, int row, int n, const int outer) {
  tile t;
  const float *b[TILE_PANELS], *a[MOST_ROWS];
  clear_tile(&t, rows, panels, 0);
  UNROLL for (int j = 0; j < panels; j++) b[j] = f->b + (n + j * PANEL) * f->depth;
  UNROLL for (int i = 0; i < rows; i++) a[i] = f->a + (row + i) * f->row;
  if (outer) {
    factors columns = { a[0], b[0], f->step, PANEL, 0, f->depth };
    multiply_outer(&t, rows, panels, &columns, (intptr_t)f->depth * PANEL);
  }
  else multiply_rows(&t, rows, panels, a, b, f->depth);
  vec sums[MOST_ROWS][TILE_PANELS * VECTORS];
  each_sum(rows, panels) sums[i][j] = sum_of(&t, panels, i, j);
  ROLLED for (int i = 0; i < rows; i++) finish_columns(f, f->y + (row + i) * f->stride + n, sums[i], min(panels * PANEL, f->columns - n));
}

/// All rows by some panels.
INLINE void product_panels(const int panels, const factor_block *f, int n, const int outer) {
  const int rows = rows_of(panels);
  int row = 0;
  for (; row + rows <= f->rows; row += rows) product_tile(panels, rows, f, row, n, outer);
  if (rows > 4 && row + 4 <= f->rows) {
    product_tile(panels, 4, f, row, n, outer);
    row += 4;
  }
  for (; row < f->rows; row++) product_tile(panels, 1, f, row, n, outer);
}

INLINE void product_block(const factor_block *f, const int outer) {
  for (int n = 0, panels; n < f->columns; n += panels * PANEL) {
    panels = panels_of(max(PANEL, f->columns - n));
    for_panels(panels, product_panels, f, n, outer);
  }
}

// Functions of their own, as kernels are.
__attribute__((noinline)) static void product_of_rows(const factor_block *f) { product_block(f, 0); }
__attribute__((noinline)) static void product_of_columns(const factor_block *f) { product_block(f, 1); }

/// Packs rows of b, in the order of memory: to[panel][k][0..7], zeros behind the last column.
static void pack_rows(const float *b, intptr_t step, float *to, int depth, int width) {
  for (int k = 0; k < depth; k++, b += step, to += PANEL) {
    float *panel = to;
    int n = 0;
    for (; n + PANEL <= width; n += PANEL, panel += depth * PANEL)
      UNROLL for (int j = 0; j < PANEL; j += 4) store_quad(panel + j, load_quad(b + n + j));
    if (n < width) for (int j = 0; j < PANEL; j++) panel[j] = n + j < width ? b[n + j] : 0;
  }
}

/// The same of columns of b.
static void pack_columns(const float *b, intptr_t step, float *to, int depth, int width) {
  for (int n = 0; n < width; n += PANEL, b += PANEL * step) {
    int live = min(PANEL, width - n), k = 0;
    if (live == PANEL) for (; k + PANEL <= depth; k += PANEL, to += PANEL * PANEL) transpose_panel(b + k, step, to);
    for (; k < depth; k++, to += PANEL) for (int j = 0; j < PANEL; j++) to[j] = j < live ? b[j * step + k] : 0;
  }
}

/// What the threads share: parts of the columns and rows of each matrix, over some of the depth.
typedef struct parts {
  int columns, rows; // of a part
  span depth;
} parts;

/// Packs a part's columns of matrix i: [blocks of depth][panels][depth][8].
static void pack(const matrix_product_op *op, const parts *p, int i, span columns, float *to) {
  const float *b = op->b + (intptr_t)i * op->bBatch + (intptr_t)columns.from * op->bColumn;
  int width = columns.to - columns.from;
  for (int k = p->depth.from, depth; k < p->depth.to; k += DEPTH, to += (width + PANEL - 1) / PANEL * depth * PANEL) {
    depth = min(DEPTH, p->depth.to - k);
    if (op->bColumn == 1) pack_rows(b + (intptr_t)k * op->bDepth, op->bDepth, to, depth, width);
    else pack_columns(b + k, op->bColumn, to, depth, width);
  }
}

/// Copies columns of a together.
static void bring_together(factor_block *f, float *to) {
  for (int k = 0; k < f->depth; k++) copy_floats(f->a + k * f->step, to + k * TOGETHER_STEP, f->rows, 0);
  f->a = to;
  f->step = TOGETHER_STEP;
}

/// y = a · b for a part's rows and columns of matrix i.
static void multiply_part(const matrix_product_op *op, const parts *p, int i, span rows, span columns, float *scratch) {
  int panels = (columns.to - columns.from + PANEL - 1) / PANEL;
  const float *a = op->a + (intptr_t)i * op->aBatch + (intptr_t)rows.from * op->aRow, *b = scratch;
  float *y = op->y + ((intptr_t)i * op->rows + rows.from) * op->columns + columns.from;
  for (int k = p->depth.from; k < p->depth.to; k += DEPTH) {
    int depth = min(DEPTH, p->depth.to - k);
    factor_block f = { a + (intptr_t)k * op->aDepth, op->aRow, op->aDepth, b, y, op->columns };
    f.rows = rows.to - rows.from;
    f.columns = columns.to - columns.from;
    f.depth = depth;
    f.accumulate = k > 0;
    if (op->aDepth == 1) product_of_rows(&f);
    else {
      if (op->aDepth > NEAR_STEP) bring_together(&f, scratch + PACKED_DEPTH * MOST_COLUMNS);
      product_of_columns(&f);
    }
    b += panels * depth * PANEL;
  }
}

/// A thread's parts. Neighbours share their columns, which are packed once.
static void multiply_parts(const matrix_product_op *op, const parts *p, const team *team) {
  int across = (op->columns + p->columns - 1) / p->columns, down = (op->rows + p->rows - 1) / p->rows;
  span mine = share(op->batch * across * down, 1, team);
  for (int part = mine.from, packed = -1; part < mine.to; part++) {
    int block = part / down, i = block / across, row = part % down * p->rows, column = block % across * p->columns;
    span rows = { row, min(op->rows, row + p->rows) }, columns = { column, min(op->columns, column + p->columns) };
    if (block != packed) pack(op, p, i, columns, team->scratch);
    packed = block;
    multiply_part(op, p, i, rows, columns, team->scratch);
  }
}

void run_matrix_product(const matrix_product_op *op, const team *team) {
  parts p = { MOST_COLUMNS, MOST_HEIGHT };
  int wanted = team->threads > 1 ? 4 * team->threads : 1, down = (op->rows + MOST_HEIGHT - 1) / MOST_HEIGHT;
  if (op->batch * down * ((op->columns + MOST_COLUMNS - 1) / MOST_COLUMNS) < wanted) {
    p.columns = TILE_COLUMNS;
    int blocks = op->batch * ((op->columns + TILE_COLUMNS - 1) / TILE_COLUMNS), pieces = max(down, (wanted + blocks - 1) / blocks);
    p.rows = ((op->rows + pieces - 1) / pieces + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
  }
  for (int k = 0; k < op->depth; k += PACKED_DEPTH) {
    p.depth = (span){ k, min(op->depth, k + PACKED_DEPTH) };
    multiply_parts(op, &p, team);
  }
}
