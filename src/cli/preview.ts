import { FailureError } from '../core/failure.ts';
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

/** Lines of one stage: its cells that run, and a count of those that are reused. */
function stageLines(stage: string, cells: readonly CellPreview[]): readonly string[] {
  const running = cells.filter(isRunning);
  const reused = cells.length - running.length;
  return [
    `${stage}: ${[running.length ? `${running.length} to run` : '', reused ? `${reused} reused` : ''].filter(Boolean).join(', ')}`,
    ...running.slice(0, listedCells).map(cellLine),
    ...(running.length > listedCells ? [`  … and ${running.length - listedCells} more`] : []),
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
  for (const [stage, of] of groupBy(cells, ({ cell }) => cell.stage)) print(stageLines(stage, of).join('\n'));
  const running = cells.filter(isRunning).length;
  print(
    running
      ? `${pluralize(running, 'cell')} to run, ${cells.length - running} reused`
      : `nothing to do: ${pluralize(cells.length, 'cell')} reused`,
  );
}

function jsonCell(preview: CellPreview): object {
  const { id, stage, kind, needs } = preview.cell;
  const { resolution } = preview;
  const key = 'key' in resolution ? resolution.key : null;
  return { cell: id, stage, kind, status: resolution.status, key, reasons: reasonsOf(preview), needs };
}
