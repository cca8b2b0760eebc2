import { FailureError } from '../core/failure.ts';
import { searchCost } from '../core/search.ts';
import { preview, type CellOptions, type CellPreview } from '../project/preview.ts';
import { judgeReports, type PlannedPipeline } from '../project/plan.ts';
import { writesReports } from '../project/write-reports.ts';
import { groupBy } from '../util/group.ts';
import { pluralize } from '../util/text.ts';
import { printNotes } from './notes.ts';
import { print, printJson } from './terminal.ts';

/** Most cells of one stage that are listed one by one. */
const listedCells = 20;

const words = { reuse: 'reuse', run: 'run', unknown: 'run', stop: 'stop' } as const;

function reasonsOf({ resolution }: CellPreview): readonly string[] {
  return resolution.status === 'reuse' ? [] : resolution.reasons;
}

function cellLine(preview: CellPreview): string {
  const { cell, resolution } = preview;
  const reasons = reasonsOf(preview);
  return `  ${words[resolution.status].padEnd(5)}  ${cell.id}${reasons.length ? `  (${reasons.join('; ')})` : ''}`;
}

const isRunning = ({ resolution }: CellPreview): boolean =>
  resolution.status === 'run' || resolution.status === 'unknown';

const countOf = (cells: readonly CellPreview[], status: CellPreview['resolution']['status']): number =>
  cells.filter(({ resolution }) => resolution.status === status).length;

/** `2 to run, 3 reused`; what is zero is left out. */
function countsOf(cells: readonly CellPreview[]): string {
  const all = [
    [cells.filter(isRunning).length, 'to run'],
    [countOf(cells, 'reuse'), 'reused'],
    [countOf(cells, 'stop'), 'stopped by search'],
  ] as const;
  return all.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : [])).join(', ');
}

/** Lines of one stage: its cells that run or are stopped, and a count of those that are reused. */
function stageLines(stage: string, cells: readonly CellPreview[]): readonly string[] {
  const told = cells.filter(({ resolution }) => resolution.status !== 'reuse');
  return [
    `${stage}: ${countsOf(cells)}`,
    ...told.slice(0, listedCells).map(cellLine),
    ...(told.length > listedCells ? [`  … and ${told.length - listedCells} more`] : []),
  ];
}

/** How many trials a stage has, and how far they may go together. */
function searchLines({ searches = [] }: PlannedPipeline['plan'], stage: string): readonly string[] {
  const own = searches.filter((search) => search.stage === stage);
  const [first] = own;
  if (!first) return [];
  const { method, rungs, unit, eta, metric } = first;
  const costs = own.map(searchCost);
  const sum = (of: 'least' | 'most' | 'all'): number => costs.reduce((total, cost) => total + cost[of], 0);
  const trials = pluralize(
    own.reduce((total, search) => total + search.trials.length, 0),
    'trial',
  );
  const [least, most] = [sum('least'), sum('most')];
  const between = least === most ? `${least}` : `${least} to ${most}`;
  return [
    `  search by ${method} on ${metric}: ${trials}, rungs at ${rungs.join(', ')} ${unit}, 1 of ${eta} goes on: ${between} of ${sum('all')} ${unit}`,
  ];
}

/** What the run would be told. */
interface PreviewOptions extends CellOptions {
  readonly report?: boolean;
}

/**
 * Prints what a run would do (`kdpipe run -n`, `kdpipe plan`), and what is to be said of the plan.
 *
 * @param pipeline - the plan
 * @param options - which cells are selected and forced, and whether tables are written
 * @param json - true for one JSON object: `cells` with `cell`, `stage`, `status`, `key`, `reasons`, `needs`
 * @throws FailureError after the cells, with all for which a run would be refused
 */
export async function printPreview(pipeline: PlannedPipeline, options: PreviewOptions, json: boolean): Promise<void> {
  const { faults, notes } = await judgeReports(pipeline);
  printNotes([...pipeline.notes, ...notes]);
  await printCells(pipeline, options, json);
  // Places of tables that the run leaves alone are no reason to refuse it.
  const refusing = writesReports(pipeline, options.report) ? faults : pipeline.faults;
  if (refusing.length > 0) throw new FailureError(refusing);
}

async function printCells(pipeline: PlannedPipeline, options: CellOptions, json: boolean): Promise<void> {
  const cells = await preview(pipeline, options);
  if (json) {
    printJson({ pipeline: pipeline.plan.name, cells: cells.map(jsonCell) });
    return;
  }
  for (const [stage, of] of groupBy(cells, ({ cell }) => cell.stage))
    print([...stageLines(stage, of), ...searchLines(pipeline.plan, stage)].join('\n'));
  const running = cells.filter(isRunning).length;
  const stopped = countOf(cells, 'stop');
  const others = stopped > 0 ? `, ${stopped} stopped by search` : '';
  const reused = countOf(cells, 'reuse');
  print(
    running
      ? `${pluralize(running, 'cell')} to run, ${reused} reused${others}`
      : `nothing to do: ${pluralize(reused, 'cell')} reused${others}`,
  );
}

function jsonCell(preview: CellPreview): object {
  const { id, stage, kind, needs } = preview.cell;
  const { resolution } = preview;
  const key = 'key' in resolution ? resolution.key : null;
  return { cell: id, stage, kind, status: resolution.status, key, reasons: reasonsOf(preview), needs };
}
