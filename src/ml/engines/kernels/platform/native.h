// What threads need of an operating system: a pause, sleeping on a word of memory, waking those that sleep.
#ifndef PLATFORM_NATIVE_H
#define PLATFORM_NATIVE_H
#include <stdint.h>
#include <stdlib.h>

#define EXPORT(name) static
#define SPINS 20000

/// A moment in which another thread may do something.
INLINE void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("yield");
#endif
}

/// Ends the process: a team that has lost a thread cannot be mended.
INLINE void give_up(void) { abort(); }

// sleep_while: sleeps until somebody calls `wake_all`, unless the word is no longer `value`; at most some nanoseconds, −1 for
// any time. Returns 1 when the time is up.
#if defined(_WIN32)
// Of windows.h, which has macros with names of ours.
__declspec(dllimport) int WaitOnAddress(volatile void *address, void *compare, size_t bytes, unsigned long milliseconds);
__declspec(dllimport) void WakeByAddressAll(void *address);
#define FOR_EVER 0xffffffffu
INLINE int sleep_while(int32_t *at, int32_t value, int64_t nanoseconds) {
  return !WaitOnAddress(at, &value, sizeof value, nanoseconds < 0 ? FOR_EVER : (unsigned long)(nanoseconds / 1000000));
}
INLINE void wake_all(int32_t *at) { WakeByAddressAll(at); }
#elif defined(__linux__)
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
INLINE int sleep_while(int32_t *at, int32_t value, int64_t nanoseconds) {
  struct timespec time = { nanoseconds / 1000000000, nanoseconds % 1000000000 };
  return syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, value, nanoseconds < 0 ? 0 : &time, 0, 0) != 0 && errno == ETIMEDOUT;
}
INLINE void wake_all(int32_t *at) { syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0); }
#elif defined(__APPLE__)
#include <errno.h>
// What libc++ itself waits with.
extern int __ulock_wait(uint32_t operation, void *address, uint64_t value, uint32_t microseconds);
extern int __ulock_wake(uint32_t operation, void *address, uint64_t value);
#define COMPARE_AND_WAIT 1
#define WAKE_ALL 0x100
INLINE int sleep_while(int32_t *at, int32_t value, int64_t nanoseconds) {
  return __ulock_wait(COMPARE_AND_WAIT, at, (uint32_t)value, nanoseconds < 0 ? 0 : (uint32_t)(nanoseconds / 1000)) < 0 &&
         errno == ETIMEDOUT;
}
INLINE void wake_all(int32_t *at) { __ulock_wake(COMPARE_AND_WAIT | WAKE_ALL, at, 0); }
#else
#error "platform/native.h knows Linux, macOS and Windows"
#endif
#endif
