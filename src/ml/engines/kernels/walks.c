// Elementwise programs over arrays, and reductions of their results.
#include "walk.h"

/// y = the results of a piece.
static void store_results(const elementwise_op *op, const piece *p, const float *from, float *y) {
  int row = op->yStrides[ROW], column = op->yStrides[COLUMN];
  if (column == 1 && (p->rows == 1 || row == p->columns)) return copy_floats(from, y, p->count, 0);
  for (int r = 0; r < p->rows; r++, y += row, from += p->columns) {
    if (column == 1) copy_floats(from, y, p->columns, 0);
    else for (int c = 0; c < p->columns; c++) y[(intptr_t)c * column] = from[c];
  }
}

void run_elementwise(const elementwise_op *op, const team *team) {
  OPEN_WALK(w, op, team);
  span mine = share(count_pieces(&w, ALL), 1, team);
  piece p;
  seek(&w, &p, ALL, mine.from);
  for (int i = mine.from; i < mine.to; i++, advance(&w, &p, ALL)) {
    measure(&w, &p);
    float *y = op->y + offset_of(&w, &p, op->yStrides);
    float *out = lies_in_place(&p, op->yStrides) ? y : 0;
    const float *results = evaluate(&w, &p, out);
    if (results != out) store_results(op, &p, results, y);
  }
}

#define SUMS 16 // of a long row: the terms of a piece go to them in turn
#define SHORT_SUMS 4 // of one of at most SHORT terms a piece
#define SHORT 64
_Static_assert(WALK_SCRATCH + 2 * SUMS * MOST_PLACES <= SCRATCH, "registers and sums");

typedef double doubles __attribute__((ext_vector_type(4), aligned(8)));
INLINE doubles load_doubles(const double *p) { return *(const doubles *)p; }
INLINE void store_doubles(double *p, doubles x) { *(doubles *)p = x; }

/// a and b together, numbers or vectors: their sum, or the larger one, and NaN where either is.
#define together(largest, a, b) ((largest) ? ((((a) < (b)) | ((b) != (b))) ? (b) : (a)) : (a) + (b))

/// sums[i] and x[i] together, for each i.
INLINE void fold_along(double *sums, const float *x, int count, const int largest) {
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    doubles sum = load_doubles(sums + i), term = __builtin_convertvector(load_quad(x + i), doubles);
    store_doubles(sums + i, together(largest, sum, term));
  }
  for (; i < count; i++) sums[i] = together(largest, sums[i], (double)x[i]);
}

/// sums[i mod lanes] and x[i] together, for each i.
INLINE void fold_across(double *sums, const float *x, int count, const int lanes, const int largest) {
  doubles sum[SUMS / 4];
  UNROLL for (int j = 0; j < lanes / 4; j++) sum[j] = load_doubles(sums + 4 * j);
  int i = 0;
  for (; i + lanes <= count; i += lanes)
    UNROLL for (int j = 0; j < lanes / 4; j++) {
      doubles term = __builtin_convertvector(load_quad(x + i + 4 * j), doubles);
      sum[j] = together(largest, sum[j], term);
    }
  UNROLL for (int j = 0; j < lanes; j++) if (i + j < count) sum[j / 4][j % 4] = together(largest, sum[j / 4][j % 4], (double)x[i + j]);
  UNROLL for (int j = 0; j < lanes / 4; j++) store_doubles(sums + 4 * j, sum[j]);
}

/// All the sums of a row together.
INLINE double join(double *sums, int lanes, const int largest) {
  for (int half = lanes / 2; half; half /= 2)
    for (int j = 0; j < half; j++) sums[j] = together(largest, sums[j], sums[j + half]);
  return *sums;
}

/// A reduction: pieces over the `kept` dimensions, for each of which those over the `reduced` ones are walked in order.
typedef struct reduction {
  walk walk;
  int kept, reduced;
  int lanes; // sums of a result: one where columns are kept
  double *sums;
} reduction;

#define is_kept(r, d) ((r)->kept >> (d) & 1)

/// Results of a piece, which lie side by side.
INLINE int results_of(const reduction *r, const piece *p) {
  return (is_kept(r, ROW) ? p->rows : 1) * (is_kept(r, COLUMN) ? p->columns : 1);
}

/// Place of a piece's first result.
INLINE intptr_t place_of(const reduction *r, const piece *p) {
  intptr_t place = 0;
  for (int d = 0; d < MOST_RANK; d++) {
    if (!is_kept(r, d)) continue;
    int length = d == ROW ? r->walk.rows : d == COLUMN ? r->walk.columns : 1;
    place = place * r->walk.shape[d] + (intptr_t)p->index[d] * length;
  }
  return place;
}

/// Adds the program's results over a piece to the sums.
INLINE void fold_piece(reduction *r, const piece *p, const int largest) {
  const float *x = evaluate(&r->walk, p, 0);
  int whole = is_kept(r, ROW) == is_kept(r, COLUMN), rows = whole ? 1 : p->rows, length = whole ? p->count : p->columns;
  for (int row = 0; row < rows; row++, x += length) {
    if (r->lanes == 1) fold_along(r->sums, x, length, largest);
    else if (r->lanes == SUMS) fold_across(r->sums + row * SUMS, x, length, SUMS, largest);
    else fold_across(r->sums + row * SHORT_SUMS, x, length, SHORT_SUMS, largest);
  }
}

/// y = the results of one piece of the kept dimensions, over some pieces of the reduced ones.
INLINE void reduce_pieces(reduction *r, piece *p, span pieces, float *y, const int largest) {
  seek(&r->walk, p, r->reduced, pieces.from);
  measure(&r->walk, p);
  int results = results_of(r, p);
  for (int i = 0; i < results * r->lanes; i++) r->sums[i] = largest ? -(double)INFINITE : 0;
  for (int i = pieces.from; i < pieces.to; i++, advance(&r->walk, p, r->reduced)) {
    measure(&r->walk, p);
    fold_piece(r, p, largest);
  }
  y += place_of(r, p);
  for (int i = 0; i < results; i++) y[i] = (float)join(r->sums + i * r->lanes, r->lanes, largest);
}

INLINE void reduce_all(reduction *r, const reduce_op *op, const team *team, const int largest) {
  int units = count_pieces(&r->walk, r->kept), pieces = count_pieces(&r->walk, r->reduced), chunks = max(1, op->chunks), results = 1;
  for (int d = 0; d < MOST_RANK; d++) if (is_kept(r, d)) results *= op->shape[d];
  span mine = share(units * chunks, 1, team), ours = share(results, UNIT, team);
  for (int i = mine.from; i < mine.to; i++) {
    piece p;
    seek(&r->walk, &p, r->kept, i % units);
    int64_t chunk = i / units;
    span some = { (int)(pieces * chunk / chunks), (int)(pieces * (chunk + 1) / chunks) };
    reduce_pieces(r, &p, some, chunks == 1 ? op->y : op->partials + results * chunk, largest);
  }
  if (chunks == 1) return;
  barrier_wait(team);
  for (int i = ours.from; i < ours.to; i++) {
    double sum = op->partials[i];
    for (int k = 1; k < chunks; k++) sum = together(largest, sum, (double)op->partials[(intptr_t)k * results + i]);
    op->y[i] = (float)sum;
  }
}

void run_reduce(const reduce_op *op, const team *team) {
  OPEN_WALK(w, op, team);
  reduction r = { w, ALL & ~op->reduced, ALL & op->reduced, 1, (double *)(team->scratch + WALK_SCRATCH) };
  if (!is_kept(&r, COLUMN)) r.lanes = (is_kept(&r, ROW) ? 1 : w.rows) * w.columns > SHORT ? SUMS : SHORT_SUMS;
  if (op->largest) reduce_all(&r, op, team, 1);
  else reduce_all(&r, op, team, 0);
}
