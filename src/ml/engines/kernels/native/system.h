// What the addon needs of an operating system: address space, and threads.
#ifndef SYSTEM_H
#define SYSTEM_H
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#include <windows.h>
typedef HANDLE thread_handle;

/// Address space; memory comes with `commit`. Null where there is none.
static char *reserve(size_t bytes) { return VirtualAlloc(0, bytes, MEM_RESERVE, PAGE_READWRITE); }
static int commit(char *base, size_t bytes) { return VirtualAlloc(base, bytes, MEM_COMMIT, PAGE_READWRITE) != 0; }
static void release(char *base, size_t bytes) {
  (void)bytes;
  VirtualFree(base, 0, MEM_RELEASE);
}
static int start_thread(thread_handle *thread, void *(*body)(void *), void *argument) {
  *thread = CreateThread(0, 0, (LPTHREAD_START_ROUTINE)(void *)body, argument, 0, 0);
  return *thread != 0;
}
static void join_thread(thread_handle thread) {
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
}
#else
#include <pthread.h>
#include <sys/mman.h>
typedef pthread_t thread_handle;
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/// Address space, of which memory is made page by page when it is touched. Null where there is none.
static char *reserve(size_t bytes) {
  char *base = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return 0;
#ifdef MADV_HUGEPAGE
  (void)madvise(base, bytes, MADV_HUGEPAGE);
#endif
  return base;
}
static int commit(char *base, size_t bytes) {
  (void)base;
  (void)bytes;
  return 1;
}
static void release(char *base, size_t bytes) { munmap(base, bytes); }
static int start_thread(thread_handle *thread, void *(*body)(void *), void *argument) {
  return pthread_create(thread, 0, body, argument) == 0;
}
static void join_thread(thread_handle thread) { pthread_join(thread, 0); }
#endif
#endif
