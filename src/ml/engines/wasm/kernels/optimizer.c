// Optimiser updates over flat arrays of parameters, in PyTorch's formulas.
#include "kernel.h"

void run_adamw(const adamw_op *op, const team *team) {
  const controls *at = team->controls;
  vec fade = splat(op->decay ? 1.f - at->learningRate * at->weightDecay : 1.f), size = splat(at->learningRate / at->firstCorrection);
  vec beta1 = splat(op->beta1), beta2 = splat(op->beta2), rest1 = splat(1.f - op->beta1), rest2 = splat(1.f - op->beta2);
  vec correction = splat(at->secondCorrection), eps = splat(op->eps);
  span all = share(op->count, PANEL, team);
  for (int i = all.from; i < all.to; i += LANES) {
    vec g = load(op->g + i);
    vec first = load(op->first + i) * beta1 + g * rest1, second = load(op->second + i) * beta2 + g * g * rest2;
    store(op->first + i, first);
    store(op->second + i, second);
    vec root = __builtin_elementwise_sqrt(second) / correction + eps;
    store(op->w + i, load(op->w + i) * fade - size * first / root);
  }
}

void run_sgd(const sgd_op *op, const team *team) {
  const controls *at = team->controls;
  vec decay = splat(op->decay ? at->weightDecay : 0), rate = splat(at->learningRate), momentum = splat(op->momentum);
  span all = share(op->count, PANEL, team);
  for (int i = all.from; i < all.to; i += LANES) {
    vec w = load(op->w + i), g = load(op->g + i) + decay * w, velocity = load(op->first + i) * momentum + g;
    store(op->first + i, velocity);
    store(op->w + i, w - rate * (op->nesterov ? g + momentum * velocity : velocity));
  }
}
