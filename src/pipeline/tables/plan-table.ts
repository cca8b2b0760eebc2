import type { TablePlan } from '../../core/plan.ts';
import { tableFile } from '../../core/table-file.ts';
import type { PlannedCell } from '../../cells/carry.ts';
import { parseSelector } from '../../cells/selector.ts';
import { meantSelector } from '../../cells/meaning.ts';
import { mismatchOf } from '../../cells/nearest.ts';
import { withNameAdvice } from '../../util/text.ts';
import type { Problems } from '../source/problems.ts';
import { inside, type Located } from '../source/location.ts';
import type { TableSpec } from '../read/spec.ts';
import { checkBaseline, checkCompare, comparingOf, meantBaseline } from './check-compare.ts';
import { checkColumns, checkRows, type TableContext } from './check-names.ts';
import { checkPooling, type Pooling } from './check-pooling.ts';

/** Templates that come with kdpipe; every other name is a path to a `.hbs` file. */
export const builtInTemplates = ['markdown', 'kd-results', 'latex', 'csv', 'html', 'json'] as const;

/** By default a table is written in the language of its file. */
const templateOf = ({ template, into }: TableSpec): string => template?.value ?? tableFile(into?.value ?? '').template;

/** The cells that one entry of `from` names; undefined when a problem was noted, or the stage itself has one. */
function cellsOf(
  { value, location }: Located<string>,
  { world, problems, stages, meant }: TableContext,
): readonly PlannedCell[] | undefined {
  const parsed = parseSelector(value);
  if (parsed?.end !== value.length) {
    problems.add({
      code: 'bad-selector',
      message: `${JSON.stringify(value)} names no cells`,
      expected: 'a stage, or stage[axis=value]',
      location,
    });
    return undefined;
  }
  const selector = meantSelector(parsed.selector, meant);
  if (!stages.includes(selector.stage)) {
    const message = `there is no stage ${JSON.stringify(selector.stage)}`;
    problems.add(withNameAdvice({ code: 'unknown-stage', message, location }, selector.stage, stages));
    return undefined;
  }
  const found = world.stage(selector.stage)?.selected(selector, world.find);
  if (found?.length === 0) {
    const mismatch = mismatchOf(selector.conditions, world.stage(selector.stage)?.cells ?? [], world.find);
    const message = `${value} names no cell${mismatch ? `: ${mismatch.reason}` : ''}`;
    const fix = mismatch?.fix === undefined ? {} : { fix: mismatch.fix };
    problems.add({ code: 'empty-table', message, expected: 'at least one cell', ...fix, location });
    return undefined;
  }
  return found;
}

/**
 * Notes names that stand twice in a list.
 *
 * @param names - the list
 * @param what - what it is called
 * @param problems - takes what is wrong
 */
export function checkTwice(names: readonly Located<string>[], what: string, problems: Problems): void {
  const first = new Map<string, Located<string>>();
  for (const name of names) {
    const other = first.get(name.value);
    if (other)
      problems.add({
        code: 'named-twice',
        message: `${what} names ${JSON.stringify(name.value)} twice`,
        expected: 'every name once',
        location: name.location,
        also: other.location,
      });
    else first.set(name.value, name);
  }
}

function checkTemplate({ template, into, name }: TableSpec, problems: Problems): void {
  if (!template || template.value.endsWith('.hbs')) return;
  if (builtInTemplates.some((known) => known === template.value)) {
    const file = into && tableFile(into.value);
    if (!file || file.marking || file.template === template.value) return;
    problems.add({
      code: 'wrong-ending',
      message: `table ${name} is written as ${template.value}, and ${JSON.stringify(into.value)} can only be ${file.template}`,
      expected: `template: ${file.template}, or a file of another ending`,
      location: template.location,
      also: into.location,
    });
    return;
  }
  const problem = {
    code: 'unknown-template',
    message: `there is no template ${JSON.stringify(template.value)}`,
    expected: `${builtInTemplates.join(', ')}, or a path that ends in .hbs`,
    location: template.location,
  };
  problems.add(withNameAdvice(problem, template.value, builtInTemplates));
}

/**
 * Notes lists of a table or a plot that are empty.
 *
 * @param what - `table results`
 * @param spec - which lists are empty, and where they stand
 * @param problems - takes what is wrong
 */
export function checkEmpty(what: string, spec: Pick<TableSpec, 'empty' | 'location'>, problems: Problems): void {
  for (const key of spec.empty) {
    problems.add({
      code: 'empty-table',
      message: `${key} of ${what} is empty`,
      expected: 'at least one name',
      location: inside(spec.location, key),
      atKey: true,
    });
  }
}

const texts = (names: readonly Located<string>[]): readonly string[] => names.map(({ value }) => value);

function optional(table: TableSpec): Partial<TablePlan> {
  const { title, published, into, compare } = table;
  return {
    ...(title === undefined ? {} : { title: title.value }),
    ...(published === undefined ? {} : { published: published.value }),
    ...(into === undefined ? {} : { into: into.value }),
    ...(compare ? { compare: comparingOf(compare) } : {}),
  };
}

/**
 * Finds the cells that a table or a plot reads.
 *
 * @param from - selectors
 * @param context - the planned stages, and what takes problems
 * @returns the cells in the order of the plan, and whether they are all: no selector had a problem
 */
export function cellsFrom(
  from: readonly Located<string>[],
  context: TableContext,
): { readonly cells: readonly PlannedCell[]; readonly whole: boolean } {
  const { world, stages } = context;
  const named = from.map((one) => cellsOf(one, context));
  const found = new Set(named.flatMap((cells) => cells ?? []));
  const cells = stages.flatMap((stage) => (world.stage(stage)?.cells ?? []).filter((cell) => found.has(cell)));
  return { cells, whole: cells.length > 0 && !named.includes(undefined) };
}

/**
 * Checks a table against the planned cells.
 *
 * @param written - the table as written
 * @param context - the planned stages, and what takes problems
 * @returns the table with the cells that it reads, in the order of the plan
 */
export function planTable(written: TableSpec, context: TableContext): TablePlan {
  const { problems } = context;
  const { compare } = written;
  problems.budget.spend('tables', 1, written.location);
  const table = compare
    ? { ...written, compare: { ...compare, baseline: meantBaseline(compare.baseline, context) } }
    : written;
  const what = `table ${table.name}`;
  const before = problems.noted;
  checkEmpty(what, table, problems);
  checkTwice(table.rows, 'rows', problems);
  checkTwice(table.columns, 'columns', problems);
  checkCompare(table, problems);
  checkTemplate(table, problems);
  const { cells, whole } = cellsFrom(table.from, context);
  const names = table.rows.length + table.columns.length;
  // A look at a cell takes what five values take.
  problems.budget.spend('nodes', 5 * cells.length * (names + 1), table.location);
  let rows = texts(table.rows);
  if (whole) {
    checkRows({ what, names: table.rows }, cells, context);
    checkColumns({ what, names: table.columns }, cells, context);
    const place = { key: 'rows', location: inside(table.location, 'rows') } as const;
    const isWhole = rows.length > 0 && table.columns.length > 0;
    if (isWhole && problems.noted === before)
      rows = poolingRows({ ...place, what, rows, over: table.over }, cells, context);
    if (table.compare && problems.noted === before)
      checkBaseline({ what, baseline: table.compare.baseline, rows }, cells, context);
  }
  return {
    name: table.name,
    cells: cells.map(({ cell }) => cell.id),
    rows,
    columns: texts(table.columns),
    template: templateOf(table),
    ...overOf(table.over),
    ...optional(table),
  };
}

/**
 * Refuses rows that would take means over more than seeds.
 *
 * @param pooling - what makes rows, and where it stands
 * @param cells - the cells that are read
 * @param context - the planned stages, and what takes problems
 * @returns the names that make rows, with those that overrides sweep
 */
export function poolingRows(
  pooling: Omit<Pooling, 'cells'>,
  cells: readonly PlannedCell[],
  context: TableContext,
): readonly string[] {
  const { world, factors, problems, swept } = context;
  const looked = { ...pooling, cells: cells.map(({ cell }) => cell) };
  return checkPooling(looked, { index: world.index, factors, problems, swept });
}

/**
 * The field `over` of a table or a plot.
 *
 * @param over - as written
 * @returns the field; none where nothing is written
 */
export const overOf = (over: readonly Located<string>[]): Pick<TablePlan, 'over'> =>
  over.length === 0 ? {} : { over: texts(over) };
