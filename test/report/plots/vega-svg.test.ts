import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { vegaSvg } from '../../../src/report/plots/vega-svg.ts';
import type { PlotData } from '../../../src/report/plots/plot-data.ts';

const data: PlotData = {
  points: [0.2, 0.8].map((x) => ({ series: 'AT', x, y: x, sd: null, low: null, high: null, n: 1 })),
  levels: [],
  series: ['AT'],
  over: [],
  n: 2,
  expected: 2,
};

/** Points over x. */
const spec: JsonObject = {
  data: { name: 'points' },
  mark: 'point',
  encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
};
const draw = (change: JsonObject = {}): Promise<string> => vegaSvg({ ...spec, ...change }, data, 'own.json');

describe('a drawing', () => {
  it('is an SVG document with equal bytes for equal specifications, in whichever order they are drawn', async () => {
    const first = await draw();
    await draw({ mark: { type: 'line', clip: true } });
    expect(await draw()).toBe(first);
    expect(first).toMatch(/^<svg [^>]*>\n[\s\S]*<\/svg>\n$/);
    expect(first).not.toMatch(/<script|\bon\w+=/);
    const clipped = await draw({ mark: { type: 'line', clip: true } });
    expect(await draw({ mark: { type: 'line', clip: true } })).toBe(clipped);
  });

  it('shows what expressions make of the numbers', async () => {
    const doubled = await draw({
      transform: [{ calculate: 'datum.x * 2', as: 'twice' }],
      encoding: { text: { field: 'twice', type: 'quantitative' } },
      mark: 'text',
    });
    expect([...doubled.matchAll(/>([\d.]+)<\/text>/g)].map(([, text]) => text)).toEqual(['0.4', '1.6']);
  });

  it.each<[string, JsonObject]>([
    ['a file', { data: { url: 'package.json' } }],
    ['an address', { data: { url: 'https://example.invalid/x.csv' } }],
    ['an image', { mark: { type: 'image', url: 'https://example.invalid/x.png' } }],
    ['a link', { encoding: { href: { value: 'https://example.invalid/' }, x: { field: 'x', type: 'quantitative' } } }],
  ])('loads nothing: %s is refused', async (_what, change) => {
    await expect(draw(change)).rejects.toMatchObject({
      failures: [
        { code: 'bad-plot', message: expect.stringContaining('it loads') as string, place: { file: 'own.json' } },
      ],
    });
  });

  it.each<[string, JsonObject]>([
    ['no mark', { mark: null }],
    ['an expression that is none', { transform: [{ calculate: 'datum.x *', as: 'y' }] }],
    ['code', { transform: [{ calculate: 'process.exit(7)', as: 'y' }] }],
    ['a way out of its values', { transform: [{ calculate: 'datum.constructor.constructor("return 1")()', as: 'y' }] }],
  ])('is refused for %s', async (_what, change) => {
    await expect(draw(change)).rejects.toMatchObject({ failures: [{ code: 'bad-plot' }] });
  });
});
