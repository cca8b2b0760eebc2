import type { Json, JsonObject } from '../../core/json.ts';
import type { PlotPlan } from '../../core/plan.ts';
import type { PlotData } from './plot-data.ts';

/** Greys and colours that stand out from white paper and from a dark page alike: contrast of at least 3 with both. */
export const ink = { text: '#787878', lines: '#8a8a8a', faint: '#80808040' } as const;

/** Colours of lines, told apart by colour-blind people too; made a little lighter or darker than Okabe and Ito's. */
export const palette = ['#2b83ba', '#d55e00', '#1b9e77', '#c0629b', '#a6811a', '#7a6fd0', '#888888'] as const;

/** Seven colours and eight shapes: 56 lines before a pair repeats. */
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right', 'stroke'];

const repeatTo = (values: readonly string[], count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => values[at % values.length] ?? '');

/**
 * A name as a title. Vega 6.4 takes a text that is the name of something that every object has for a signal, which is not
 * there; a space without width makes it a text.
 */
const titleText = (name: string): string => (name in {} ? `${name}\u200b` : name);

/** Colours of pages are not known: nothing is filled, all ink is grey. */
const config: JsonObject = {
  background: null,
  font: 'sans-serif',
  view: { stroke: null },
  title: { color: ink.text, subtitleColor: ink.text, anchor: 'start', fontSize: 14, subtitleFontSize: 11 },
  axis: {
    labelColor: ink.text,
    titleColor: ink.text,
    domainColor: ink.lines,
    tickColor: ink.lines,
    gridColor: ink.faint,
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 12,
  },
  legend: { labelColor: ink.text, titleColor: ink.text, titleFontWeight: 'normal', labelFontSize: 11 },
};

/** What stands under the title: what the bars are, and how much is missing. */
function subtitle({ points, levels, over, n, expected }: PlotData): string {
  const spread = [...points, ...levels].some(({ sd }) => sd !== null);
  return [
    spread
      ? `mean ± sample standard deviation over runs${over.length > 0 ? ` that differ in ${over.join(', ')}` : ''}`
      : 'single runs',
    ...(n < expected ? [`${n} of ${expected} runs have a result`] : []),
  ].join('; ');
}

/** Colour and shape of a line; without names there is one line, and no legend. */
function lineEncoding({ series }: PlotPlan, data: PlotData): JsonObject {
  if (series.length === 0) return { color: { value: palette[0] }, shape: { value: 'circle' } };
  const title = titleText(series.join(', '));
  const scale = (values: readonly string[]): JsonObject => ({
    domain: data.series,
    range: repeatTo(values, data.series.length),
  });
  return {
    color: { field: 'series', type: 'nominal', title, scale: scale(palette) },
    shape: { field: 'series', type: 'nominal', title, scale: scale(shapes) },
  };
}

/** The level lines with their names at the right end. */
function levelLayers(y: JsonObject): readonly Json[] {
  const data = { name: 'levels' };
  return [
    { data, mark: { type: 'rule', color: ink.lines, strokeDash: [5, 4] }, encoding: { y } },
    {
      data,
      mark: { type: 'text', color: ink.text, align: 'right', baseline: 'bottom', dy: -2, fontSize: 11 },
      encoding: { y, x: { value: 'width' }, text: { field: 'label', type: 'nominal' } },
    },
  ];
}

/** What points are, above them. */
const labelLayer = (y: JsonObject): JsonObject => ({
  mark: { type: 'text', baseline: 'bottom', dy: -8, fontSize: 11 },
  encoding: { y, color: { value: ink.text }, text: { field: 'label', type: 'nominal' } },
});

/**
 * Says in Vega-Lite (Satyanarayan et al. 2017) what a plot looks like: level lines, bars from mean − sd to mean + sd,
 * lines and points.
 *
 * @param plot - the plot
 * @param data - its numbers
 * @returns a specification with its data
 */
export function plotSpec(plot: PlotPlan, data: PlotData): JsonObject {
  const x = {
    field: 'x',
    type: 'quantitative',
    title: titleText(plot.x),
    scale: { type: plot.scale, zero: false, nice: false, padding: 12 },
  };
  const y = { field: 'y', type: 'quantitative', title: titleText(plot.y), scale: { zero: false } };
  const { color, shape } = lineEncoding(plot, data);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: titleText(plot.title ?? plot.name), subtitle: subtitle(data) },
    width: 480,
    height: 300,
    layer: [
      ...(data.levels.length > 0 ? levelLayers(y) : []),
      {
        data: { name: 'points' },
        encoding: { x, color: color ?? null },
        layer: [
          {
            transform: [{ filter: 'isValid(datum.sd)' }],
            mark: { type: 'rule', strokeWidth: 1.5 },
            encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' } },
          },
          { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { y } },
          { mark: { type: 'point', filled: true, size: 60, opacity: 1 }, encoding: { y, shape: shape ?? null } },
          ...(plot.xFrom ? [labelLayer(y)] : []),
        ],
      },
    ],
    config,
  };
}
