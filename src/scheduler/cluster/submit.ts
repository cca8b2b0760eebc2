import type { JobRequest } from '../../core/array-job.ts';
import { FailureError, type Failure } from '../../core/failure.ts';
import type { Cell, CellId, Digest, Plan, SlurmSettings } from '../../core/plan.ts';
import type { Cluster } from '../../executors/cluster.ts';
import {
  arrayFolder,
  taskSpots,
  writeDescription,
  writeSubmitted,
  type ArrayOutline,
  type NeededCell,
  type SubmittedRun,
} from '../../record/arrays.ts';
import type { RunRecord } from '../../record/run-record.ts';
import type { PlanOptions, Prepared } from '../prepare.ts';
import { planArrays, type PlannedArray } from './arrays.ts';
import { KnownNodes } from './known-nodes.ts';

/** What is submitted, and how. */
export interface Submission {
  readonly plan: Plan;
  readonly prepared: Prepared;
  readonly options: PlanOptions & { readonly keepGoing: boolean };
  readonly cluster: Cluster;
  /** Label of the cohort that a cell may run in; null to run it alone. */
  readonly cohortOf: (cell: Cell) => string | null;
}

/** Settings of a stage: those of the pipeline, and over them its own. */
const settingsOf = ({ slurm }: Plan, stage: string): SlurmSettings => ({ ...slurm?.all, ...slurm?.stages[stage] });

/** What the tasks of an array ask for. */
function requestOf(plan: Plan, { stage, tasks }: PlannedArray): JobRequest {
  const cells = tasks[0]?.cells ?? [];
  const [first] = cells;
  if (!first) throw new Error(`an array of ${stage} has no cells`);
  const { resources, timeout, retry } = first;
  const most = Math.max(...tasks.map((task) => task.cells.length));
  return { resources, time: timeout * most * (retry + 1), settings: settingsOf(plan, stage) };
}

/**
 * Divides what has to run among arrays, and makes sure that there are nodes for each. Nothing is written or submitted.
 *
 * @param submission - the run
 * @returns the arrays
 * @throws FailureError where there is no cluster, or it refuses what an array asks for
 */
export async function planSubmission(submission: Submission): Promise<readonly PlannedArray[]> {
  const { plan, prepared, options, cluster, cohortOf } = submission;
  const { largestArray: largest } = await cluster.open();
  const cells = prepared.cells.filter((_, index) => prepared.resolutions[index]?.status !== 'reuse');
  const packOf = (stage: string): number => settingsOf(plan, stage).pack ?? 1;
  const arrays = planArrays(cells, { largest, keepGoing: options.keepGoing, cohortOf, packOf });
  const requests = new Map<string, { readonly request: JobRequest; readonly stage: string }>();
  for (const array of arrays) {
    const request = requestOf(plan, array);
    const same = JSON.stringify(request);
    if (!requests.has(same)) requests.set(same, { request, stage: array.stage });
  }
  const asked = [...requests.values()];
  const refuse = (failures: readonly (Failure | undefined)[]): void => {
    const said = failures.flatMap((failure, at) =>
      failure ? { ...failure, message: `${asked[at]?.stage}: ${failure.message}` } : [],
    );
    if (said.length > 0) throw new FailureError(said);
  };
  const refusals: (Failure | undefined)[] = [];
  for (const { request } of asked) refusals.push(await cluster.refusal(request));
  refuse(refusals);
  const nodes = new KnownNodes(options.runsFolder);
  const tried = asked.map(({ request }) => request);
  refuse(await nodes.try(tried, cluster, options.workingFolder));
  return arrays;
}

/** Arrays, with what describes them. */
interface Described {
  readonly arrays: readonly PlannedArray[];
  /** Digest of what was asked for. */
  readonly asked: Digest;
  readonly commit: string | null;
}

/**
 * Writes into a run's record what is to be submitted, and what nodes need to know.
 *
 * @param submission - the run
 * @param record - its record
 * @param about - the arrays, the digest of what was asked for, and the commit
 * @returns what is to be submitted
 */
export function describeArrays(
  submission: Submission,
  record: Pick<RunRecord, 'run' | 'folder'>,
  about: Described,
): SubmittedRun {
  const { plan, prepared, options } = submission;
  const { arrays, asked, commit } = about;
  const outlines = arrays.map((array): ArrayOutline => ({
    ...{ name: array.name, stage: array.stage, after: array.after, request: requestOf(plan, array) },
    tasks: array.tasks.map((task) => [task.index, task.cells.map(({ id }) => id)]),
  }));
  const spots = taskSpots(outlines);
  const byId = new Map(prepared.cells.map((cell) => [cell.id, cell]));
  const needed = (id: CellId): NeededCell => {
    const [cell, from] = [byId.get(id), spots.get(id) ?? prepared.resolver.entries.get(id)?.key];
    if (!cell || from === undefined) throw new Error(`${id} is needed, and neither runs nor has a result`);
    return { cell, from };
  };
  for (const { name, tasks } of arrays) {
    const cells = tasks.flatMap((task) => task.cells);
    writeDescription(arrayFolder(record.folder, name), {
      ...{ pipeline: plan.name, run: record.run, commit, cells, store: options.store.root },
      ...{ runsFolder: options.runsFolder, workingFolder: options.workingFolder },
      tasks: tasks.map((task) => [task.index, task.cells.map(({ id }) => id)]),
      needs: [...new Set(cells.flatMap((cell) => cell.needs))].map(needed),
      sources: cells.flatMap((cell) => {
        const sources = prepared.sourcesOf(cell);
        return sources.length > 0 ? [[cell.id, sources] as const] : [];
      }),
      force: cells.flatMap(({ id }) => (options.force?.has(id) ? [id] : [])),
      ...(plan.secrets && { secrets: plan.secrets }),
    });
  }
  const { workingFolder: cwd, keepGoing } = options;
  const submitted = { asked, cwd, keepGoing, arrays: outlines };
  // Last: from here on the run may be gone on with.
  writeSubmitted(record.folder, submitted);
  return submitted;
}
