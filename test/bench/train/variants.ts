import { python } from '../python.ts';

/** How something is run beside us. */
export interface Variant {
  readonly name: string;
  /** It is called with a case as JSON, then the flags, and prints an outcome. */
  readonly program: readonly [command: string, ...args: string[]];
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * PyTorch: layouts of tensors × allocators of memory: glibc's gives each large tensor back to the system at once, and its pages are
 * zeroed again at the next step. Tuned: the library of KDPIPE_BENCH_ALLOCATOR (jemalloc, tcmalloc), or glibc told to keep them.
 */
export function torchVariants(): readonly Variant[] {
  const program = [python(), 'test/bench/train/torch_step.py'] as const;
  const library = process.env['KDPIPE_BENCH_ALLOCATOR'];
  const kept = {
    MALLOC_MMAP_THRESHOLD_: String(2 ** 32),
    MALLOC_TRIM_THRESHOLD_: String(2 ** 36),
    MALLOC_TOP_PAD_: String(2 ** 26),
  };
  const tuned =
    library === undefined
      ? kept
      : { LD_PRELOAD: library, MALLOC_CONF: 'background_thread:true,dirty_decay_ms:-1,muzzy_decay_ms:-1' };
  const layouts = { 'channels last': [], contiguous: ['contiguous'] };
  const allocators = { default: {}, tuned };
  return Object.entries(layouts).flatMap(([layout, flags]) =>
    Object.entries<Record<string, string>>(allocators).map(([name, env]) => ({
      name: `${layout}, ${name} allocator`,
      program,
      flags,
      env,
    })),
  );
}
