// Right singular vectors of stacks of matrices, in float64: eigenvectors of the smaller Gram matrix, which reflections make tridiagonal
// and implicit QL steps diagonal (Golub, Van Loan: Matrix Computations, 8.3).
#include "kernel.h"

#define MOST_STEPS 60 // QL steps for one eigenvalue; two or three are usual
#define ROUNDING 0x1p-52
#define NOTHING 0x1p-46 // of the largest eigenvalue: the square of float32's rounding

/// A symmetric matrix of n rows and what becomes of it. All vectors have n elements but `v`, which has as many as the given matrix
/// has columns.
typedef struct eigen {
  int n;
  double *matrix; // then reflections: row k holds that of step k behind the diagonal
  double *vectors; // the eigenvectors, a row each
  double *diagonal, *beside; // of the tridiagonal matrix; then eigenvalues
  double *product, *v;
} eigen;

static eigen eigen_at(double *work, int n) {
  eigen s = { .n = n, .matrix = work, .vectors = work + (intptr_t)n * n };
  s.diagonal = s.vectors + (intptr_t)n * n;
  s.beside = s.diagonal + n;
  s.product = s.beside + n;
  s.v = s.product + n;
  return s;
}

INLINE double root_of(double x) { return __builtin_sqrt(x); }
INLINE double magnitude(double x) { return __builtin_fabs(x); }

// Loops over rows, each compiled once: most of the time is spent in them.
#define LOOP static __attribute__((noinline))
#define SMALL static __attribute__((minsize, noinline))
#define BY_FOUR _Pragma("clang loop unroll(disable) vectorize_width(4) interleave_count(1)")

LOOP double dot(const double *a, const double *b, int count) {
  double sum = 0;
  ROLLED for (int i = 0; i < count; i++) sum += a[i] * b[i];
  return sum;
}

/// y += a · x
LOOP void add_scaled(double *restrict y, double a, const double *restrict x, int count) {
  BY_FOUR for (int i = 0; i < count; i++) y[i] += a * x[i];
}

/// x ← a · x
LOOP void scale(double *x, double a, int count) {
  BY_FOUR for (int i = 0; i < count; i++) x[i] *= a;
}

/// y += a · x, of float32.
LOOP void add_floats(double *restrict y, double a, const float *restrict x, int count) {
  BY_FOUR for (int i = 0; i < count; i++) y[i] += a * x[i];
}

/// y += Σ_k a_k · x_k, from a place on, which is also that of a_k in x_k.
LOOP void add_four(double *restrict y, const double *const *x, int place, int count) {
  double a = x[0][place], b = x[1][place], c = x[2][place], d = x[3][place];
  BY_FOUR for (int j = place; j < count; j++) y[j] += (a * x[0][j] + b * x[1][j]) + (c * x[2][j] + d * x[3][j]);
}

/// Σ over `depth` of the products of n numbers, `near` floats apart, with each other; `far` floats lie between one depth and the next.
SMALL void gram(const float *x, int depth, int far, int near, const eigen *s) {
  double *parts[4] = { s->diagonal, s->beside, s->product, s->v };
  int n = s->n;
  ROLLED for (intptr_t i = 0; i < (intptr_t)n * n; i++) s->matrix[i] = 0;
  ROLLED for (int k = 0; k < depth; k += 4) {
    ROLLED for (int part = 0; part < 4; part++)
      ROLLED for (int i = 0; i < n; i++) parts[part][i] = k + part < depth ? x[(intptr_t)(k + part) * far + (intptr_t)i * near] : 0;
    ROLLED for (int i = 0; i < n; i++) add_four(s->matrix + (intptr_t)i * n, (const double *const *)parts, i, n);
  }
  ROLLED for (int i = 0; i < n; i++)
    ROLLED for (int j = 0; j < i; j++) s->matrix[(intptr_t)i * n + j] = s->matrix[(intptr_t)j * n + i];
}

/// Makes row k of the matrix the reflection I − v vᵀ, |v|² = 2 or 0, that turns what stands there behind the diagonal into one number.
SMALL double reflection(double *v, int count) {
  double first = v[0], rest = dot(v + 1, v + 1, count - 1);
  if (rest == 0) {
    v[0] = 0;
    return first;
  }
  double length = root_of(first * first + rest), left = first > 0 ? -length : length;
  v[0] = first - left;
  scale(v, root_of(2 / (v[0] * v[0] + rest)), count);
  return left;
}

/// A ← H A H for each reflection H, A being what is left below and behind it: v wᵀ + w vᵀ less, w = A v − ½ (vᵀ A v) v.
SMALL void make_tridiagonal(const eigen *s) {
  int n = s->n;
  ROLLED for (int k = 0; k < n; k++) {
    double *v = s->matrix + (intptr_t)k * n + k + 1, *w = s->product;
    int count = n - 1 - k;
    s->diagonal[k] = v[-1];
    s->beside[k] = count == 1 ? v[0] : 0;
    if (count < 2) continue;
    s->beside[k] = reflection(v, count);
    ROLLED for (int i = 0; i < count; i++) w[i] = 0;
    ROLLED for (int i = 0; i < count; i++) add_scaled(w, v[i], s->matrix + (intptr_t)(k + 1 + i) * n + k + 1, count);
    add_scaled(w, -dot(v, w, count) / 2, v, count);
    ROLLED for (int i = 0; i < count; i++) {
      double *row = s->matrix + (intptr_t)(k + 1 + i) * n + k + 1;
      add_scaled(row, -v[i], w, count);
      add_scaled(row, -w[i], v, count);
    }
  }
}

/// The product of all reflections, the last one first, as rows.
SMALL void join_reflections(const eigen *s) {
  int n = s->n;
  ROLLED for (int i = 0; i < n; i++)
    ROLLED for (int j = 0; j < n; j++) s->vectors[(intptr_t)i * n + j] = i == j;
  ROLLED for (int k = n - 3; k >= 0; k--) {
    const double *v = s->matrix + (intptr_t)k * n + k + 1;
    int count = n - 1 - k;
    ROLLED for (int i = k + 1; i < n; i++) {
      double *row = s->vectors + (intptr_t)i * n + k + 1;
      add_scaled(row, -dot(row, v, count), v, count);
    }
  }
}

/// Turns two rows of vectors by an angle.
LOOP void turn(double *restrict upper, double *restrict lower, double cosine, double sine, int count) {
  BY_FOUR for (int i = 0; i < count; i++) {
    double a = upper[i], b = lower[i];
    upper[i] = cosine * a - sine * b;
    lower[i] = sine * a + cosine * b;
  }
}

/// One implicit QL step with Wilkinson's shift on rows first … last, whose neighbours are not 0: the bulge goes upwards.
SMALL void chase(const eigen *s, int first, int last) {
  double *d = s->diagonal, *e = s->beside;
  double half = (d[first + 1] - d[first]) / (2 * e[first]), root = root_of(half * half + 1);
  double bulge = d[last] - d[first] + e[first] / (half + (half < 0 ? -root : root));
  double cosine = 1, sine = 1, shift = 0;
  ROLLED for (int i = last - 1; i >= first; i--) {
    double out = sine * e[i], along = cosine * e[i];
    double length = root_of(out * out + bulge * bulge);
    e[i + 1] = length;
    if (length == 0) { // the matrix falls apart here
      d[i + 1] -= shift;
      e[last] = 0;
      return;
    }
    sine = out / length;
    cosine = bulge / length;
    double before = d[i + 1] - shift, twice = (d[i] - before) * sine + 2 * cosine * along;
    shift = sine * twice;
    d[i + 1] = before + shift;
    bulge = cosine * twice - along;
    turn(s->vectors + (intptr_t)i * s->n, s->vectors + (intptr_t)(i + 1) * s->n, cosine, sine, s->n);
  }
  d[first] -= shift;
  e[first] = bulge;
  e[last] = 0;
}

/// Where nothing is finite it ends at once: comparisons with NaN are false.
SMALL void make_diagonal(const eigen *s) {
  double largest = 0;
  ROLLED for (int i = 0; i < s->n; i++) {
    double size = magnitude(s->diagonal[i]) + magnitude(s->beside[i]);
    if (size > largest) largest = size;
  }
  ROLLED for (int first = 0; first < s->n; first++)
    ROLLED for (int step = 0; step < MOST_STEPS; step++) {
      int last = first;
      while (last < s->n - 1 && magnitude(s->beside[last]) > ROUNDING * largest) last++;
      if (last == first) break;
      chase(s, first, last);
    }
}

/// The place of the largest eigenvalue that has not been taken; `beside` says which have.
SMALL int take_largest(const eigen *s) {
  int best = -1;
  ROLLED for (int i = 0; i < s->n; i++)
    if (s->beside[i] == 0 && (best < 0 || s->diagonal[i] > s->diagonal[best])) best = i;
  s->beside[best] = 1;
  return best;
}

/// A column of y: the vector, of length 1, its largest element positive.
SMALL void put_vector(const double *vector, float *y, int count, int stride) {
  double length = root_of(dot(vector, vector, count));
  int at = 0;
  ROLLED for (int i = 1; i < count; i++) if (magnitude(vector[i]) > magnitude(vector[at])) at = i;
  if (vector[at] < 0) length = -length;
  ROLLED for (int i = 0; i < count; i++) y[(intptr_t)i * stride] = (float)(vector[i] / length);
}

SMALL void decompose(const float *x, float *y, int rows, int columns, double *work) {
  int n = min(rows, columns), isTall = columns <= rows;
  eigen s = eigen_at(work, n);
  gram(x, isTall ? rows : columns, isTall ? columns : 1, isTall ? 1 : columns, &s);
  make_tridiagonal(&s);
  join_reflections(&s);
  make_diagonal(&s);
  ROLLED for (int i = 0; i < n; i++) s.beside[i] = 0;
  double largest = 0;
  ROLLED for (int j = 0; j < n; j++) {
    int place = take_largest(&s);
    if (j == 0) largest = s.diagonal[place];
    if (s.diagonal[place] <= NOTHING * largest) {
      ROLLED for (int c = 0; c < columns; c++) y[(intptr_t)c * n + j] = 0;
      continue;
    }
    const double *vector = s.vectors + (intptr_t)place * n;
    if (!isTall) { // it is a left one: Xᵀ u = σ v
      ROLLED for (int c = 0; c < columns; c++) s.v[c] = 0;
      ROLLED for (int i = 0; i < rows; i++) add_floats(s.v, vector[i], x + (intptr_t)i * columns, columns);
      vector = s.v;
    }
    put_vector(vector, y + j, columns, n);
  }
}

void run_right_singular_vectors(const right_singular_vectors_op *op, const team *team) {
  intptr_t n = min(op->rows, op->columns), piece = n * (2 * n + 3) + op->columns;
  span chunks = share(op->chunks, 1, team);
  for (int chunk = chunks.from; chunk < chunks.to; chunk++) {
    int to = (int)((int64_t)op->batch * (chunk + 1) / op->chunks);
    for (intptr_t i = (int64_t)op->batch * chunk / op->chunks; i < to; i++)
      decompose(op->x + i * op->rows * op->columns, op->y + i * op->columns * n, op->rows, op->columns, (double *)op->work + chunk * piece);
  }
}
