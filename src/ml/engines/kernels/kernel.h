// What every kernel file needs: vectors, the thread team and the partition of work.
//
// All kernels are one unit of compilation, compiled once for each instruction set (`npm run build:kernels`). Results never
// depend on the number of threads: an output element is computed by one thread in one fixed order, and a sum over rows is
// taken over a fixed number of chunks whatever the team's size. Nor do they depend on the width of vectors: no sum runs
// across their lanes, and each is taken in the order of its depth, with one rounding a term.
#ifndef KERNEL_H
#define KERNEL_H
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")

INLINE int min(int a, int b) { return a < b ? a : b; }
INLINE int max(int a, int b) { return a > b ? a : b; }

#include "primitives.h"
#ifdef __wasm_simd128__
#include "simd/wasm.h"
#else
#include "simd/vectors.h"
#endif
#include "activation.h"

#define VECTORS (PANEL / LANES) // of a panel
_Static_assert(PANEL % LANES == 0 && TILE_PANELS * PANEL % WIDE == 0, "panels are whole vectors");

/// Four floats, whatever the width of vectors.
typedef float quad __attribute__((ext_vector_type(4), aligned(4)));

INLINE quad load_quad(const float *p) { return *(const quad *)p; }
INLINE void store_quad(float *p, quad x) { *(quad *)p = x; }

#define FAR (3 << 20) // floats of a result that no cache holds until it is read: it is written past them

/// Whether a result of so many floats is written past the caches; none of what it is made from may lie where it goes.
INLINE int is_far(intptr_t floats) { return floats > FAR; }

/// Writes past the caches where `far`; p must be aligned to a vector then.
INLINE void store_out(float *p, vec x, int far) {
  if (far) store_past(p, x);
  else store(p, x);
}

/// One thread's place among those that walk the program together.
typedef struct team {
  int thread, threads;
  barrier *barrier;
  const float *zeros; // ZEROS floats of padding
  float *scratch; // SCRATCH floats of this thread's own
  const controls *controls;
} team;

/// Half-open range of rows, channels, pixels or chunks.
typedef struct span { int from, to; } span;

/// The `affine` primitive on some rows; batch norm ends with it.
static void affine_rows(const affine_op *op, span rows);

/// Waits until every thread of the team has come here.
static void barrier_wait(const team *team);

/// This thread's share of 0 … n − 1, cut at multiples of `unit`.
INLINE span share(int n, int unit, const team *team) {
  int64_t units = (n + unit - 1) / unit;
  return (span){ min(n, (int)(units * team->thread / team->threads) * unit),
                 min(n, (int)(units * (team->thread + 1) / team->threads) * unit) };
}

/// Rows of chunk `index` of a sum over `rows` rows.
INLINE span chunk(int rows, int index) {
  return (span){ (int)((int64_t)rows * index / CHUNKS), (int)((int64_t)rows * (index + 1) / CHUNKS) };
}
#endif
