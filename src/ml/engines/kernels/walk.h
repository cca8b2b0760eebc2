// Walks over arrays of any strides, with a program that is run at each place: a machine whose registers are strips of floats.
//
// The last two dimensions, rows and columns, are cut into pieces of at most MOST_PLACES places: a part of one row, or several short
// rows. Pieces depend on the shape alone, so that sums over them are the same for all widths of vectors.
#ifndef WALK_H
#define WALK_H
#include "functions.h"
#include "rows.h"

#define MOST_PLACES 512
#define UNIT 16 // floats of the widest vector
#define REGISTER (MOST_PLACES + UNIT) // floats of a register: whole vectors are written
#define WALK_SCRATCH ((REGISTERS + CONSTANTS) * REGISTER)
#define ROW (MOST_RANK - 2)
#define COLUMN (MOST_RANK - 1)
#define ALL ((1 << MOST_RANK) - 1) // dimensions, a bit each
_Static_assert(MOST_PLACES % UNIT == 0 && UNIT % LANES == 0, "strips are whole vectors");

typedef struct instruction { int function, to, of[3]; } instruction;

typedef struct walk {
  const float *inputs[MOST_INPUTS];
  const int *shape, *strides;
  int instructions;
  instruction code[INSTRUCTIONS];
  float *registers;
  const float *at[REGISTERS + CONSTANTS]; // what each holds: in the registers, or an input in place
  int rows, columns; // of a piece
  int grid[MOST_RANK]; // pieces along each dimension
} walk;

/// A piece: where in the grid, and its size.
typedef struct piece {
  int index[MOST_RANK];
  int rows, columns, count;
} piece;

static void decode(walk *w, const int *code, const float *constants) {
  for (int k = 0; k < REGISTERS + CONSTANTS; k++) w->at[k] = w->registers + k * REGISTER;
  for (int i = 0; i < w->instructions; i++) {
    instruction *now = w->code + i;
    *now = (instruction){ code[i] & 255, code[i] >> 8 & 31, { code[i] >> 13 & 31, code[i] >> 18 & 31, code[i] >> 23 & 31 } };
    for (int k = 0; k < 3; k++) {
      if (now->of[k] < REGISTERS) continue;
      float *constant = w->registers + now->of[k] * REGISTER;
      for (int c = 0; c < MOST_PLACES; c += LANES) store(constant + c, splat(constants[now->of[k] - REGISTERS]));
    }
  }
}

/// Cuts the columns into equal parts, and puts short rows together.
static void lay_grid(walk *w) {
  int width = w->shape[COLUMN], height = w->shape[ROW], parts = (width + MOST_PLACES - 1) / MOST_PLACES;
  w->columns = parts > 1 ? ((width + parts - 1) / parts + UNIT - 1) / UNIT * UNIT : width;
  w->rows = parts > 1 ? 1 : min(height, MOST_PLACES / max(1, width));
  for (int d = 0; d < ROW; d++) w->grid[d] = w->shape[d];
  w->grid[ROW] = (height + w->rows - 1) / w->rows;
  w->grid[COLUMN] = (width + w->columns - 1) / w->columns;
}

/// What a record says of a walk; registers lie in the thread's scratch.
#define OPEN_WALK(w, op, team) \
  walk w = { { op->a, op->b, op->c, op->d, op->e, op->f }, op->shape, op->strides, op->instructions }; \
  w.registers = team->scratch; \
  decode(&w, op->code, op->constants); \
  lay_grid(&w)

/// Pieces over some of the dimensions.
INLINE int count_pieces(const walk *w, int dimensions) {
  int count = 1;
  for (int d = 0; d < MOST_RANK; d++) if (dimensions >> d & 1) count *= w->grid[d];
  return count;
}

/// Goes to the piece of number `at` over some of the dimensions.
INLINE void seek(const walk *w, piece *p, int dimensions, int at) {
  for (int d = MOST_RANK; d--;) {
    if (!(dimensions >> d & 1)) continue;
    p->index[d] = at % w->grid[d];
    at /= w->grid[d];
  }
}

/// Goes to the next one.
INLINE void advance(const walk *w, piece *p, int dimensions) {
  for (int d = MOST_RANK; d--;) {
    if (!(dimensions >> d & 1)) continue;
    if (++p->index[d] < w->grid[d]) return;
    p->index[d] = 0;
  }
}

INLINE void measure(const walk *w, piece *p) {
  p->rows = min(w->rows, w->shape[ROW] - p->index[ROW] * w->rows);
  p->columns = min(w->columns, w->shape[COLUMN] - p->index[COLUMN] * w->columns);
  p->count = p->rows * p->columns;
}

/// Floats from the start of an array to a piece of it.
INLINE intptr_t offset_of(const walk *w, const piece *p, const int *strides) {
  intptr_t offset = (intptr_t)p->index[ROW] * w->rows * strides[ROW] + (intptr_t)p->index[COLUMN] * w->columns * strides[COLUMN];
  for (int d = 0; d < ROW; d++) offset += (intptr_t)p->index[d] * strides[d];
  return offset;
}

/// Whether a piece is one run of whole vectors, to be read and written where it lies.
INLINE int lies_in_place(const piece *p, const int *strides) {
  return strides[COLUMN] == 1 && (p->rows == 1 || strides[ROW] == p->columns) && p->count % LANES == 0;
}

/// `count` floats that lie `step` apart; whole vectors of `to` are written.
INLINE void load_row(const float *x, float *to, int count, int step) {
  if (step == 1) copy_floats(x, to, count, 0);
  else if (step == 0) for (int c = 0; c < count; c += LANES) store(to + c, splat(*x));
  else for (int c = 0; c < count; c++) to[c] = x[(intptr_t)c * step];
}

/// A piece of an input: in place, or copied into its register.
static const float *load_input(const walk *w, const piece *p, int input) {
  const int *strides = w->strides + input * MOST_RANK;
  const float *x = w->inputs[input] + offset_of(w, p, strides);
  if (lies_in_place(p, strides)) return x;
  float *to = w->registers + input * REGISTER;
  int row = strides[ROW], column = strides[COLUMN];
  if (p->rows == 1 || row == p->columns * column) load_row(x, to, p->count, column);
  else for (int r = 0; r < p->rows; r++) load_row(x + (intptr_t)r * row, to + r * p->columns, p->columns, column);
  return to;
}

#define EACH(value) ROLLED for (int i = 0; i < count; i += LANES) store(to + i, value); break
#define A load(a + i)
#define B load(b + i)
#define C load(c + i)

/// to = function(a, b, c) over whole vectors.
__attribute__((noinline)) static void compute(int function, float *to, const float *a, const float *b, const float *c, int count) {
  switch (function) {
    case FUNCTION_COPY: EACH(A);
    case FUNCTION_ADD: EACH(A + B);
    case FUNCTION_SUB: EACH(A - B);
    case FUNCTION_MUL: EACH(A * B);
    case FUNCTION_DIV: EACH(A / B);
    case FUNCTION_MAXIMUM: EACH(maximum(A, B));
    case FUNCTION_MINIMUM: EACH(minimum(A, B));
    case FUNCTION_GREATER: EACH(truth(A > B));
    case FUNCTION_EQUAL: EACH(truth(A == B));
    case FUNCTION_SELECT: EACH(choose(A == 0.f, C, B));
    case FUNCTION_EXP: EACH(exponential_of(A));
    case FUNCTION_LOG: EACH(logarithm_of(A));
    case FUNCTION_SQRT: EACH(square_root(A));
    case FUNCTION_ABS: EACH(absolute(A));
    case FUNCTION_SQUARE: EACH(A * A);
    case FUNCTION_SOFTPLUS: EACH(softplus_of(A));
    case FUNCTION_SIGMOID: EACH(sigmoid_of(A));
    case FUNCTION_POW:
      for (int i = 0; i < count; i++) to[i] = power_of(a[i], b[i]);
      break;
  }
}
#undef EACH
#undef A
#undef B
#undef C

/// Runs the program over a piece. Results of the last instruction go to `out` if that is there, in whole vectors.
INLINE const float *evaluate(walk *w, const piece *p, float *out) {
  const float **at = w->at;
  for (int k = 0; k < MOST_INPUTS; k++) if (w->inputs[k]) at[k] = load_input(w, p, k);
  const float *result = at[0];
  for (int i = 0; i < w->instructions; i++) {
    const instruction *now = w->code + i;
    float *to = out && i == w->instructions - 1 ? out : w->registers + now->to * REGISTER;
    compute(now->function, to, at[now->of[0]], at[now->of[1]], at[now->of[2]], p->count);
    result = at[now->to] = to;
  }
  return result;
}
#endif
