import { differences, leadsOver, seedAxis, stageFactor, type FactorIndex } from '../../cells/factors.ts';
import { lookUp, type CellIndex } from '../../cells/lookup.ts';
import { groupByNames } from '../../cells/rows.ts';
import type { Cell } from '../../core/plan.ts';
import { formatList, withNameAdvice } from '../../util/text.ts';
import type { Located, SourceLocation } from '../source/location.ts';
import type { Problems } from '../source/problems.ts';

/** What is looked at: the cells of a table or a plot, and the names that make its rows. */
export interface Pooling {
  /** `table results`. */
  readonly what: string;
  readonly cells: readonly Cell[];
  readonly rows: readonly string[];
  /** The axes beside the seeds over which the mean is meant. */
  readonly over: readonly Located<string>[];
  /** The key to which names can be added, and where it stands. */
  readonly key: 'rows' | 'series';
  readonly location: SourceLocation;
}

/** The planned cells, and what overrides sweep. */
export interface PoolingContext {
  readonly index: CellIndex;
  readonly factors: FactorIndex;
  readonly problems: Problems;
  readonly swept: ReadonlySet<string>;
}

/** Most values of an axis that a message names. */
const mostValues = 6;

/** A factor that rows leave out. */
interface Pooled {
  /** The shortest name that `rows` and `over` know it by; undefined for one that rows cannot name. */
  readonly name: string | undefined;
  readonly way: string;
  readonly values: Set<string>;
}

/** The shortest name under which cells differ wherever they differ on a way: `kd_ratio`, or `teacher.lr`. */
function nameFor(way: string, cells: readonly Cell[], { index, factors }: PoolingContext): string | undefined {
  const keys = way.split('.');
  const names = keys.map((_, at) => keys.slice(keys.length - 1 - at).join('.'));
  return names.find((name) => {
    const seen = new Map<string, string | undefined>();
    return cells.every((cell) => {
      const token = factors.token(lookUp(index, cell, name));
      const factor = factors.of(cell).get(way);
      if (seen.has(token)) return seen.get(token) === factor;
      seen.set(token, factor);
      return true;
    });
  });
}

/** The factors in which cells of one row differ, beside those in which they may. */
function pooledFactors(rows: readonly string[], pooling: Pooling, context: PoolingContext): readonly Pooled[] {
  const { index, factors } = context;
  const known = [seedAxis, ...pooling.over.map(({ value }) => value)];
  const found = new Map<string, Pooled>();
  for (const { cells } of groupByNames(index, factors, pooling.cells, rows)) {
    for (const { way, values } of differences(
      cells.map((cell) => factors.of(cell)),
      known,
    )) {
      const pooled = found.get(way) ?? { name: nameFor(way, cells, context), way, values: new Set() };
      for (const value of values) pooled.values.add(value);
      found.set(way, pooled);
    }
  }
  return [...found.values()];
}

/** Notes names of `over` that are no axis. */
function checkOver({ what, over, cells }: Pooling, { factors, problems }: PoolingContext): void {
  if (over.length === 0) return;
  const ways = new Set(cells.flatMap((cell) => [...factors.of(cell).keys()]));
  for (const { value, location } of over) {
    if ([...ways].some((way) => leadsOver(way, value))) continue;
    const known = new Set([...ways].flatMap((way) => way.split('.').at(-1) ?? []).filter((way) => way !== stageFactor));
    const message = `no cell of ${what} has an axis ${JSON.stringify(value)}`;
    problems.add(withNameAdvice({ code: 'unknown-row', message, location }, value, known));
  }
}

function refuse(pooled: readonly Pooled[], { what, key, location }: Pooling, problems: Problems): void {
  const said = pooled.map(({ name, way, values }) => {
    const shown = [...values].slice(0, mostValues);
    const more = values.size > mostValues ? ` and ${values.size - mostValues} more` : '';
    return `${name ?? way} (${shown.join(', ')}${more})`;
  });
  const over = `over: [${pooled.map(({ name, way }) => name ?? way.split('.').at(-1) ?? way).join(', ')}]`;
  const names = pooled.flatMap(({ name }) => name ?? []);
  problems.add({
    code: 'pooled-axis',
    message: `${what} would take one mean over different ${said.join(' and ')}`,
    expected: `means over seeds alone, unless \`over\` names more`,
    fix: `${names.length > 0 ? `add ${formatList(names, names.length).replace(/ or /, ' and ')} to ${key}, or ` : ''}say that the mean is meant: ${over}`,
    location,
    atKey: true,
  });
}

/**
 * Looks for cells that would be one row although more than their seeds differs: a mean over them, and its ±, would be
 * one of different experiments. What `-S` sweeps makes rows of its own.
 *
 * @param pooling - cells and names
 * @param context - the planned cells, and what takes problems
 * @returns the names that make rows: those that were given, and those that are swept
 */
export function checkPooling(pooling: Pooling, context: PoolingContext): readonly string[] {
  checkOver(pooling, context);
  const isSwept = ({ name, way }: Pooled): boolean =>
    name !== undefined && context.swept.has(way.split('.').at(-1) ?? '');
  const found = pooledFactors(pooling.rows, pooling, context);
  const swept = found.filter(isSwept).flatMap(({ name }) => name ?? []);
  const rows = [...pooling.rows, ...new Set(swept)];
  const left = swept.length > 0 ? pooledFactors(rows, pooling, context) : found;
  if (left.length > 0) refuse(left, pooling, context.problems);
  return rows;
}
