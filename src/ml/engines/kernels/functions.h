// Functions of elementwise programs (FUNCTIONS of array-primitives.ts), over their whole range.
#ifndef FUNCTIONS_H
#define FUNCTIONS_H
#include "kernel.h"

#define INFINITE __builtin_inff()
#define LEAST_EXPONENT -87.3365448f // e to the power of it is the smallest normal float
#define MOST_EXPONENT 88.7228317f // the last that gives a finite one
#define LEAST_NORMAL 1.17549435e-38f

/// x where the mask is set, else y.
INLINE vec choose(mask where, vec x, vec y) { return where ? x : y; }

INLINE vec minimum(vec a, vec b) { return -maximum(-a, -b); }
INLINE vec absolute(vec x) { return (vec)((mask)x & 0x7fffffff); }
INLINE vec truth(mask where) { return keep(splat(1), where); }

/// eˣ to two units in the last place; 0 where it is no normal float, +∞ where it is too large.
INLINE vec exponential_of(vec x) {
  vec n, p = split_exponential(at_most(at_least(x, -88.f), 89.f), &n);
  vec y = (vec)((mask)p + (to_integers(n) << 23));
  return choose(x > MOST_EXPONENT, splat(INFINITE), keep(y, ~(x < LEAST_EXPONENT)));
}

INLINE vec sigmoid_of(vec x) { return 1.f / (1.f + exponential_of(-x)); }

/// log(2ᵉ · (1 + f)) for √½ ≤ 1 + f < √2.
INLINE vec join_logarithm(vec e, vec f) {
  vec p = splat(7.0376836292e-2f); // Cephes' minimax polynomial
  p = multiply_add(p, f, splat(-1.1514610310e-1f));
  p = multiply_add(p, f, splat(1.1676998740e-1f));
  p = multiply_add(p, f, splat(-1.2420140846e-1f));
  p = multiply_add(p, f, splat(1.4249322787e-1f));
  p = multiply_add(p, f, splat(-1.6668057665e-1f));
  p = multiply_add(p, f, splat(2.0000714765e-1f));
  p = multiply_add(p, f, splat(-2.4999993993e-1f));
  p = multiply_add(p, f, splat(3.3333331174e-1f));
  vec square = f * f;
  vec rest = p * f * square - e * 2.12194440e-4f - square * .5f; // ln 2 in two parts, the first with few digits
  return f + rest + e * .693359375f;
}

/// log x to two units in the last place.
INLINE vec logarithm_of(vec x) {
  mask small = x < LEAST_NORMAL;
  mask bits = (mask)choose(small, x * 8388608.f, x);
  mask e = (bits - 0x3f3504f3) >> 23; // √½, so that what is left lies around 1
  vec exponent = __builtin_convertvector(e, vec) - keep(splat(23), small);
  vec y = join_logarithm(exponent, (vec)(bits - (e << 23)) - 1.f);
  vec edge = choose(x == 0.f, splat(-INFINITE), splat(__builtin_nanf("")));
  return choose(x < INFINITE, choose(x > 0.f, y, edge), x);
}

/// log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|), which keeps its digits where it is small.
INLINE vec softplus_of(vec x) {
  vec t = exponential_of(-absolute(x));
  mask half = t > .41421356f; // 1 + t ≥ √2: half of it, whose distance to 1 is exact
  return at_least(x, 0) + join_logarithm(truth(half), choose(half, (t - 1.f) * .5f, t));
}

/// log x in float64 for a positive, finite float: of x = 2ᵉ · m by the series of artanh((m − 1) / (m + 1)).
INLINE double wide_logarithm(float x) {
  union { double value; int64_t bits; } m = { x };
  int64_t e = (m.bits - 0x3fe6a09e667f3bcd) >> 52; // √½, so that m lies around 1
  m.bits -= e << 52;
  double f = (m.value - 1) / (m.value + 1), square = f * f, series = 0;
  UNROLL for (int k = 15; k > 0; k -= 2) series = series * square + 1. / k;
  return 2 * f * series + (double)(int)e * 0.6931471805599453;
}

/// eˣ as a float, of x in float64.
INLINE float narrow_exponential(double x) {
  x = x > -200 ? x < 200 ? x : 200 : -200;
  double n = __builtin_elementwise_roundeven(x * 1.4426950408889634), r = x - n * 0.6931471805599453, series = 1;
  UNROLL for (int k = 9; k > 0; k--) series = series * r * (1. / k) + 1;
  union { int64_t bits; double value; } power = { (int64_t)((int)n + 1023) << 52 };
  return (float)(series * power.value);
}

/// aᵇ for a ≥ 0, by way of float64: a rounding error of b · log a would be one of the result.
INLINE float power_of(float a, float b) {
  float y = narrow_exponential(b * wide_logarithm(a));
  if (a == 0 || a == INFINITE) y = (a == 0) == (b > 0) ? 0 : INFINITE;
  if (!(a >= 0) || b != b) y = __builtin_nanf("");
  return b == 0 ? 1 : y;
}
#endif
