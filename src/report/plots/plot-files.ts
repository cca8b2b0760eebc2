import { resolve } from 'node:path';
import { fail, FailureError, type Failure } from '../../core/failure.ts';
import type { PlotPlan } from '../../core/plan.ts';
import { collect } from '../files/collect.ts';
import { isTaken, requireCreatable, writeOwn } from '../files/new-file.ts';
import type { Drift, WrittenFile } from '../files/written-file.ts';
import { lineDiff } from '../files/line-diff.ts';
import { isPlot, withoutOrigin, type RenderedPlot } from './render-plots.ts';
import { openText, rewrite, type OpenedFile } from '../files/replace-file.ts';

/** The plot that stands in a file, which a link may name; undefined when there is no file yet. */
async function openPlot({ into, name }: PlotPlan, root: string, access: 'r' | 'r+'): Promise<OpenedFile | undefined> {
  const path = resolve(root, into);
  if (!isTaken(path)) return undefined;
  const opened = await openText(path, into, access);
  if (isPlot(opened.text)) return opened;
  return fail({
    code: 'not-a-plot',
    message: `plot ${name} would overwrite a file that kdpipe has not drawn`,
    place: { file: into },
    expected: 'a file that does not exist yet, or an earlier plot',
    fix: 'name another file in into, or remove this one',
  });
}

/** What the marks of a plot say, a mark a line: `kd_ratio: 0.2; test.accuracy: 0.7; kd_method: AT`. */
const markLabels = (svg: string): string =>
  [...svg.matchAll(/aria-label="([^"]*)" role="graphics-symbol"/g)].map(([, label = '']) => label).join('\n');

/** How two plots differ: in what their marks say, or else in their lines. */
function plotDiff(before: string, after: string): readonly string[] {
  const [left, right] = [markLabels(before), markLabels(after)];
  return left === right ? lineDiff(before, after) : lineDiff(left, right);
}

/**
 * Writes plots, each in one step; a file that holds the same results already is not touched, and what is no plot is not
 * overwritten. All files are looked at before the first is written.
 *
 * @param plots - drawn plots
 * @param root - absolute path of the project's root
 * @returns which plots went where
 * @throws FailureError with all failures; nothing is written then
 */
export async function writePlots(plots: readonly RenderedPlot[], root: string): Promise<readonly WrittenFile[]> {
  const failures: Failure[] = [];
  const found: (OpenedFile | undefined)[] = [];
  for (const { plot } of plots) found.push(await collect(failures, () => openPlot(plot, root, 'r+')));
  if (failures.length > 0) throw new FailureError(failures);
  return plots.map(({ plot, text }, at) => {
    const opened = found[at];
    const changed = !opened || withoutOrigin(opened.text) !== withoutOrigin(text);
    if (!opened) writeOwn(resolve(root, plot.into), plot.into, text);
    else if (changed) rewrite(opened, text);
    return { what: `plot ${plot.name}`, file: plot.into, changed };
  });
}

/**
 * Compares drawn plots with their files. Run, commit and command may differ: the results count.
 *
 * @param plots - drawn plots
 * @param root - absolute path of the project's root
 * @returns the plots that differ, or are missing
 * @throws FailureError for files that cannot be read or are no plots
 */
export async function checkPlots(plots: readonly RenderedPlot[], root: string): Promise<readonly Drift[]> {
  const failures: Failure[] = [];
  const drifts: Drift[] = [];
  for (const { plot, text } of plots) {
    await collect(failures, async () => {
      const opened = await openPlot(plot, root, 'r');
      const [before, after] = [opened && withoutOrigin(opened.text), withoutOrigin(text)];
      const drift = { file: plot.into, what: `plot ${plot.name}` };
      if (before === undefined) drifts.push({ ...drift, diff: ['there is no such file'] });
      else if (before !== after) drifts.push({ ...drift, diff: plotDiff(before, after) });
    });
  }
  if (failures.length > 0) throw new FailureError(failures);
  return drifts;
}

/**
 * Finds what is wrong with the files that plots will go into, before a run that would end there. Nothing is made.
 *
 * @param plots - plots of a plan
 * @param root - absolute path of the project's root
 * @returns a failure for each file that may not be written or is no plot, and for each that two plots name
 */
export async function checkPlotPlaces(plots: readonly PlotPlan[], root: string): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  const seen = new Map<string, PlotPlan>();
  for (const plot of plots) {
    const path = resolve(root, plot.into);
    const opened = await collect(failures, async () => {
      const found = await openPlot(plot, root, 'r+');
      if (!found) requireCreatable(path, plot.into);
      return found;
    });
    const real = opened?.path ?? path;
    const other = seen.get(real);
    seen.set(real, plot);
    if (!other) continue;
    const message = `plots ${other.name} and ${plot.name} go into the same file`;
    failures.push({ code: 'one-file', message, place: { file: plot.into }, expected: 'one file for each plot' });
  }
  return failures;
}
