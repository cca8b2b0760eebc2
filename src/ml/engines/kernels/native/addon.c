// The kernels as a Node-API addon: memory as an ArrayBuffer, threads, and the run of programs that JavaScript writes into it.
//
// Compiled for any processor of the architecture: it is the kernels that want more, and `kernels()` says which can run.
// Nothing is shared between engines, so that the library may be loaded by any number of threads of Node.
#include <limits.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include "library.h"
#include "system.h"

#define MOST_THREADS 64
#define MOST_VIEWS 16
#define GUARD 4096 // bytes behind the memory: a vector at its very end may be read whole

/// Kernels for an instruction set, and whether this processor has it.
typedef struct variant {
  const char *name;
  const kernels *kernels;
  int (*can_run)(void);
} variant;

#if defined(__x86_64__)
#include <cpuid.h>

/// Whether the system keeps these registers when it switches between threads: bits of XCR0.
static int keeps_registers(uint32_t wanted) {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & wanted) == wanted;
}

/// What x86-64-v3 stands for, as far as compilers use it here.
static int has_avx2(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_FMA) || !(c & bit_OSXSAVE) || !(c & bit_MOVBE)) return 0;
  if (!keeps_registers(0x6) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  return (b & bit_AVX2) && (b & bit_BMI) && (b & bit_BMI2);
}

#ifdef HAS_AVX512
/// The same of x86-64-v4.
static int has_avx512(void) {
  const unsigned wanted = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
  unsigned a, b, c, d;
  return has_avx2() && keeps_registers(0xe6) && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & wanted) == wanted;
}
#endif
#else
static int has_neon(void) { return 1; }
#endif

/// Whether these kernels, which this processor can run, compute with bfloat16 on it: AVX-512 BF16.
static int has_bfloat16(const char *name) {
#ifdef HAS_AVX512
  unsigned a, b, c, d;
  return !strcmp(name, "avx512") && has_avx512() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & bit_AVX512BF16);
#else
  (void)name;
  return 0;
#endif
}

/// The best first.
static const variant variants[] = {
#if defined(__x86_64__)
#ifdef HAS_AVX512
  { "avx512", &kernels_avx512, has_avx512 },
#endif
  { "avx2", &kernels_avx2, has_avx2 },
#else
  { "neon", &kernels_neon, has_neon },
#endif
};
#define VARIANTS (int)(sizeof variants / sizeof *variants)

typedef struct engine {
  const kernels *kernels;
  char *base;
  size_t bytes;
  void *board;
  int started; // threads beside the caller's
  thread_handle threads[MOST_THREADS];
  int views;
  napi_ref buffers[MOST_VIEWS];
} engine;

typedef struct thread_start { engine *engine; int thread; int32_t job; } thread_start;

#define ARGUMENTS(n) \
  size_t count = n; \
  napi_value arguments[n]; \
  napi_get_cb_info(env, info, &count, arguments, 0, 0)

static int64_t integer(napi_env env, napi_value value) {
  int64_t n = 0;
  napi_get_value_int64(env, value, &n);
  return n;
}

/// The engine that a handle stands for; null, with an error thrown, where it has been closed.
static engine *engine_of(napi_env env, napi_value value) {
  void *found = 0;
  if (napi_get_value_external(env, value, &found) == napi_ok && found && ((engine *)found)->base) return found;
  napi_throw_error(env, 0, "the engine has been closed");
  return 0;
}

static void *thread_body(void *argument) {
  thread_start start = *(thread_start *)argument;
  free(argument);
  start.engine->kernels->serve(start.engine->board, start.thread, start.job);
  return 0;
}

static void end_threads(engine *e) {
  if (e->started) e->kernels->end(e->board);
  for (int i = 0; i < e->started; i++) join_thread(e->threads[i]);
  e->started = 0;
}

static void close_engine(engine *e) {
  if (!e->base) return;
  end_threads(e);
  release(e->base, e->bytes + GUARD);
  free(e->board);
  e->base = 0;
}

/// When nobody has closed it, and the thread of Node ends.
static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  close_engine(data);
  free(data);
}

/// kernels(): names of those that this processor can run, the best first.
static napi_value list_kernels(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value names, name;
  napi_create_array(env, &names);
  for (int i = 0, at = 0; i < VARIANTS; i++) {
    if (!variants[i].can_run()) continue;
    napi_create_string_utf8(env, variants[i].name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, at++, name);
  }
  return names;
}

/// hasBfloat16(kernels): whether they compute with it on this processor.
static napi_value tell_bfloat16(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  char name[16] = "";
  size_t length;
  napi_get_value_string_utf8(env, arguments[0], name, sizeof name, &length);
  napi_value result;
  napi_get_boolean(env, has_bfloat16(name), &result);
  return result;
}

/// open(kernels, bytes): { engine, address } with that much address space; throws where there is none.
static napi_value open_engine(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  char name[16] = "";
  size_t length;
  napi_get_value_string_utf8(env, arguments[0], name, sizeof name, &length);
  const kernels *found = 0;
  for (int i = 0; i < VARIANTS; i++) if (!strcmp(variants[i].name, name) && variants[i].can_run()) found = variants[i].kernels;
  if (!found) return napi_throw_error(env, 0, "this processor cannot run these kernels"), NULL;
  engine *e = calloc(1, sizeof *e);
  if (!e) return napi_throw_error(env, 0, "there is no memory"), NULL;
  e->kernels = found;
  e->bytes = (size_t)integer(env, arguments[1]);
  e->board = calloc(1, found->board_bytes);
  e->base = e->board ? reserve(e->bytes + GUARD) : 0;
  if (!e->base) {
    free(e->board);
    free(e);
    return napi_throw_error(env, 0, "the system has no address space of this size"), NULL;
  }
  napi_value result, handle, address;
  napi_create_external(env, e, finalize, 0, &handle);
  napi_create_double(env, (double)(uintptr_t)e->base, &address);
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "engine", handle);
  napi_set_named_property(env, result, "address", address);
  return result;
}

/// view(engine, from, bytes): a piece of its memory as an ArrayBuffer, which loses it when the engine is closed.
static napi_value view(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  engine *e = engine_of(env, arguments[0]);
  if (!e) return 0;
  size_t from = (size_t)integer(env, arguments[1]), bytes = (size_t)integer(env, arguments[2]);
  napi_value buffer;
  if (from > e->bytes || bytes > e->bytes - from || e->views == MOST_VIEWS) return napi_throw_error(env, 0, "there is no such memory"), NULL;
  napi_status status = napi_create_external_arraybuffer(env, e->base + from, bytes, 0, 0, &buffer);
  if (status == napi_pending_exception) return 0;
  if (status != napi_ok) return napi_throw_error(env, 0, "this Node has no memory outside of JavaScript's"), NULL;
  napi_create_reference(env, buffer, 1, &e->buffers[e->views++]);
  return buffer;
}

/// commit(engine, bytes): makes sure that there is memory in the first of its address space.
static napi_value commit_memory(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  engine *e = engine_of(env, arguments[0]);
  size_t bytes = (size_t)integer(env, arguments[1]);
  if (e && (bytes > e->bytes || !commit(e->base, bytes == e->bytes ? bytes + GUARD : bytes)))
    napi_throw_error(env, 0, "the system gives no more memory");
  return 0;
}

/// setUp(engine, controls, zeros, scratch): where these lie, as offsets in bytes.
static napi_value set_up(napi_env env, napi_callback_info info) {
  ARGUMENTS(4);
  engine *e = engine_of(env, arguments[0]);
  if (!e) return 0;
  char *at[3];
  for (int i = 0; i < 3; i++) at[i] = e->base + integer(env, arguments[i + 1]);
  // A thread of ours cannot be killed alone, so that there is nothing to be patient with.
  e->kernels->set_up(e->board, at[0], (const float *)at[1], (float *)at[2], INT_MAX);
  return 0;
}

/// start(engine, threads): starts those that a team of this size lacks, the caller being its first.
static napi_value start_threads(napi_env env, napi_callback_info info) {
  ARGUMENTS(2);
  engine *e = engine_of(env, arguments[0]);
  int64_t threads = integer(env, arguments[1]);
  while (e && e->started < threads - 1 && e->started < MOST_THREADS - 1) {
    thread_start *start = malloc(sizeof *start);
    if (start) *start = (thread_start){ e, e->started + 1, e->kernels->last_job(e->board) };
    if (!start || !start_thread(&e->threads[e->started], thread_body, start)) {
      free(start);
      napi_throw_error(env, 0, "the system starts no more threads");
      return 0;
    }
    e->started++;
  }
  return 0;
}

/// run(engine, program, operations, threads): program is an offset in bytes.
static napi_value run(napi_env env, napi_callback_info info) {
  ARGUMENTS(4);
  engine *e = engine_of(env, arguments[0]);
  if (!e) return 0;
  const char *program = e->base + integer(env, arguments[1]);
  e->kernels->run(e->board, program, (int)integer(env, arguments[2]), (int)integer(env, arguments[3]));
  return 0;
}

/// close(engine): ends its threads, and gives its memory back; views have no bytes any more.
static napi_value close_now(napi_env env, napi_callback_info info) {
  ARGUMENTS(1);
  engine *e = engine_of(env, arguments[0]);
  if (!e) return 0;
  for (int i = 0; i < e->views; i++) {
    napi_value buffer;
    napi_get_reference_value(env, e->buffers[i], &buffer);
    napi_detach_arraybuffer(env, buffer);
    napi_delete_reference(env, e->buffers[i]);
  }
  close_engine(e);
  return 0;
}

NAPI_MODULE_INIT() {
  static const struct { const char *name; napi_callback call; } functions[] = {
    { "kernels", list_kernels }, { "hasBfloat16", tell_bfloat16 }, { "open", open_engine }, { "view", view }, { "commit", commit_memory },
    { "setUp", set_up }, { "start", start_threads }, { "run", run }, { "close", close_now } };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, 0, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
