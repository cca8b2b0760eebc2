// Products of operands rounded to bfloat16 (the upper half of a float32, to nearest even), with sums in float32.
//
// AVX-512 BF16 multiplies two of them a lane and adds both products to a float32 (VDPBF16PS), the second one first, each with one rounding.
// Two neighbours along a product's depth make a pair, which has a float's place in memory, the first in its lower half: so rows,
// panels and tiles of pairs are those of floats with half the depth, and only what multiplies is another instruction.
#ifndef BF16_H
#define BF16_H
#include "kernel.h"

#if WIDE == 16
#define HAS_BFLOAT16 1

/// c + both products of each pair. Written as the instruction: the unit is compiled for processors without it as well, where no
/// program asks for it.
INLINE wide multiply_add_pairs_wide(wide a, wide b, wide c) {
  __asm__("vdpbf16ps %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));
  return c;
}
INLINE vec multiply_add_pairs(vec a, vec b, vec c) {
  __asm__("vdpbf16ps %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));
  return c;
}

/// Sixteen neighbours become eight pairs.
INLINE vec round_to_pairs(wide x) {
  vec pairs;
  __asm__("vcvtneps2bf16 %1, %0" : "=v"(pairs) : "v"(x));
  return pairs;
}

/// Eight pairs of a and b.
INLINE vec pair_up(vec a, vec b) {
  return round_to_pairs(__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
}

typedef float unaligned_wide __attribute__((ext_vector_type(WIDE), aligned(4)));
INLINE wide load_wide(const float *p) { return *(const unaligned_wide *)p; }
INLINE void store_wide(float *p, wide x) { *(unaligned_wide *)p = x; }

/// `count` floats, a multiple of four, become pairs of neighbours. Up to twelve floats behind them are read, and six pairs written.
INLINE void round_row(const float *from, float *to, int count) {
  for (int k = 0; k < count; k += WIDE) store(to + k / 2, round_to_pairs(load_wide(from + k)));
}

/// 8 × 8 floats, their rows one behind the other, become 4 × 8 pairs: those of a row become a column.
INLINE void transpose_to_pairs(const float *from, float *to) {
  wide upper, lower; // four pairs of each row
  upper.lo = round_to_pairs(load_wide(from));
  upper.hi = round_to_pairs(load_wide(from + WIDE));
  lower.lo = round_to_pairs(load_wide(from + 2 * WIDE));
  lower.hi = round_to_pairs(load_wide(from + 3 * WIDE));
  store_wide(to, __builtin_shufflevector(upper, lower, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29));
  store_wide(to + WIDE, __builtin_shufflevector(upper, lower, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31));
}
#else
// No program asks a build for it that has no such instruction.
#define HAS_BFLOAT16 0
#define multiply_add_pairs_wide(a, b, c) (__builtin_unreachable(), (c))
#define multiply_add_pairs(a, b, c) (__builtin_unreachable(), (c))
#define pair_up(a, b) (__builtin_unreachable(), (void)(b), (a))
#define round_row(from, to, count) __builtin_unreachable()
#define transpose_to_pairs(from, to) __builtin_unreachable()
#endif

/// Whether an operation's operands are to be rounded: known to be false where the build cannot.
#define rounds(op) (HAS_BFLOAT16 && (op)->bfloat16)

/// Floats, or pairs, that stand for so many floats.
INLINE int length_of(int floats, int pairs) { return pairs ? floats / 2 : floats; }

/// Rows of panels, an even number of them, become half as many of pairs.
INLINE void pair_rows(const float *from, float *to, int rows) {
  for (int k = 0; k < rows; k += 2, from += 2 * PANEL, to += PANEL)
    for (int j = 0; j < PANEL; j += LANES) store(to + j, pair_up(load(from + j), load(from + PANEL + j)));
}

/// Every thread rounds its share of a filter of so many rows of panels.
INLINE void round_filter(const float *filter, float *packed, int rows, const team *team) {
  span mine = share(rows, 32, team);
  pair_rows(filter + (intptr_t)mine.from * PANEL, packed + (intptr_t)mine.from / 2 * PANEL, mine.to - mine.from);
}
#endif
