import { isAbsolute, posix, relative, resolve, sep } from 'node:path';
import type { Failure } from '../../core/failure.ts';
import type { Plan, TablePlan } from '../../core/plan.ts';
import { redactor } from '../../core/secrets.ts';
import { unwrap } from '../../core/result.ts';
import { arranged, type Arrangement } from './arrange.ts';
import { tableView } from './build-view.ts';
import { collect, each } from '../files/collect.ts';
import type { FormatName } from './formats.ts';
import { knownNames } from '../../cells/lookup.ts';
import { isAlike, likenessOf, placeholders, type Likeness } from './likeness.ts';
import { readPublished, type PublishedRow } from '../rows/published.ts';
import { loadTemplate, renderViews, templatePath, type Template, type templates } from './render.ts';
import { cellIndex, tableCells, type Outcomes } from '../rows/rows.ts';
import type { Provenance, TableView } from './view.ts';

/** What tables say of the run they are made from, and where the pipeline file stands. */
export interface ReportContext extends Provenance {
  /** Absolute path: published numbers and templates are relative to it. */
  readonly pipelineFolder: string;
}

/** A rendered table. */
export interface RenderedTable {
  readonly table: TablePlan;
  readonly view: TableView;
  readonly text: string;
  /** The language of the text. */
  readonly format: FormatName;
  /** What another run, commit or command would have rendered from the same results. */
  readonly likeness: readonly Likeness[];
}

/** What `kdpipe report --format` takes, and the template that it stands for. */
export const reportFormats = {
  json: 'json',
  csv: 'csv',
  md: 'markdown',
  latex: 'latex',
  html: 'html',
} as const satisfies Record<string, keyof typeof templates>;

/** A name of {@link reportFormats}. */
export type ReportFormat = keyof typeof reportFormats;

/** How tables are rendered. */
export interface RenderOptions extends Arrangement {
  readonly format?: ReportFormat;
}

/** The runs' folder as a link in the table's file reaches it. */
function runsFolderOf(plan: Plan, table: TablePlan): string {
  const runs = posix.join('runs', plan.name);
  const folder =
    table.into === undefined || isAbsolute(table.into) ? '.' : posix.dirname(table.into.split(sep).join('/'));
  return relative(folder, runs).split(sep).join('/');
}

/** Reads the numbers of others that a table shows. */
async function publishedOf(plan: Plan, table: TablePlan, folder: string): Promise<readonly PublishedRow[]> {
  if (table.published === undefined) return [];
  const index = cellIndex(plan);
  const rows = knownNames(index, tableCells(index, table));
  const names = { table: table.name, rows, columns: new Set(table.columns) };
  return readPublished(resolve(folder, table.published), table.published, names);
}

/** Makes the views of a table: as it is, and with run, commit and command stood for. */
async function viewsOf(plan: Plan, table: TablePlan, outcomes: Outcomes, context: ReportContext): Promise<TableView> {
  const { run, commit, command } = context;
  const published = await publishedOf(plan, table, context.pipelineFolder);
  const runsFolder = runsFolderOf(plan, table);
  const view = tableView(plan, table, outcomes, { provenance: { run, commit, command }, runsFolder, published });
  return redactor(plan.secrets).json(unwrap(view));
}

/** Renders one table, with what it has in common with the same table of other runs. */
async function renderOne(table: TablePlan, view: TableView, template: Template): Promise<RenderedTable> {
  const others = [placeholders, { ...placeholders, commit: null }].map((provenance) => ({ ...view, provenance }));
  const [text = '', ...likeness] = await renderViews([view, ...others], template);
  return { table, view, text, format: template.format, likeness: likeness.map(likenessOf) };
}

/**
 * Renders all tables of a plan.
 *
 * @param plan - the plan
 * @param outcomes - results by cell; cells without one are missing runs
 * @param context - the run that the tables are of
 * @param options - the format, instead of each table's own template; the order of rows
 * @param options.format - the format
 * @returns the tables, in the pipeline's order
 * @throws FailureError with the failures of all tables: unknown names, unclear baselines, bad templates and files
 */
export async function renderTables(
  plan: Plan,
  outcomes: Outcomes,
  context: ReportContext,
  { format, ...arrangement }: RenderOptions = {},
): Promise<readonly RenderedTable[]> {
  const render = async (table: TablePlan): Promise<RenderedTable> => {
    const view = arranged(await viewsOf(plan, table, outcomes, context), arrangement);
    const name = format === undefined ? table.template : reportFormats[format];
    return renderOne(table, view, await loadTemplate(name, context.pipelineFolder));
  };
  return each(plan.tables, render);
}

/**
 * Finds what is wrong with a plan's tables before anything has run: names in rows and baselines, templates and published
 * numbers. (What is wrong with the files they go into, `checkPlaces` finds.) Cheap unless a table has its own template.
 *
 * @param plan - the plan
 * @param pipelineFolder - absolute path of the pipeline file's folder
 * @returns all failures; none when the tables can be rendered
 */
export async function tableProblems(plan: Plan, pipelineFolder: string): Promise<readonly Failure[]> {
  const context = { run: 'none', commit: null, command: 'kdpipe', pipelineFolder };
  const check = async (table: TablePlan): Promise<void> => {
    const view = await viewsOf(plan, table, new Map(), context);
    const template = await loadTemplate(table.template, pipelineFolder);
    if (!template.builtIn) await renderViews([view], template);
  };
  const failures: Failure[] = [];
  await collect(failures, () => each(plan.tables, check));
  return failures;
}

/**
 * Says whether a region's content is a rendered table, whichever run, commit and command made it.
 *
 * @param content - the content, without blank lines around it
 * @param table - a rendered table
 * @returns true when it holds the same results in the same form
 */
export function isSameTable(content: string, table: RenderedTable): boolean {
  return content === table.text.trimEnd() || table.likeness.some((likeness) => isAlike(content, likeness));
}

/**
 * Absolute path of the file that a table goes into.
 *
 * @param table - a table with `into`
 * @param root - absolute path of the project's root
 * @returns the path; undefined for tables that go nowhere
 */
export function placeOf(table: Pick<TablePlan, 'into'>, root: string): string | undefined {
  return table.into === undefined ? undefined : resolve(root, table.into);
}

/**
 * The files that tables are made from, beside results, and those that they stand in.
 *
 * @param tables - tables of a plan
 * @param pipelineFolder - absolute path of the pipeline file's folder
 * @param root - absolute path of the project's root
 * @returns absolute paths, each once
 */
export function tableFiles(tables: readonly TablePlan[], pipelineFolder: string, root: string): ReadonlySet<string> {
  const files = new Set<string>();
  for (const table of tables) {
    files.add(templatePath(table.template, pipelineFolder));
    if (table.published !== undefined) files.add(resolve(pipelineFolder, table.published));
    const place = placeOf(table, root);
    if (place !== undefined) files.add(place);
  }
  return files;
}
