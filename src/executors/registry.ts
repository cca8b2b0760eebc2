import type { ExecutorFactory } from './executor.ts';

/** One executor: what it is for, and its module, loaded only when it is chosen. */
export interface ExecutorEntry {
  readonly summary: string;
  readonly create: ExecutorFactory;
}

/** Executors by the name that `--executor` takes. A new one is one file in this folder and one line here. */
export const executors = {
  local: {
    summary: 'worker processes of this machine',
    create: async (options) => (await import('./pool.ts')).createPool(options),
  },
  'in-process': {
    summary: 'the process of kdpipe itself, for a debugger',
    create: async (options) => (await import('./in-process.ts')).createInProcess(options),
  },
} satisfies Record<string, ExecutorEntry>;

/** A registered executor's name. */
export type ExecutorName = keyof typeof executors;
