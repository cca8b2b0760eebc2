import type { JsonObject } from '../../core/json.ts';
import { palette } from '../../report/plots/plot-spec.ts';
import type { Evaluation } from '../data/evaluation.ts';
import { wideChart, type Chart } from './chart.ts';

/** Classes of which counts are written into the matrix. */
const mostWithCounts = 16;
/** Classes that are drawn as bars. */
const mostBars = 40;

/** Where an evaluation looked. */
const whereOf = ({ split, tta }: Evaluation): string => (tta === 'none' ? split : `${split}, ${tta}`);

/** Counts of a matrix, and which share of their class they are; of many classes those that are not 0. */
function sharesOf(classes: readonly string[], confusion: readonly (readonly number[])[]): readonly JsonObject[] {
  return confusion.flatMap((counts, label) => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    return counts.flatMap((count, predicted) =>
      count === 0 && classes.length > mostWithCounts
        ? []
        : [
            {
              label: classes[label] ?? '',
              predicted: classes[predicted] ?? '',
              count,
              share: all > 0 ? count / all : 0,
            },
          ],
    );
  });
}

/**
 * Draws a confusion matrix: true classes down, predicted classes to the right, shares of the true class as colours.
 *
 * @param evaluation - of one split
 * @returns the chart; undefined where there are too many classes
 */
export function confusionChart(evaluation: Evaluation): Chart | undefined {
  const { classes, confusion } = evaluation;
  if (!confusion) return undefined;
  const points = sharesOf(classes, confusion);
  const isSmall = classes.length <= mostWithCounts;
  const axis: JsonObject = { labels: classes.length <= 50, ticks: false, domain: false };
  const x: JsonObject = {
    field: 'predicted',
    type: 'nominal',
    sort: classes,
    scale: { domain: classes },
    axis: { ...axis, title: 'predicted', labelAngle: classes.some((name) => name.length > 4) ? -45 : 0 },
  };
  const y: JsonObject = {
    field: 'label',
    type: 'nominal',
    sort: classes,
    scale: { domain: classes },
    axis: { ...axis, title: 'true class' },
  };
  const spec = wideChart(isSmall ? 22 * classes.length + 40 : 420, {
    encoding: { x, y },
    layer: [
      {
        mark: { type: 'rect', tooltip: { content: 'data' } },
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            title: 'share of class',
            scale: { domain: [0, 1], scheme: 'blues' },
            legend: { format: '.0%', gradientLength: 100 },
          },
        },
      },
      ...(isSmall
        ? [
            {
              transform: [{ filter: 'datum.count > 0' }],
              mark: { type: 'text', fontSize: 10 },
              encoding: {
                text: { field: 'count', type: 'quantitative' },
                color: { condition: { test: 'datum.share > 0.5', value: '#ffffff' }, value: '#1a1a1a' },
              },
            },
          ]
        : []),
    ],
  });
  return { title: `confusion matrix, ${whereOf(evaluation)}`, spec, points };
}

/**
 * Draws recall and precision of each class, the hardest first.
 *
 * @param evaluation - of one split
 * @returns the chart; of many classes the hardest
 */
export function classChart(evaluation: Evaluation): Chart {
  const hardest = [...evaluation.perClass]
    .sort((one, other) => (one.recall ?? 2) - (other.recall ?? 2))
    .slice(0, mostBars);
  const names = hardest.map(({ name }) => name);
  const points = hardest.flatMap(({ name, recall, precision, support }) => [
    { name, of: 'recall', share: recall, support },
    { name, of: 'precision', share: precision, support },
  ]);
  const spec = wideChart(Math.max(80, 24 * names.length), {
    mark: { type: 'bar', tooltip: { content: 'data' } },
    encoding: {
      y: { field: 'name', type: 'nominal', sort: names, title: null },
      yOffset: { field: 'of', scale: { domain: ['recall', 'precision'] } },
      x: { field: 'share', type: 'quantitative', title: null, scale: { domain: [0, 1] }, axis: { format: '.0%' } },
      color: {
        field: 'of',
        type: 'nominal',
        title: null,
        scale: { domain: ['recall', 'precision'], range: [palette[0], palette[1]] },
        legend: { orient: 'top' },
      },
    },
  });
  const left = evaluation.perClass.length - names.length;
  const more = left > 0 ? `, the ${names.length} hardest classes of ${evaluation.perClass.length}` : '';
  return { title: `recall and precision by class, ${whereOf(evaluation)}${more}`, spec, points };
}

/**
 * Draws a reliability diagram (Guo et al. 2017): accuracy over confidence, beside the diagonal of perfect calibration.
 *
 * @param evaluation - of one split
 * @returns the chart
 */
export function reliabilityChart(evaluation: Evaluation): Chart {
  const points = evaluation.calibration.map(({ above, upTo, count, confidence, accuracy }) => ({
    above,
    up_to: upTo,
    confidence,
    accuracy,
    images: count,
  }));
  const share: JsonObject = { domain: [0, 1] };
  const spec = wideChart(240, {
    layer: [
      {
        mark: { type: 'rect', color: palette[0], opacity: 0.75, tooltip: { content: 'data' } },
        encoding: {
          x: { field: 'above', type: 'quantitative', title: 'confidence', scale: share, axis: { format: '.0%' } },
          x2: { field: 'up_to' },
          y: { field: 'accuracy', type: 'quantitative', title: 'accuracy', scale: share, axis: { format: '.0%' } },
          y2: { datum: 0 },
        },
      },
      {
        data: { values: [{ at: 0 }, { at: 1 }] },
        mark: { type: 'line', strokeDash: [5, 4], strokeWidth: 1, color: '#888888' },
        encoding: { x: { field: 'at', type: 'quantitative' }, y: { field: 'at', type: 'quantitative' } },
      },
      {
        mark: { type: 'point', filled: true, color: palette[1], size: 40, opacity: 1, tooltip: { content: 'data' } },
        encoding: { x: { field: 'confidence', type: 'quantitative' }, y: { field: 'accuracy', type: 'quantitative' } },
      },
    ],
  });
  return { title: `accuracy by confidence, ${whereOf(evaluation)}`, spec, points };
}
