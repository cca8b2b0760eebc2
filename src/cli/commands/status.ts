import { Command } from 'commander';
import { cellStatuses, type RunState } from '../../core/run-state.ts';
import { replayRun, type PastRun } from '../../record/past-runs.ts';
import { headline } from '../../ui/progress-text.ts';
import { duration } from '../../util/duration.ts';
import { isAlive } from '../../util/process-identity.ts';
import { groupBy } from '../../util/group.ts';
import { pluralize } from '../../util/text.ts';
import { examples, jsonOption } from '../options.ts';
import { openProject } from '../../project/project.ts';
import { waitingOnCluster, type WaitingTasks } from '../../project/cluster-run.ts';
import { findRun } from '../recent-run.ts';
import { columns, print, printJson } from '../terminal.ts';

/**
 * `kdpipe status`: how far the latest run came, from its record. A killed run can be read.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('status')
    .argument('[run]', 'a pipeline’s name or a run; by default the latest run')
    .addOption(jsonOption())
    .addHelpText('after', examples('kdpipe status', 'kdpipe status study --json'))
    .action(async (wanted: string | undefined, flags: { readonly json?: boolean }) => {
      const past = findRun(openProject().runsFolder, wanted);
      const run = replayRun(past);
      const waiting = await waitingOnCluster(past.folder, run);
      if (flags.json) printJson({ ...jsonStatus(past, run), ...(waiting && { waiting }) });
      else print(statusText(past, run, waiting ?? []));
    });
}

function cellStateOf(run: RunState): (cell: string) => string {
  const statuses = cellStatuses(run);
  return (cell) => statuses.get(cell)?.state ?? 'waiting';
}

/** How a run ended, or whether its runner lives: on this machine the system knows. */
function describeEnd({ ended, process: runner, cluster, run }: RunState): string {
  if (ended) return `${ended.status} after ${duration(ended.seconds)}`;
  if (cluster !== undefined && !(runner && isAlive(runner)))
    return `in the queue of ${cluster}: kdpipe attach ${run} follows it to its end`;
  if (!runner) return 'running, or killed';
  const who = `pid ${runner.pid} on ${runner.host}`;
  const alive = isAlive(runner);
  if (alive === undefined) return `running, or killed (${who}, which this machine cannot ask)`;
  return alive ? `running (${who})` : 'ended without a word: killed or lost power';
}

/** What tasks wait for in the queue of a cluster. */
function waitingLines(waiting: readonly WaitingTasks[]): readonly string[] {
  if (waiting.length === 0) return [];
  const rows = waiting.map(({ array, job, count, reason, obstacle }) => [
    ...[`  ${array}`, `job ${job}`, pluralize(count, 'task')],
    obstacle ? `${obstacle.message}: ${obstacle.fix}` : reason,
  ]);
  return ['', 'waiting in the queue:', columns(rows)];
}

/** Most cells of a list. */
const shown = 10;

/** What searches go on without: of each trial the first rung to which it was not promoted. */
function stoppedLines({ plan: { cells } }: PastRun, run: RunState): readonly string[] {
  const reasons = new Map(
    [...cellStatuses(run)].flatMap(([cell, { event }]) =>
      event.type === 'stage-stopped' ? [[cell, event.reason] as const] : [],
    ),
  );
  const ends = cells.flatMap(({ id, follows = [] }) => {
    const reason = reasons.get(id);
    const isFirst = follows.length > 0 && !follows.some((one) => reasons.has(one));
    return reason !== undefined && isFirst ? [`${id}  ${reason}`] : [];
  });
  if (ends.length === 0) return [];
  const more = ends.length > shown ? [`… and ${ends.length - shown} more: kdpipe why STAGE`] : [];
  return ['', 'stopped by search:', ...ends.slice(0, shown), ...more];
}

function statusText(past: PastRun, run: RunState, waiting: readonly WaitingTasks[]): string {
  const state = cellStateOf(run);
  const stages = [...groupBy(past.plan.cells, (cell) => cell.stage)].map(([stage, cells]) => {
    const counts = [...groupBy(cells, (cell) => state(cell.id))].map(([name, of]) => `${of.length} ${name}`);
    return [stage, `${cells.length}`, counts.join(', ')];
  });
  const failed = past.events.flatMap((event) =>
    event.type === 'stage-failed' ? [`✖ ${event.cell}: ${event.failure.message}`] : [],
  );
  const finished = past.events.flatMap((event) =>
    event.type === 'stage-finished'
      ? [`${event.cell}  ${[duration(event.seconds), headline(event.metrics)].filter(Boolean).join('  ')}`]
      : [],
  );
  return [
    `${past.plan.name}  ${past.run}  ${describeEnd(run)}`,
    columns([['stage', 'cells', ''], ...stages]),
    ...waitingLines(waiting),
    ...failed,
    ...stoppedLines(past, run),
    ...(finished.length ? ['', `last of ${finished.length} finished:`, ...finished.slice(-shown)] : []),
  ].join('\n');
}

function jsonStatus(past: PastRun, run: RunState): object {
  const state = cellStateOf(run);
  const alive = run.ended ? false : run.process && isAlive(run.process);
  const cells = past.plan.cells.map((cell) => ({ cell: cell.id, stage: cell.stage, state: state(cell.id) }));
  return {
    pipeline: past.plan.name,
    run: past.run,
    end: past.events.at(-1),
    runner: run.process ?? null,
    alive: alive ?? null,
    cells,
  };
}
