// What every kernel file needs: vectors, the thread team and the partition of work.
//
// Results never depend on the number of threads: an output element is computed by one thread in one fixed order, and a
// sum over rows is taken over a fixed number of chunks whatever the team's size.
#ifndef KERNEL_H
#define KERNEL_H
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

INLINE int min(int a, int b) { return a < b ? a : b; }
INLINE int max(int a, int b) { return a > b ? a : b; }

#include "primitives.h"
#ifdef __wasm_simd128__
#include "simd/wasm.h"
#else
#error "simd/ has no header for this instruction set"
#endif
#include "activation.h"

/// One thread's place among those that walk the program together.
typedef struct team {
  int thread, threads;
  barrier *barrier;
  const float *zeros; // ZEROS floats of padding
  const controls *controls;
} team;

/// Half-open range of rows, channels, pixels or chunks.
typedef struct span { int from, to; } span;

/// The `affine` primitive on some rows; batch norm ends with it.
void affine_rows(const affine_op *op, span rows);

/// Waits until every thread of the team has come here.
void barrier_wait(const team *team);

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
