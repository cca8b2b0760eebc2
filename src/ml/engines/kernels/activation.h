// Elementwise functions by their code (ACTIVATIONS of primitives.ts), and their slopes.
//
// A NaN passes through all of them: it must reach the loss, not turn into 0.
#ifndef ACTIVATION_H
#define ACTIVATION_H

/// eˣ = 2ⁿ · p to two units in the last place, p = eʳ with |r| ≤ ln 2 / 2: the result is p. For −89 ≤ x ≤ 89.
INLINE vec split_exponential(vec x, vec *n) {
  *n = round_even(x * 1.44269504f);
  vec r = x - *n * .693359375f + *n * 2.12194440e-4f; // ln 2 in two parts, the first with few digits
  vec p = splat(1.9875691500e-4f); // Cephes' minimax polynomial
  p = multiply_add(p, r, splat(1.3981999507e-3f));
  p = multiply_add(p, r, splat(8.3334519073e-3f));
  p = multiply_add(p, r, splat(4.1665795894e-2f));
  p = multiply_add(p, r, splat(1.6666665459e-1f));
  p = multiply_add(p, r, splat(5.0000001201e-1f));
  return multiply_add(p, r * r, r + 1.f);
}

/// eˣ to two units in the last place, held between the smallest and largest powers of two.
INLINE vec exponential(vec x) {
  vec n, p = split_exponential(at_most(at_least(x, -87.f), 88.f), &n);
  mask power = (to_integers(n) + 127) << 23;
  return p * (vec)power;
}

INLINE vec sigmoid(vec x) { return 1.f / (1.f + exponential(-x)); }

INLINE vec activate(vec x, int activation) {
  if (activation == NONE) return x;
  if (activation <= RELU6) {
    x = at_least(x, 0);
    return activation == RELU ? x : at_most(x, 6);
  }
  if (activation == HARD_SIGMOID) return at_most(at_least(x + 3.f, 0), 6) / 6.f;
  vec s = sigmoid(x);
  return activation == SILU ? x * s : s;
}

/// Gradient through an activation: g · activation'(x). A ReLU's x may be its output as well.
INLINE vec activation_gradient(vec g, vec x, int activation) {
  if (activation == NONE) return g;
  if (activation == RELU) return keep(g, x > 0.f);
  if (activation == RELU6) return keep(g, (x > 0.f) & (x < 6.f));
  if (activation == HARD_SIGMOID) return keep(g / 6.f, (x > -3.f) & (x < 3.f));
  vec s = sigmoid(x), rest = 1.f - s;
  return g * s * (activation == SILU ? 1.f + x * rest : rest);
}

/// Calls `function` with the arguments and the activation as a constant, so that no loop asks which it is: compiled once for
/// each of them.
#define for_activation(code, function, ...) \
  switch (code) { \
    case NONE: function(__VA_ARGS__, NONE); break; \
    case RELU: function(__VA_ARGS__, RELU); break; \
    case RELU6: function(__VA_ARGS__, RELU6); break; \
    case SILU: function(__VA_ARGS__, SILU); break; \
    case SIGMOID: function(__VA_ARGS__, SIGMOID); break; \
    case HARD_SIGMOID: function(__VA_ARGS__, HARD_SIGMOID); break; \
  }
#endif
