import type { Cell, CellId } from '../core/plan.ts';
import type { StageTask } from '../core/task.ts';
import { cellFolder } from '../record/run-record.ts';
import type { Resolver } from './resolve.ts';
import type { AttemptInfo } from './schedule-options.ts';

/** The run that a task is of. */
export interface TaskOrigin extends Pick<StageTask, 'run' | 'commit' | 'store'> {
  readonly resolver: Pick<Resolver, 'describe'>;
  /** The run's folder. */
  readonly folder: string;
  readonly force?: ReadonlySet<CellId> | undefined;
  readonly callOff?: string | undefined;
  readonly secrets?: readonly string[] | undefined;
}

/**
 * Makes the task of one attempt of a cell; all that the cell needs must have results.
 *
 * @param origin - the run
 * @param cell - the cell
 * @param info - which attempt it is, and what starts with it
 * @returns the task
 */
export function makeTask(origin: TaskOrigin, cell: Cell, info: AttemptInfo): StageTask {
  const { attempt, cohort } = info;
  const { resolver, folder, run, commit, store, force, callOff, secrets } = origin;
  const { unkeyed: _, ...resolved } = resolver.describe(cell);
  return {
    ...resolved,
    cell: cell.id,
    store,
    folder: cellFolder(folder, cell.id),
    run,
    attempt,
    // Cells of a cohort share their time.
    timeout: cell.timeout * Math.max(1, cohort.length),
    resources: cell.resources,
    commit,
    force: force?.has(cell.id) ?? false,
    cohort,
    ...(callOff !== undefined && { callOff }),
    ...(secrets && { secrets }),
  };
}
