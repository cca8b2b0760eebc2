import { FailureError } from '../core/failure.ts';
import type { CellId, Plan } from '../core/plan.ts';
import { duration } from '../util/duration.ts';
import { alignTable } from './tables/align.ts';
import { formats } from './tables/formats.ts';
import { renderTables, type ReportContext } from './tables/render-tables.ts';
import type { Outcomes } from './rows/rows.ts';

/** How a cell of a run ended. */
export interface CellEnd {
  readonly cell: CellId;
  /** `finished`, `reused`, `failed`, `skipped` …: a word of the run's events. */
  readonly end: string;
  /** What it took in this run; 0 for what did not run. */
  readonly seconds: number;
}

/** One line a stage: how many of its cells ended how, and what they took together. */
function stageLines(plan: Plan, ends: readonly CellEnd[]): string {
  const byCell = new Map(ends.map((end) => [end.cell, end]));
  const stages = new Map<string, (CellEnd | undefined)[]>();
  for (const { id, stage } of plan.cells) stages.set(stage, [...(stages.get(stage) ?? []), byCell.get(id)]);
  const lines = [...stages].map(([stage, cells]) => {
    const counts = new Map<string, number>();
    for (const cell of cells) {
      const end = cell?.end ?? 'not reached';
      counts.set(end, (counts.get(end) ?? 0) + 1);
    }
    const said = [...counts].map(([end, count]) => `${count} ${end}`).join(', ');
    const seconds = cells.reduce((sum, cell) => sum + (cell?.seconds ?? 0), 0);
    return `| ${formats.markdown.escape(stage)} | ${said} | ${duration(seconds)} |`;
  });
  return alignTable(['| stage | cells | time |', '| --- | --- | ---: |', ...lines].join('\n'));
}

/** Renders one table of the report; what is wrong with it is said in its place, for the record of a run must be written. */
async function tableText(plan: Plan, outcomes: Outcomes, context: ReportContext): Promise<string> {
  try {
    const [table] = await renderTables(plan, outcomes, context, { format: 'md' });
    return table?.text ?? '';
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    return error.failures.map(({ message, code }) => `${formats.markdown.escape(message)} (${code})\n`).join('\n');
  }
}

/**
 * Writes a run's report: all tables in Markdown, and what each stage took.
 *
 * @param plan - the plan
 * @param outcomes - results by cell
 * @param context - the run
 * @param ends - how the cells of this run ended
 * @returns the text of `report.md`
 */
export async function reportMarkdown(
  plan: Plan,
  outcomes: Outcomes,
  context: ReportContext,
  ends: readonly CellEnd[],
): Promise<string> {
  const tables = plan.tables.map(async (table) => {
    const text = await tableText({ ...plan, tables: [table] }, outcomes, context);
    return `## ${formats.markdown.escape(table.name)}\n\n${text}`;
  });
  const head = `# ${formats.markdown.escape(plan.name)}\n${plan.description ? `\n${plan.description.trim()}\n` : ''}`;
  return [head, ...(await Promise.all(tables)), `## Stages\n\n${stageLines(plan, ends)}\n`].join('\n');
}
