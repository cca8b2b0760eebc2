import type { JsonObject } from '../../core/json.ts';
import type { Value } from '../../core/plan.ts';
import { compile, type Compiler } from '../expand/interpolate.ts';
import { addMisplaced, type AxisScope, type Names } from '../expand/names.ts';
import type { Problems } from '../source/problems.ts';
import type { Located } from '../source/location.ts';
import { describeValue } from '../source/describe-value.ts';
import type { PlotSpec, TableSpec } from '../read/spec.ts';

/** Resolves the expressions of tables and plots: they stand outside of every cell, and know neither axes nor sweeps. */
class ReportTexts {
  readonly #problems: Problems;
  readonly #compiler: Compiler<AxisScope>;

  constructor(what: string, names: Names, problems: Problems) {
    this.#problems = problems;
    const resolve: Compiler<AxisScope>['resolve'] = (expression, location) => {
      const swept: string[] = [];
      const isName = expression.type !== 'matrix' && expression.type !== 'stages';
      const template = isName ? names.resolve(expression, location, (param) => swept.push(param)) : undefined;
      const [param] = swept;
      if (isName && param === undefined) return template;
      const why =
        expression.type === 'stages'
          ? `a ${what} names its stages in from, without \${…}`
          : `a ${what} is made of many cells`;
      addMisplaced(expression, location, problems, param === undefined ? why : `${why}, and params.${param} is swept`);
      return undefined;
    };
    this.#compiler = { resolve, problems };
  }

  value({ value, location }: Located): Value | undefined {
    const template = compile(value, location, this.#compiler);
    return template?.constant ? template.value : undefined;
  }

  text<T extends Located<string> | undefined>(written: T, what: string): T | Located<string> {
    if (!written?.value.includes('${')) return written;
    const value = this.value(written);
    if (typeof value === 'string' && value !== '') return { ...written, value };
    if (typeof value === 'number' || typeof value === 'boolean') return { ...written, value: String(value) };
    if (value !== undefined) {
      const message = `${what} is ${value === '' ? 'empty' : describeValue(value)}`;
      this.#problems.add({ code: 'wrong-type', message, expected: 'a text', location: written.location });
    }
    return written;
  }

  texts(written: readonly Located<string>[], what: string): readonly Located<string>[] {
    return written.map((one) => this.text(one, `an item of ${what}`));
  }

  compare(compare: TableSpec['compare']): TableSpec['compare'] {
    if (!compare) return undefined;
    const { baseline, on, correction } = compare;
    return {
      baseline: this.baseline(baseline),
      on: this.text(on, 'on'),
      correction: this.text(correction, 'correction'),
    };
  }

  baseline(written: Located<JsonObject>): Located<JsonObject> {
    // Params hold no references, so that what comes out is JSON again.
    return { ...written, value: (this.value(written) ?? written.value) as JsonObject };
  }
}

/**
 * Puts params, environment and the pipeline's name into the texts of a table.
 *
 * @param table - the table as written
 * @param names - resolves expressions
 * @param problems - takes what is wrong
 * @returns the table with its values; undefined when a problem was noted instead
 */
export function resolveTable(table: TableSpec, names: Names, problems: Problems): TableSpec | undefined {
  const before = problems.noted;
  const texts = new ReportTexts('table', names, problems);
  const resolved: TableSpec = {
    ...table,
    from: texts.texts(table.from, 'from'),
    rows: texts.texts(table.rows, 'rows'),
    columns: texts.texts(table.columns, 'columns'),
    over: texts.texts(table.over, 'over'),
    title: texts.text(table.title, 'title'),
    compare: texts.compare(table.compare),
    published: texts.text(table.published, 'published'),
    template: texts.text(table.template, 'template'),
    into: texts.text(table.into, 'into'),
  };
  return problems.noted === before ? resolved : undefined;
}

/**
 * Puts params, environment and the pipeline's name into the texts of a plot.
 *
 * @param plot - the plot as written
 * @param names - resolves expressions
 * @param problems - takes what is wrong
 * @returns the plot with its values; undefined when a problem was noted instead
 */
export function resolvePlot(plot: PlotSpec, names: Names, problems: Problems): PlotSpec | undefined {
  const before = problems.noted;
  const texts = new ReportTexts('plot', names, problems);
  const resolved: PlotSpec = {
    ...plot,
    from: texts.texts(plot.from, 'from'),
    series: texts.texts(plot.series, 'series'),
    over: texts.texts(plot.over, 'over'),
    x: texts.text(plot.x, 'x'),
    y: texts.text(plot.y, 'y'),
    into: texts.text(plot.into, 'into'),
    scale: texts.text(plot.scale, 'scale'),
    title: texts.text(plot.title, 'title'),
    baseline: plot.baseline && texts.baseline(plot.baseline),
    template: texts.text(plot.template, 'template'),
  };
  return problems.noted === before ? resolved : undefined;
}
