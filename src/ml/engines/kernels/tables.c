// Rows of a table that are picked by their number: copies, products and sums.
#include "rows.h"

#define ROWS_AHEAD 4 // rows of a table that are asked for before they are read: they lie anywhere
#define LINE 16 // floats of a cache line
#define SUM_LANES 16 // of a sum across a row, however wide vectors are
#define STRIP_OF_ROWS 256 // rows that are added before their sum goes to the total
_Static_assert(SUM_LANES % LANES == 0, "whole vectors");

INLINE const float *row_of(const float *table, float place, int columns) { return table + (intptr_t)place * columns; }

/// Asks for the row that is picked ROWS_AHEAD of place i of `count`.
INLINE void foresee_row(const float *table, const float *places, int i, int count, int columns) {
  if (i + ROWS_AHEAD >= count) return;
  const float *row = row_of(table, places[i + ROWS_AHEAD], columns);
  for (int k = 0; k < columns; k += LINE) __builtin_prefetch(row + k);
}

void run_gather(const gather_op *op, const team *team) {
  span rows = share(op->rows, 1, team);
  for (int i = rows.from; i < rows.to; i++) {
    foresee_row(op->table, op->places, i, op->rows, op->columns);
    copy_floats(row_of(op->table, op->places[i], op->columns), op->y + (intptr_t)i * op->columns, op->columns, 0);
  }
}

/// Each row of the table belongs to one thread, so that of equal places the last one counts.
void run_scatter(const scatter_op *op, const team *team) {
  for (int i = 0; i < op->rows; i++) {
    intptr_t place = (intptr_t)op->places[i];
    if (place % team->threads != team->thread) continue;
    copy_floats(op->x + (intptr_t)i * op->columns, op->table + place * op->columns, op->columns, 0);
  }
}

#define PARTS (SUM_LANES / LANES) // vectors of a sum

/// y[i] = Σ x[k] · rows[i][k] for `pairs` rows: lane k mod SUM_LANES takes term k, and the lanes are added in pairs.
INLINE void multiply_picked(const float *x, const float *const *rows, float *y, int columns, const int pairs) {
  vec sums[2][PARTS];
  UNROLL for (int i = 0; i < pairs; i++) UNROLL for (int j = 0; j < PARTS; j++) sums[i][j] = splat(0);
  int k = 0;
  for (; k + SUM_LANES <= columns; k += SUM_LANES)
    UNROLL for (int j = 0; j < PARTS; j++) {
      vec factor = load(x + k + j * LANES);
      UNROLL for (int i = 0; i < pairs; i++) sums[i][j] = multiply_add(factor, load(rows[i] + k + j * LANES), sums[i][j]);
    }
  UNROLL for (int j = 0; j < PARTS; j++) {
    int left = columns - k - j * LANES;
    if (left <= 0) break;
    vec factor = load_some(x + k + j * LANES, left);
    UNROLL for (int i = 0; i < pairs; i++) sums[i][j] = multiply_add(factor, load_some(rows[i] + k + j * LANES, left), sums[i][j]);
  }
  UNROLL for (int i = 0; i < pairs; i++) {
    float lanes[SUM_LANES];
    UNROLL for (int j = 0; j < PARTS; j++) store(lanes + j * LANES, sums[i][j]);
    quad sum = (load_quad(lanes) + load_quad(lanes + 4)) + (load_quad(lanes + 8) + load_quad(lanes + 12));
    y[i] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
}

/// Products of x's row i with the rows that places from … to pick, two at a time: more of them are on their way.
static void multiply_row(const gather_products_op *op, int i, int from, int to) {
  const float *x = op->x + (intptr_t)i * op->columns;
  for (int at = from; at < to;) {
    const float *rows[2];
    int pairs = min(2, to - at);
    for (int j = 0; j < pairs; j++) {
      foresee_row(op->table, op->places, at + j, to, op->columns);
      rows[j] = row_of(op->table, op->places[at + j], op->columns);
    }
    if (pairs == 2) multiply_picked(x, rows, op->y + at, op->columns, 2);
    else multiply_picked(x, rows, op->y + at, op->columns, 1);
    at += pairs;
  }
}

void run_gather_products(const gather_products_op *op, const team *team) {
  span pairs = share(op->rows * op->each, LINE, team);
  for (int at = pairs.from, end; at < pairs.to; at = end) {
    int i = at / op->each;
    end = min(pairs.to, (i + 1) * op->each);
    multiply_row(op, i, at, end);
  }
}

/// sums += x · row
INLINE void add_row(float *sums, float x, const float *row, int columns) {
  int k = 0;
  for (; k + LANES <= columns; k += LANES) store(sums + k, multiply_add(splat(x), load(row + k), load(sums + k)));
  if (k < columns) store(sums + k, multiply_add(splat(x), load_some(row + k, columns - k), load(sums + k)));
}

/// One row of sums, in strips so that rounding errors stay few.
static void sum_rows(const gather_sums_op *op, int i, float *sums) {
  const float *x = op->x + (intptr_t)i * op->each, *places = op->places + (intptr_t)i * op->each;
  float *y = op->y + (intptr_t)i * op->columns;
  for (int from = 0; from < op->each; from += STRIP_OF_ROWS) {
    for (int k = 0; k < op->columns; k += LANES) store(sums + k, splat(0));
    for (int j = from; j < min(op->each, from + STRIP_OF_ROWS); j++) {
      foresee_row(op->table, places, j, op->each, op->columns);
      add_row(sums, x[j], row_of(op->table, places[j], op->columns), op->columns);
    }
    copy_floats(sums, y, op->columns, from > 0);
  }
}

void run_gather_sums(const gather_sums_op *op, const team *team) {
  span rows = share(op->rows, 1, team);
  for (int i = rows.from; i < rows.to; i++) sum_rows(op, i, team->scratch);
}
