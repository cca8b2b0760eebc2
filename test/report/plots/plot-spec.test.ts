import { describe, expect, it } from 'vitest';
import type { PlotPlan } from '../../../src/core/plan.ts';
import { vegaSvg } from '../../../src/report/plots/vega-svg.ts';
import type { PlotData, PlotPoint } from '../../../src/report/plots/plot-data.ts';
import { ink, palette, plotSpec } from '../../../src/report/plots/plot-spec.ts';

const plot: PlotPlan = {
  ...{ name: 'ratio', cells: [], x: 'kd_ratio', y: 'test.accuracy', series: ['kd_method'] },
  ...{ scale: 'linear', into: 'ratio.svg' },
};

/** A point with a deviation of 0.01, or none. */
const point = (series: string, x: number, y: number, sd: number | null = 0.01): PlotPoint => ({
  ...{ series, x, y, sd, low: sd === null ? null : y - sd, high: sd === null ? null : y + sd, n: sd === null ? 1 : 3 },
});

const data: PlotData = {
  points: [point('AT', 0.2, 0.7), point('AT', 0.8, 0.75), point('MGD', 0.2, 0.72), point('MGD', 0.8, 0.74, null)],
  levels: [{ label: 'small', y: 0.68, sd: null, low: null, high: null, n: 1 }],
  series: ['AT', 'MGD'],
  over: [],
  n: 10,
  expected: 11,
};

/** The labels of the marks of a kind in an SVG document, as screen readers say them. */
function marks(svg: string, kind: string): readonly string[] {
  const found = svg.matchAll(/aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="([^"]*)"/g);
  return [...found].flatMap(([, label = '', role]) => (role === kind ? [label] : []));
}

/** Relative luminance of a colour (WCAG 2.2). */
function luminance(colour: string): number {
  const linear = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
}

/** Contrast of two colours (WCAG 2.2), 1 to 21. */
function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

describe('a plot', () => {
  it('has a mark for every number: points, a line a series, bars where there is a deviation, level lines', async () => {
    const svg = await vegaSvg(plotSpec(plot, data), data, 'x');
    expect(marks(svg, 'point')).toEqual([
      'kd_ratio: 0.2; test.accuracy: 0.7; kd_method: AT',
      'kd_ratio: 0.8; test.accuracy: 0.75; kd_method: AT',
      'kd_ratio: 0.2; test.accuracy: 0.72; kd_method: MGD',
      'kd_ratio: 0.8; test.accuracy: 0.74; kd_method: MGD',
    ]);
    expect(marks(svg, 'line mark')).toHaveLength(2);
    expect(marks(svg, 'rule mark')).toEqual([
      'test.accuracy: 0.68',
      expect.stringMatching(/^kd_ratio: 0.2; test.accuracy: 0.69; high: 0.71/) as string,
      expect.stringMatching(/^kd_ratio: 0.8; test.accuracy: 0.74; high: 0.76/) as string,
      expect.stringMatching(/^kd_ratio: 0.2; test.accuracy: 0.71; high: 0.73/) as string,
    ]);
    expect(marks(svg, 'text mark')).toEqual(['test.accuracy: 0.68; label: small']);
    expect(svg).toContain("Symbol legend titled 'kd_method'");
  });

  it('puts a number where its scale says: twice as far for twice the number, or for its square on a log scale', async () => {
    const three: PlotData = { ...data, points: [1, 10, 100].map((x) => point('AT', x, x)), series: ['AT'], levels: [] };
    const places = async (scale: PlotPlan['scale']): Promise<readonly number[]> => {
      const svg = await vegaSvg(plotSpec({ ...plot, scale }, three), three, 'x');
      const found = svg.matchAll(/aria-roledescription="point" transform="translate\(([\d.]+),/g);
      return [...found].map(([, x]) => Number(x));
    };
    const [a = 0, b = 0, c = 0] = await places('linear');
    expect((c - a) / (b - a)).toBeCloseTo(11, 6);
    const [d = 0, e = 0, f = 0] = await places('log');
    expect((f - d) / (e - d)).toBeCloseTo(2, 6);
  });

  it('says what its bars are, and how many runs are missing', () => {
    const subtitle = (change: Partial<PlotData>) => plotSpec(plot, { ...data, ...change })['title'];
    expect(subtitle({})).toEqual({
      text: 'ratio',
      subtitle: 'mean ± sample standard deviation over runs; 10 of 11 runs have a result',
    });
    expect(subtitle({ points: [point('AT', 1, 1, null)], expected: 10 })).toMatchObject({ subtitle: 'single runs' });
    expect(plotSpec({ ...plot, title: 'Birds' }, data)['title']).toMatchObject({ text: 'Birds' });
  });

  it('has no legend where there is one line', async () => {
    expect(await vegaSvg(plotSpec({ ...plot, series: [] }, data), data, 'x')).not.toContain('legend');
  });

  it('is drawn without results too', async () => {
    const none: PlotData = { points: [], levels: [], series: [], over: [], n: 0, expected: 4 };
    expect(await vegaSvg(plotSpec(plot, none), none, 'x')).toContain('0 of 4 runs have a result');
  });

  it.each([...palette, ink.text, ink.lines])('can be seen on white and on dark pages: %s', (colour) => {
    for (const page of ['#ffffff', '#0d1117']) expect(contrast(colour, page)).toBeGreaterThanOrEqual(3);
  });
});
