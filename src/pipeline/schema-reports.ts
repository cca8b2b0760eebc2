import type { JsonObject } from '../core/json.ts';
import { corrections } from '../core/plan.ts';
import { expression, mapping, orExpression, text, texts } from './schema-parts.ts';
import { scales } from './tables/plan-plot.ts';
import { builtInTemplates } from './tables/plan-table.ts';

/** The axes that a table or a plot takes means over. */
const over: JsonObject = {
  anyOf: [text('An axis.'), texts('Several.')],
  description: 'Axes that means are taken over, beside the seeds: what else differs in one row is refused.',
};

/** The cells of a table or a plot. */
const from: JsonObject = {
  anyOf: [text('A stage, or stage[axis=value].'), texts('Several stages.')],
  description: 'Where its cells come from.',
};

/** A table, for editors. */
export const tableSchema = mapping(
  'A result table.',
  {
    from,
    rows: texts('What makes a row: axes and parameters. Only seeds are aggregated, and what `over` names.'),
    over,
    columns: texts('Metrics: test.accuracy.'),
    title: text('Title.'),
    compare: mapping(
      'Differences to a baseline, paired by what is aggregated.',
      {
        baseline: { type: 'object', minProperties: 1, description: 'Rows to compare with.' },
        on: text('The column that decides.'),
        correction: {
          ...orExpression({ enum: corrections }),
          description: "p-values corrected for the number of comparisons, by Holm's step-down procedure.",
        },
      },
      ['baseline', 'on'],
    ),
    published: text('File with published numbers, relative to the pipeline file.'),
    template: {
      anyOf: [{ enum: builtInTemplates }, { type: 'string', pattern: '\\.hbs$' }, expression],
      description: 'A built-in template or a .hbs file; by default the one of the ending of into, else markdown.',
    },
    into: text(
      'File that it goes into, between the markers <!-- kdpipe:name --> and <!-- /kdpipe:name -->, in .tex files % kdpipe:name and % /kdpipe:name; a .csv or .json file is the table. A missing file is made.',
    ),
  },
  ['from', 'rows', 'columns'],
);

/** A plot, for editors. */
export const plotSchema = mapping(
  'A plot: the mean of a metric over a number, with the spread of what is aggregated.',
  {
    from,
    x: text('The number on the x axis: an axis of the matrix, a parameter, or a metric such as macs or parameters.'),
    y: text('The metric on the y axis: test.accuracy.'),
    series: {
      anyOf: [text('An axis or a parameter.'), texts('Several.')],
      description: 'Names whose values make a line each. Only seeds are aggregated, and what `over` names.',
    },
    over,
    scale: { ...orExpression({ enum: scales }), default: 'linear', description: 'Scale of the x axis.' },
    title: text('Title.'),
    baseline: { type: 'object', minProperties: 1, description: 'Rows without x, drawn as level lines.' },
    template: {
      anyOf: [{ type: 'string', pattern: '\\.json$' }, expression],
      description: 'A Vega-Lite specification in place of the built-in one, relative to the pipeline file.',
    },
    into: { anyOf: [{ type: 'string', pattern: '\\.svg$' }, expression], description: 'The SVG file.' },
  },
  ['from', 'x', 'y', 'into'],
);
