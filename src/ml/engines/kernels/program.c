// Running a program: every thread does its share of each operation and waits for the others before the next one.
#include "kernel.h"
#ifdef __wasm__
#include "platform/wasm.h"
#else
#include "platform/native.h"
#endif

// SPINS: looks before a thread goes to sleep; waking it costs more than a short operation.
#define SECOND 1000000000ll // in nanoseconds

_Static_assert(MOST_THREADS < 256, "a job has a byte for the size of its team");

static void wait_while(int32_t *at, int32_t value) {
  for (int i = 0; i < SPINS; i++, relax()) if (__atomic_load_n(at, __ATOMIC_ACQUIRE) != value) return;
  while (__atomic_load_n(at, __ATOMIC_ACQUIRE) == value) sleep_while(at, value, -1);
}

/// Waits for the others of a team. Without this the engine would wait for ever for a thread that has crashed, which says
/// so, or that was killed, of which nothing is heard: then it traps.
static void wait_for_team(barrier *b, int32_t now) {
  for (int i = 0; i < SPINS; i++, relax()) if (__atomic_load_n(&b->generation, __ATOMIC_ACQUIRE) != now) return;
  for (int seconds = 0; __atomic_load_n(&b->generation, __ATOMIC_ACQUIRE) == now;) {
    if (__atomic_load_n(&b->lost, __ATOMIC_ACQUIRE)) give_up();
    int timed_out = sleep_while(&b->generation, now, SECOND);
    if (timed_out && ++seconds >= b->patience) __atomic_store_n(&b->lost, 1, __ATOMIC_RELEASE);
  }
}

static void barrier_wait(const team *team) {
  barrier *b = team->barrier;
  if (team->threads == 1) return;
  int32_t now = __atomic_load_n(&b->generation, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&b->arrived, 1, __ATOMIC_ACQ_REL) < team->threads) return wait_for_team(b, now);
  __atomic_store_n(&b->arrived, 0, __ATOMIC_RELAXED);
  __atomic_add_fetch(&b->generation, 1, __ATOMIC_RELEASE);
  wake_all(&b->generation);
}

static void run_program(const board *board, int thread, int threads) {
  // Copies: once all have met after the last operation, the first thread may write the next program on the board.
  const char *program = board->program;
  int32_t operations = board->operations;
  float *scratch = board->scratch + (intptr_t)thread * SCRATCH;
  team team = { thread, threads, (barrier *)&board->barrier, board->zeros, scratch, board->controls };
  for (int i = 0; i < operations; i++) {
    dispatch(program + i * OPERATION_BYTES, &team);
    barrier_wait(&team);
  }
}

/// Body of a worker thread: one program a job, until told to end. `job` is the last one from before the thread was started: by the
/// time that it has come up there may be another, or the end.
EXPORT(serve) void serve(board *board, int thread, int32_t job) {
  __atomic_add_fetch(&board->ready, 1, __ATOMIC_RELEASE);
  wake_all(&board->ready);
  for (;;) {
    wait_while(&board->job, job);
    job = __atomic_load_n(&board->job, __ATOMIC_ACQUIRE);
    if (job < 0) return;
    if (thread < (job & 255)) run_program(board, thread, job & 255);
  }
}

/// Prepares a board, which lies in memory of zeros: the controls of all programs, ZEROS floats of padding, and SCRATCH floats
/// for each thread. A thread that is silent for `patience` seconds counts as dead.
EXPORT(set_up) void set_up(board *board, const controls *controls, const float *zeros, float *scratch, int patience) {
  board->controls = controls;
  board->zeros = zeros;
  board->scratch = scratch;
  board->barrier.patience = patience;
}

/// Waits until as many threads have come up as a team needs: that one is late does not mean that it is dead.
static void wait_for_threads(board *board, int others) {
  for (int32_t up; (up = __atomic_load_n(&board->ready, __ATOMIC_ACQUIRE)) < others;) sleep_while(&board->ready, up, -1);
}

/// Runs a program with a team of `threads`, the caller being the first.
EXPORT(run) void run(board *board, const char *program, int operations, int threads) {
  board->program = program;
  board->operations = operations;
  if (threads > 1) {
    wait_for_threads(board, threads - 1);
    int32_t number = ((board->job >> 8) + 1) & 0x7fffff;
    __atomic_store_n(&board->job, number << 8 | threads, __ATOMIC_RELEASE);
    wake_all(&board->job);
  }
  run_program(board, 0, threads);
}

/// Tells the worker threads to end.
EXPORT(end) void end(board *board) {
  __atomic_store_n(&board->job, -1, __ATOMIC_RELEASE);
  wake_all(&board->job);
}

#if !__STDC_HOSTED__
// No C library: clang may turn loops and initialisers into calls of these.
void *memset(void *to, int value, __SIZE_TYPE__ bytes) {
  for (__SIZE_TYPE__ i = 0; i < bytes; i++) ((char *)to)[i] = (char)value;
  return to;
}
void *memcpy(void *restrict to, const void *restrict from, __SIZE_TYPE__ bytes) {
  for (__SIZE_TYPE__ i = 0; i < bytes; i++) ((char *)to)[i] = ((const char *)from)[i];
  return to;
}
#endif

#ifdef KERNELS
#include "native/library.h"
static void set_up_any(void *board, const void *controls, const float *zeros, float *scratch, int patience) {
  set_up(board, controls, zeros, scratch, patience);
}
static void serve_any(void *board, int thread, int32_t job) { serve(board, thread, job); }
static int32_t last_job(const void *of) { return ((const board *)of)->job; }
static void run_any(void *board, const char *program, int operations, int threads) { run(board, program, operations, threads); }
static void end_any(void *board) { end(board); }
const kernels KERNELS = { sizeof(board), set_up_any, last_job, serve_any, run_any, end_any };
#endif
