import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FailureError, type Failure } from '../../core/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Plan, PlotPlan } from '../../core/plan.ts';
import { redactor } from '../../core/secrets.ts';
import { unwrap } from '../../core/result.ts';
import { collect } from '../files/collect.ts';
import { vegaSvg } from './vega-svg.ts';
import { formats } from '../tables/formats.ts';
import { renderWithinLimits } from '../apart/render-within-limits.ts';
import { plotData, type PlotData } from './plot-data.ts';
import type { PlotCall } from './draw-apart.ts';
import { plotSpec } from './plot-spec.ts';
import type { ReportContext } from '../tables/render-tables.ts';
import type { Outcomes } from '../rows/rows.ts';

/** A plot as an SVG document. */
export interface RenderedPlot {
  readonly plot: PlotPlan;
  readonly text: string;
}

/** How the first lines of every plot that kdpipe has drawn look: what they are of, which run and command made them. */
const description = /<desc>kdpipe plot [^<]*<\/desc>/;

/** Reads a Vega-Lite specification. */
async function readTemplate(template: string, folder: string): Promise<JsonObject> {
  let problem = 'it is not a mapping';
  try {
    const value = JSON.parse(await readFile(resolve(folder, template), 'utf8')) as Json;
    if (isJsonObject(value)) return value;
  } catch (error) {
    problem = (error as Error).message;
  }
  throw new FailureError([
    {
      code: 'unreadable-template',
      message: `cannot read the template: ${problem}`,
      place: { file: template },
      expected: 'a Vega-Lite specification in JSON',
    },
  ]);
}

const drawApart = {
  source: new URL('draw-apart.ts', import.meta.url),
  built: 'dist/report/plots/draw-apart.js',
};

/** Draws by a specification of the user's, with limits of time and memory. */
async function drawTemplate(file: string, data: PlotData, folder: string): Promise<string> {
  const input: PlotCall = { spec: await readTemplate(file, folder), data, file };
  return renderWithinLimits({ module: drawApart, input, file });
}

/** Draws one plot, and says in it where it comes from. */
async function renderOne(
  plan: Plan,
  plot: PlotPlan,
  outcomes: Outcomes,
  context: ReportContext,
): Promise<RenderedPlot> {
  const data = redactor(plan.secrets).json(unwrap(plotData(plan, plot, outcomes)));
  const { template } = plot;
  const svg =
    template === undefined
      ? await vegaSvg(plotSpec(plot, data), data, plan.file)
      : await drawTemplate(template, data, context.pipelineFolder);
  const { run, commit, command } = context;
  const origin = `kdpipe plot ${plot.name} of ${plan.name}. Run ${run}${commit === null ? '' : `, commit ${commit}`}: ${command}`;
  const text = svg.replace(/^<svg[^>]*>/, (head) => `${head}\n<desc>${formats.html.escape(origin)}</desc>`);
  return { plot, text };
}

/**
 * Draws all plots of a plan.
 *
 * @param plan - the plan
 * @param outcomes - results by cell; cells without one are missing runs
 * @param context - the run that the plots are of
 * @returns the plots, in the pipeline's order
 * @throws FailureError with the failures of all plots
 */
export async function renderPlots(
  plan: Plan,
  outcomes: Outcomes,
  context: ReportContext,
): Promise<readonly RenderedPlot[]> {
  const failures: Failure[] = [];
  const plots: RenderedPlot[] = [];
  // One after another: Vega numbers what a document refers to for the whole process.
  for (const plot of plan.plots) {
    const drawing = await collect(failures, () => renderOne(plan, plot, outcomes, context));
    if (drawing) plots.push(drawing);
  }
  if (failures.length > 0) throw new FailureError(failures);
  return plots;
}

/**
 * Finds what is wrong with a plan's plots before anything has run. Cheap unless a plot has its own template.
 *
 * @param plan - the plan
 * @param pipelineFolder - absolute path of the pipeline file's folder
 * @returns all failures; none when the plots can be drawn
 */
export async function plotProblems(plan: Plan, pipelineFolder: string): Promise<readonly Failure[]> {
  const check = async (plot: PlotPlan): Promise<void> => {
    const data = unwrap(plotData(plan, plot, new Map()));
    if (plot.template === undefined) return;
    await drawTemplate(plot.template, data, pipelineFolder);
  };
  const failures: Failure[] = [];
  for (const plot of plan.plots) await collect(failures, () => check(plot));
  return failures;
}

/**
 * Says whether a text is a plot that kdpipe has drawn: what else stands in its place is not overwritten.
 *
 * @param text - content of a file
 * @returns true for plots of any run
 */
export function isPlot(text: string): boolean {
  return description.test(text);
}

/**
 * Takes from a plot what differs between runs of the same results.
 *
 * @param text - an SVG document
 * @returns the document without run, commit and command
 */
export function withoutOrigin(text: string): string {
  return text.replace(description, '<desc></desc>');
}

/**
 * The files that plots are made from, beside results, and those that they are.
 *
 * @param plots - plots of a plan
 * @param pipelineFolder - absolute path of the pipeline file's folder
 * @param root - absolute path of the project's root
 * @returns absolute paths
 */
export function plotFiles(plots: readonly PlotPlan[], pipelineFolder: string, root: string): readonly string[] {
  return plots.flatMap(({ template, into }) => [
    resolve(root, into),
    ...(template === undefined ? [] : [resolve(pipelineFolder, template)]),
  ]);
}
