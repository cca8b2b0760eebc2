import type { Resources, SlurmSettings } from './plan.ts';

/**
 * How tasks of one array wait for those of another, in Slurm's words. `aftercorr`: for the task of the same index, which has to
 * end with a result; `afterok`: for all, with results; `afterany`: for all, however they end.
 */
export type DependencyType = 'aftercorr' | 'afterok' | 'afterany';

/** What the tasks of an array ask for. */
export interface JobRequest {
  readonly resources: Resources;
  /** Seconds that a task may take, with all its attempts; 0 = unsaid. */
  readonly time: number;
  readonly settings: SlurmSettings;
}
