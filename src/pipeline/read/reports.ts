import { describeValue } from '../source/describe-value.ts';
import type { Located } from '../source/location.ts';
import type { Shape } from './shape.ts';
import type { PlotSpec, TableSpec, LocatedMap } from './spec.ts';

const TABLE = ['from', 'rows', 'columns', 'over', 'title', 'compare', 'published', 'template', 'into'] as const;
const PLOT = ['from', 'x', 'y', 'series', 'over', 'scale', 'title', 'baseline', 'template', 'into'] as const;

function readCompare(fields: LocatedMap, name: string, shape: Shape): TableSpec['compare'] {
  const written = fields.get('compare');
  if (!written) return undefined;
  const what = `compare of table ${name}`;
  const compare = shape.fields(written, what, ['baseline', 'on', 'correction']);
  const baseline = shape.mapping(compare.get('baseline'), 'baseline');
  const on = shape.text(compare.get('on'), 'on');
  const correction = shape.text(compare.get('correction'), 'correction');
  if (baseline && on) return { baseline, on, correction };
  for (const key of ['baseline', 'on']) {
    if (compare.has(key) || describeValue(written.value) !== 'a mapping') continue;
    shape.problems.add({
      code: 'missing-key',
      message: `${what} has no ${key}`,
      expected: 'compare: { baseline: { row: value }, on: column }',
      location: written.location,
      atKey: true,
    });
  }
  return undefined;
}

const isEmptyList = (written: Located | undefined): boolean =>
  Array.isArray(written?.value) && written.value.length === 0;

/**
 * Reads a table.
 *
 * @param name - its name
 * @param written - what stands under it
 * @param shape - takes what is wrong
 * @returns the table; undefined where it is no mapping
 */
export function readTable(name: string, written: Located, shape: Shape): TableSpec | undefined {
  if (!shape.mapping(written, `table ${name}`)) return undefined;
  const fields = shape.fields(written, `table ${name}`, TABLE);
  shape.required(fields, { what: `table ${name}`, location: written.location, keys: ['from', 'rows', 'columns'] });
  const text = (key: string): TableSpec['title'] => shape.text(fields.get(key), key);
  return {
    name,
    location: written.location,
    from: shape.texts(fields.get('from'), 'from', true),
    rows: shape.texts(fields.get('rows'), 'rows'),
    columns: shape.texts(fields.get('columns'), 'columns'),
    over: shape.texts(fields.get('over'), 'over', true),
    title: text('title'),
    compare: readCompare(fields, name, shape),
    published: text('published'),
    template: text('template'),
    into: text('into'),
    empty: ['from', 'rows', 'columns'].filter((key) => isEmptyList(fields.get(key))),
  };
}

/**
 * Reads a plot.
 *
 * @param name - its name
 * @param written - what stands under it
 * @param shape - takes what is wrong
 * @returns the plot; undefined where it is no mapping
 */
export function readPlot(name: string, written: Located, shape: Shape): PlotSpec | undefined {
  if (!shape.mapping(written, `plot ${name}`)) return undefined;
  const fields = shape.fields(written, `plot ${name}`, PLOT);
  shape.required(fields, { what: `plot ${name}`, location: written.location, keys: ['from', 'x', 'y', 'into'] });
  const text = (key: string): PlotSpec['title'] => shape.text(fields.get(key), key);
  return {
    name,
    location: written.location,
    from: shape.texts(fields.get('from'), 'from', true),
    series: shape.texts(fields.get('series'), 'series', true),
    over: shape.texts(fields.get('over'), 'over', true),
    x: text('x'),
    y: text('y'),
    into: text('into'),
    scale: text('scale'),
    title: text('title'),
    baseline: shape.mapping(fields.get('baseline'), 'baseline'),
    template: text('template'),
    empty: ['from', 'series'].filter((key) => isEmptyList(fields.get(key))),
  };
}
