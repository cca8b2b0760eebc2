import type { Comparing, Correction } from '../../core/plan.ts';
import { baselineText, type Baselines } from '../rows/baseline.ts';
import { holm } from '../rows/holm.ts';
import { comparePaired, type Comparison, type Sample } from '../rows/pairing.ts';
import { groupText } from '../../cells/row-match.ts';
import type { RowGroup } from '../../cells/row-groups.ts';
import { pText, signedText } from './number-text.ts';
import type { ColumnView, CompareView, DifferenceView } from './view.ts';

/** The metric that rows are compared in: how it is written, and the runs of each row. */
export interface Compared {
  readonly column: ColumnView;
  readonly samples: readonly (readonly Sample[])[];
}

/** A row beside its baseline. */
interface Compares {
  readonly comparison: Comparison;
  readonly baseline: RowGroup;
}

/**
 * Says what a table compares.
 *
 * @param comparing - `compare` of the plan
 * @returns the metric, the baseline as text, and the correction
 */
export function compareView(comparing: Comparing): CompareView {
  const { on, baseline, correction } = comparing;
  return { on, baseline: baselineText(baseline), correction: correction ?? null };
}

/** A difference with its interval, and with its p-value where that is corrected: the interval is that of one comparison. */
function differenceView(
  { comparison, baseline }: Compares,
  correctedP: number | undefined,
  decimals: number,
): DifferenceView {
  const { judged, method, pairedBy, n } = comparison;
  const interval = judged ? ` [${signedText(judged.low, decimals)}, ${signedText(judged.high, decimals)}]` : '';
  const p = correctedP === undefined ? '' : ` ${pText(correctedP)}`;
  return {
    text: signedText(comparison.mean, decimals) + interval + p,
    mean: comparison.mean,
    low: judged?.low ?? null,
    high: judged?.high ?? null,
    p: judged?.p ?? null,
    correctedP: correctedP ?? null,
    method,
    pairedBy,
    n,
    baseline: groupText(baseline),
  };
}

/**
 * Compares rows with their baselines.
 *
 * @param groups - the rows
 * @param on - the metric
 * @param baselines - which row each is compared with
 * @param correction - how p-values are corrected for the number of comparisons, if at all
 * @returns a difference for each row; undefined for the baseline itself, and where a side has no number
 */
export function differenceViews(
  groups: readonly RowGroup[],
  on: Compared,
  baselines: Baselines,
  correction: Correction | undefined,
): readonly (DifferenceView | undefined)[] {
  const places = new Map(groups.map((group, at) => [group, at]));
  const samplesOf = (group: RowGroup): readonly Sample[] => on.samples[places.get(group) ?? -1] ?? [];
  const compared = groups.map((group): Compares | undefined => {
    const baseline = baselines.get(group);
    const comparison = baseline && comparePaired(samplesOf(group), samplesOf(baseline));
    return comparison && { comparison, baseline };
  });
  const corrected = correction === 'holm' ? holm(compared.map((one) => one?.comparison.judged?.p)) : [];
  return compared.map((one, at) => one && differenceView(one, corrected[at], on.column.decimals));
}
