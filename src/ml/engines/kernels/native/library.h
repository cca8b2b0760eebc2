// What the addon knows of the kernels: each instruction set has its own, compiled for it alone (program.c).
#ifndef LIBRARY_H
#define LIBRARY_H
#include <stddef.h>
#include <stdint.h>

typedef struct kernels {
  size_t board_bytes; // of memory that a team shares, zeros at first
  void (*set_up)(void *board, const void *controls, const float *zeros, float *scratch, int patience);
  int32_t (*last_job)(const void *board); // what a thread that is started now need not do
  void (*serve)(void *board, int thread, int32_t job);
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
