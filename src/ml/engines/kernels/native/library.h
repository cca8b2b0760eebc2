// What the addon knows of the kernels: each instruction set has its own, compiled for it alone (program.c).
#ifndef LIBRARY_H
#define LIBRARY_H
#include <stddef.h>

typedef struct kernels {
  size_t board_bytes; // of memory that a team shares, zeros at first
  void (*set_up)(void *board, const void *controls, const float *zeros, float *scratch, int patience);
  void (*serve)(void *board, int thread);
  void (*run)(void *board, const char *program, int operations, int threads);
  void (*end)(void *board);
} kernels;

#if defined(__x86_64__) || defined(_M_X64)
extern const kernels kernels_avx2;
#if !defined(__APPLE__) // which gives a thread AVX-512 when it first uses it, and says before that there is none
#define HAS_AVX512
extern const kernels kernels_avx512;
#endif
#else
extern const kernels kernels_neon;
#endif
#endif
