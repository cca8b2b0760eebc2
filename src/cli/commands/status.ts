import { Command } from 'commander';
import { cellStatuses, type PastRun } from '../../record/past-runs.ts';
import { headline } from '../../ui/progress-text.ts';
import { duration } from '../../util/duration.ts';
import { groupBy } from '../../util/group.ts';
import { jsonOption } from '../options.ts';
import { openProject } from '../../project/project.ts';
import { recentRun } from '../../project/recent.ts';
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
    .action((wanted: string | undefined, flags: { readonly json?: boolean }) => {
      const past = recentRun(openProject().runsFolder, wanted);
      if (flags.json) printJson(jsonStatus(past));
      else print(statusText(past));
    });
}

function stateOf(past: PastRun): (cell: string) => string {
  const statuses = cellStatuses(past.events);
  return (cell) => statuses.get(cell)?.state ?? 'waiting';
}

function endOf({ events }: PastRun): string {
  const end = events.at(-1);
  return end?.type === 'run-finished' ? `${end.status} after ${duration(end.seconds)}` : 'running, or killed';
}

function statusText(past: PastRun): string {
  const state = stateOf(past);
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
  const shown = 10;
  return [
    `${past.plan.name}  ${past.run}  ${endOf(past)}`,
    columns([['stage', 'cells', ''], ...stages]),
    ...failed,
    ...(finished.length ? ['', `last of ${finished.length} finished:`, ...finished.slice(-shown)] : []),
  ].join('\n');
}

function jsonStatus(past: PastRun): object {
  const state = stateOf(past);
  const cells = past.plan.cells.map((cell) => ({ cell: cell.id, stage: cell.stage, state: state(cell.id) }));
  return { pipeline: past.plan.name, run: past.run, end: past.events.at(-1), cells };
}
