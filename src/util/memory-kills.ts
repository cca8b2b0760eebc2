import { textIfReadable } from './if-readable.ts';

/** Where a control group of Linux counts the processes that it ended for want of memory: of the first version, and of the second. */
function counterOf(line: string): string | undefined {
  const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
  if (controllers === '') return `/sys/fs/cgroup${path}/memory.events`;
  return controllers?.split(',').includes('memory') ? `/sys/fs/cgroup/memory${path}/memory.oom_control` : undefined;
}

/**
 * Counts the processes that were ended because the control group of this one, as of a job of Slurm, has used up its memory.
 *
 * @returns how many, ever; 0 where that is not known
 */
export function memoryKills(): number {
  const files = textIfReadable('/proc/self/cgroup', 'utf8')
    .split('\n')
    .flatMap((line) => counterOf(line) ?? []);
  const counts = files.map((file) => Number(/^oom_kill (\d+)/m.exec(textIfReadable(file, 'utf8'))?.[1] ?? 0));
  return Math.max(0, ...counts);
}
