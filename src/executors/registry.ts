import type { Cluster } from './cluster.ts';
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

/** Queues by the name that `--executor` takes: tasks that they have taken go on without this process, which hands them on. */
export const queues = {
  command: {
    summary: 'a queue that three command lines of yours submit to',
    create: async (options) => (await import('./command/queue.ts')).createCommandQueue(options),
  },
} satisfies Record<string, ExecutorEntry>;

/** A cluster: what it is for, and its module, loaded only when it is chosen. */
export interface ClusterEntry {
  readonly summary: string;
  readonly create: () => Promise<Cluster>;
}

/** Clusters by the name that `--executor` takes: they get all cells of a run at once, with what waits for what. */
export const clusters = {
  slurm: {
    summary: 'jobs of a Slurm cluster, which go on without this process',
    create: async () => (await import('./slurm/cluster.ts')).createSlurm(),
  },
} satisfies Record<string, ClusterEntry>;

const handedOut = { ...executors, ...queues };

/** Name of a registered executor, queue or cluster. */
export type ExecutorName = keyof typeof handedOut | keyof typeof clusters;

/** All that `--executor` takes, by name. */
export const allExecutors: Readonly<Record<ExecutorName, { readonly summary: string }>> = { ...handedOut, ...clusters };

/**
 * Finds where cells run.
 *
 * @param name - of an executor, a queue or a cluster
 * @returns options of a run
 */
export async function placeOf(
  name: ExecutorName,
): Promise<{ readonly executor: ExecutorFactory } | { readonly cluster: Cluster }> {
  if (Object.hasOwn(clusters, name)) return { cluster: await clusters[name as keyof typeof clusters].create() };
  return { executor: handedOut[name as keyof typeof handedOut].create };
}
