import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fail, FailureError, type Failure } from '../../core/failure.ts';
import type { PlotPlan } from '../../core/plan.ts';
import { collect } from '../files/collect.ts';
import { requireCreatable, writeOwn } from '../files/new-file.ts';
import type { Drift, WrittenFile } from '../files/written-file.ts';
import { lineDiff } from '../files/line-diff.ts';
import { isPlot, withoutOrigin, type RenderedPlot } from './render-plots.ts';
import { openText } from '../files/replace-file.ts';

/** The plot that stands in a file; undefined when there is no file yet. */
async function readPlot({ into, name }: PlotPlan, root: string): Promise<string | undefined> {
  const path = resolve(root, into);
  if (!existsSync(path)) return undefined;
  const { text } = await openText(path, into, 'r');
  if (isPlot(text)) return text;
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
  const changes: boolean[] = [];
  for (const { plot, text } of plots) {
    const before = await collect(failures, () => readPlot(plot, root));
    changes.push(before === undefined || withoutOrigin(before) !== withoutOrigin(text));
  }
  if (failures.length > 0) throw new FailureError(failures);
  return plots.map(({ plot, text }, at) => {
    const changed = changes[at] === true;
    if (changed) writeOwn(resolve(root, plot.into), plot.into, text);
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
      const [before, after] = [await readPlot(plot, root), withoutOrigin(text)];
      const drift = { file: plot.into, what: `plot ${plot.name}` };
      if (before === undefined) drifts.push({ ...drift, diff: ['there is no such file'] });
      else if (withoutOrigin(before) !== after) drifts.push({ ...drift, diff: plotDiff(withoutOrigin(before), after) });
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
    const other = seen.get(path);
    seen.set(path, plot);
    if (other) {
      const message = `plots ${other.name} and ${plot.name} go into the same file`;
      failures.push({ code: 'one-file', message, place: { file: plot.into }, expected: 'one file for each plot' });
    }
    await collect(failures, async () => {
      await readPlot(plot, root);
      requireCreatable(path, plot.into);
    });
  }
  return failures;
}
