import type { ExecutorFactory } from './executor.ts';
import { createPool } from './pool.ts';

/** Executors by the name that `--executor` takes. */
export const executors = { local: createPool } satisfies Record<string, ExecutorFactory>;
