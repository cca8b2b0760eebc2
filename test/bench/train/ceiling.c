// Floating-point operations a second of which a core is capable: multiplications and additions between registers, in the vectors
// that products take.
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#define INLINE static inline __attribute__((always_inline))
#include "simd/vectors.h"

#if defined(__AVX2__) && WIDE == LANES
#define SUMS 12 // that sixteen registers hold beside the factors
#else
#define SUMS 24
#endif
#define TURNS 100000
#define ROUNDS 100
#define each_sum _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++)

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
  wide sums[SUMS], a = (wide)(1.f / (float)(count + 1)), b = (wide)(float)arguments[0][0];
  double best = 1e9;
  each_sum sums[i] = a * (float)i;
  for (int round = 0; round < ROUNDS; round++) {
    double start = seconds();
    _Pragma("clang loop unroll(disable)") for (int turn = 0; turn < TURNS; turn++) each_sum sums[i] = multiply_add_wide(sums[i], a, b);
    double time = seconds() - start;
    if (time < best) best = time;
  }
  each_sum b += sums[i]; // what nobody reads would not be computed
  printf("%g %g\n", 2e-9 * SUMS * WIDE * TURNS / best, (double)b[0]);
}
