import type { Json, JsonObject } from '../../core/json.ts';
import { palette } from '../../report/plots/plot-spec.ts';

/** A chart: what it looks like in Vega-Lite (Satyanarayan et al. 2017), and its numbers, which may change alone. */
export interface Chart {
  readonly spec: JsonObject;
  readonly points: readonly JsonObject[];
  /** What it shows, for whoever cannot see it. */
  readonly title: string;
}

/** Colours of the page as it is shown now. */
export interface ChartInk {
  readonly text: string;
  readonly lines: string;
  readonly faint: string;
  /** Of what charts stand on. */
  readonly card: string;
}

/** Most lines that a chart has: more cannot be told apart. */
export const mostLines = 24;

/** Colours of as many lines as wanted. */
export const lineColours = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => palette[at % palette.length] ?? '#888888');

/** A text as a title: names of what every object has are signals to Vega 6.4; a space without width makes them texts. */
export const titleText = (name: string): string => (name in {} ? `${name}\u200b` : name);

/**
 * A chart as wide as its place.
 *
 * @param height - of what is drawn; pixels
 * @param content - marks and encodings, or layers of them
 * @returns the specification
 */
export function wideChart(height: number, content: JsonObject): JsonObject {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 'container',
    height,
    autosize: { type: 'fit-x', contains: 'padding' },
    data: { name: 'points' },
    ...content,
  };
}

/**
 * Puts a chart into the colours of the page.
 *
 * @param spec - of a chart
 * @param ink - colours
 * @returns the specification with them
 */
export function inked(spec: JsonObject, ink: ChartInk): JsonObject {
  const { text, lines, faint, card } = ink;
  const axis: Json = {
    labelColor: text,
    titleColor: text,
    domainColor: lines,
    tickColor: lines,
    gridColor: faint,
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 11,
    labelLimit: 160,
  };
  return {
    ...spec,
    config: {
      background: null,
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      axis,
      legend: { labelColor: text, titleColor: text, titleFontWeight: 'normal', labelFontSize: 11, labelLimit: 260 },
      text: { color: text },
      style: { halo: { stroke: card, strokeWidth: 4 } },
      rule: { color: lines },
    },
  };
}
