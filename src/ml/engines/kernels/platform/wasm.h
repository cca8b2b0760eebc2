// What threads need of WebAssembly: sleeping on a word of shared memory, waking those that sleep, functions for JavaScript.
#ifndef PLATFORM_WASM_H
#define PLATFORM_WASM_H

#define EXPORT(name) __attribute__((export_name(#name)))
#define SPINS 4000

/// A moment in which another thread may do something.
INLINE void relax(void) {}

/// Sleeps until somebody calls `wake_all`, unless the word is no longer `value`; at most some nanoseconds, −1 for any time.
/// Returns 1 when the time is up.
INLINE int sleep_while(int32_t *at, int32_t value, int64_t nanoseconds) {
  return __builtin_wasm_memory_atomic_wait32(at, value, nanoseconds) == 2;
}

INLINE void wake_all(int32_t *at) { __builtin_wasm_memory_atomic_notify(at, -1); }

/// Ends the thread with an error that its caller sees.
INLINE void give_up(void) { __builtin_trap(); }
#endif
