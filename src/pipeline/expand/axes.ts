import { isJsonObject, isList, type Json, type JsonObject } from '../../core/json.ts';
import { ReferenceText, type Value, type ValueObject } from '../../core/plan.ts';
import { compile, evaluate, type Compiler, type Template, type VariableSite } from './interpolate.ts';
import { withTypedTexts } from '../check/variables.ts';
import { axisValue, type AxisGroup, type AxisValue, type MatrixEntry, type MatrixValues } from './matrix.ts';
import type { Problems } from '../source/problems.ts';
import { rangeValues } from './range.ts';
import { inside, type SourceLocation, type Located } from '../source/location.ts';
import { describeValue } from '../source/describe-value.ts';
import type { MatrixSpec } from '../read/spec.ts';

/** A matrix that is ready to be worked out for values of swept params. */
export type MatrixTemplate<S> = (scope: S) => MatrixValues | undefined;

/** Gives a value of an axis as cells are named by it; `variables` are the texts of the environment in it. */
export type AxisReader = (name: string, value: Value, variables?: readonly VariableSite[]) => Value;

/** What a matrix is compiled with. */
export interface MatrixCompiler<S> extends Compiler<S> {
  readonly meant: AxisReader;
}

/** Gives the values of an axis; undefined when a problem was noted instead. */
export type AxisTemplate<S> = (scope: S) => readonly AxisValue[] | undefined;

const AXIS_FORMS = 'a list, a range { from, to, step }, or "${stages.id}"';

function noteProblem(problems: Problems, location: SourceLocation, message: string, expected: string): void {
  problems.add({ code: 'bad-axis', message, expected, location });
}

/** A value of an axis must be known when the file is planned: text with references in it is not. */
function valuesOf(
  value: Value,
  { location, problems, meant }: { location: SourceLocation; problems: Problems; meant: (value: Value) => Value },
): readonly AxisValue[] | undefined {
  if (value instanceof ReferenceText) {
    noteProblem(problems, location, 'an axis value is a text with a reference in it', 'a value, or a reference alone');
    return undefined;
  }
  return [axisValue(meant(value), location)];
}

/** One item of a list: itself, or every cell of a stage. */
function itemTemplate<S>(
  name: string,
  { value: item, location }: Located,
  compiler: MatrixCompiler<S>,
): AxisTemplate<S> | undefined {
  const template = compile(item, location, compiler);
  if (!template) return undefined;
  const { problems } = compiler;
  const meant = (value: Value): Value => compiler.meant(name, value, template.variables);
  return (scope) => {
    const value = evaluate(template, scope);
    if (value === undefined) return undefined;
    if (!template.constant && template.spread && isList(value)) return value.map((cell) => axisValue(cell, location));
    return valuesOf(value, { location, problems, meant });
  };
}

function listTemplate<S>(
  name: string,
  items: readonly Json[],
  location: SourceLocation,
  compiler: MatrixCompiler<S>,
): AxisTemplate<S> | undefined {
  const templates = items.map((value, index) =>
    itemTemplate(name, { value, location: inside(location, index) }, compiler),
  );
  const known = templates.filter((template) => template !== undefined);
  if (known.length < templates.length) return undefined;
  return (scope) => {
    const values = known.map((template) => template(scope));
    const all = values.filter((value) => value !== undefined);
    return all.length < values.length ? undefined : all.flat();
  };
}

function range(
  value: Value | undefined,
  location: SourceLocation,
  problems: Problems,
): readonly AxisValue[] | undefined {
  if (value === undefined) return undefined;
  const values = rangeValues(value as ValueObject, problems.budget.most('cells'));
  if (!('message' in values)) return values.map((number) => axisValue(number, location));
  noteProblem(
    problems,
    values.key === undefined ? location : inside(location, values.key),
    values.message,
    values.expected,
  );
  return undefined;
}

/** A text must stand for a list: the cells of a stage, or a param that is a list. */
function textTemplate<S>(
  name: string,
  template: Template<S>,
  { value: text, location }: Located,
  { meant, problems }: MatrixCompiler<S>,
): AxisTemplate<S> {
  const sites = template.variables ?? [];
  const variablesOf = (index: number): readonly VariableSite[] =>
    sites.flatMap(({ path: [first, ...path], source }) => (first === index ? [{ path, source }] : []));
  return (scope) => {
    const value = evaluate(template, scope);
    if (value === undefined) return undefined;
    if (isList(value)) return value.map((item, index) => axisValue(meant(name, item, variablesOf(index)), location));
    noteProblem(problems, location, `an axis is ${describeValue(text)}`, AXIS_FORMS);
    return undefined;
  };
}

/**
 * Compiles the values of an axis.
 *
 * @param name - of the axis
 * @param written - a list, a range, or an expression that stands for a list
 * @param compiler - resolves expressions and takes problems
 * @returns gives the values; undefined when a problem was noted instead
 */
export function axisTemplate<S>(
  name: string,
  written: Located,
  compiler: MatrixCompiler<S>,
): AxisTemplate<S> | undefined {
  const { value, location } = written;
  if (Array.isArray(value)) return listTemplate(name, value as readonly Json[], location, compiler);
  const template = compile(value, location, compiler);
  if (!template) return undefined;
  if (typeof value === 'string') return textTemplate(name, template, written, compiler);
  if (isJsonObject(value))
    return (scope) => range(withNumbers(template, evaluate(template, scope)), location, compiler.problems);
  return () => {
    noteProblem(compiler.problems, location, `axis ${name} is ${describeValue(value)}`, AXIS_FORMS);
    return undefined;
  };
}

/**
 * Reads texts of the environment as what they say: where numbers are wanted.
 *
 * @param template - the value, compiled
 * @param value - as it was worked out
 * @returns the value with numbers in the places of such texts
 */
export function withNumbers<S>(template: Template<S>, value: Value | undefined): Value | undefined {
  return value === undefined ? undefined : withTypedTexts(value, template.variables ?? []);
}

/** `seeds: 5` is short for the axis `seed: [0, 1, 2, 3, 4]`. */
function seedTemplate<S>({ value, location }: Located, compiler: Compiler<S>): AxisTemplate<S> | undefined {
  const template = compile(value, location, compiler);
  return (
    template &&
    ((scope) => {
      const count = withNumbers(template, evaluate(template, scope));
      if (count === undefined) return undefined;
      if (
        typeof count === 'number' &&
        Number.isInteger(count) &&
        count >= 1 &&
        count <= compiler.problems.budget.most('cells')
      ) {
        return Array.from({ length: count }, (_, seed) => axisValue(seed, location));
      }
      noteProblem(
        compiler.problems,
        location,
        `seeds is ${describeValue(count)}`,
        'a whole number of at least 1; for chosen seeds, an axis seed: [3, 7]',
      );
      return undefined;
    })
  );
}

/** An axis with what gives its values. */
interface NamedAxis<S> {
  readonly name: string;
  readonly location: SourceLocation;
  readonly values: AxisTemplate<S> | undefined;
}

const axisOf = <S>([key, written]: readonly [string, Located], compiler: MatrixCompiler<S>): NamedAxis<S> =>
  key === 'seeds'
    ? { name: 'seed', location: written.location, values: seedTemplate(written, compiler) }
    : { name: key, location: written.location, values: axisTemplate(key, written, compiler) };

function group<S>({ name, location, values }: NamedAxis<S>, scope: S, problems: Problems): AxisGroup | undefined {
  const known = values?.(scope);
  if (!known) return undefined;
  if (known.length > 0) return { names: [name], rows: known.map((value) => [value]) };
  problems.add({
    code: 'empty-axis',
    message: `axis ${name} has no values`,
    expected: 'at least one value',
    location,
    atKey: true,
  });
  return undefined;
}

/** Walks lists together. */
function zipGroups(groups: readonly AxisGroup[], location: SourceLocation, problems: Problems): AxisGroup | undefined {
  const lengths = groups.map(({ rows }) => rows.length);
  if (new Set(lengths).size > 1) {
    const counts = groups.map(({ names }, index) => `${names[0] ?? ''} has ${lengths[index] ?? 0}`).join(', ');
    problems.add({
      code: 'unequal-zip',
      message: `the lists of zip differ in length: ${counts}`,
      expected: 'lists of equal length',
      location,
      atKey: true,
    });
    return undefined;
  }
  return {
    names: groups.flatMap(({ names }) => names),
    rows: (groups[0]?.rows ?? []).map((_, row) => groups.flatMap(({ rows }) => rows[row] ?? [])),
  };
}

/** An include or exclude entry; a reference to several cells makes one entry a cell. */
function entryTemplate<S>(
  { value, location }: Located<JsonObject>,
  compiler: MatrixCompiler<S>,
): (scope: S) => readonly MatrixEntry[] | undefined {
  const fields = Object.entries(value).map(([key, item]) => ({
    key,
    values: itemTemplate(key, { value: item, location: inside(location, key) }, compiler),
  }));
  return (scope) => {
    let entries = [new Map<string, AxisValue>()];
    for (const { key, values } of fields) {
      const known = values?.(scope);
      if (!known) return undefined;
      // An entry takes what eight values take.
      compiler.problems.budget.spend('nodes', 8 * entries.length * known.length, location);
      entries = entries.flatMap((entry) => known.map((one) => new Map(entry).set(key, one)));
    }
    return entries.map((values) => ({ location, values }));
  };
}

/** All results, or undefined when any is missing: every part is worked out, so that every problem is noted. */
function all<T>(results: readonly (T | undefined)[]): readonly T[] | undefined {
  const known = results.filter((result) => result !== undefined);
  return known.length === results.length ? known : undefined;
}

/**
 * Compiles a matrix.
 *
 * @param spec - the matrix as written
 * @param compiler - resolves expressions and takes problems
 * @returns gives axes, include and exclude for values of swept params; undefined when a problem was noted instead
 */
export function compileMatrix<S>(spec: MatrixSpec, compiler: MatrixCompiler<S>): MatrixTemplate<S> {
  const { problems } = compiler;
  const axes = [...spec.axes].map((entry) => axisOf(entry, compiler));
  const zip = [...spec.zip].map((entry) => axisOf(entry, compiler));
  const include = spec.include.map((entry) => entryTemplate(entry, compiler));
  const exclude = spec.exclude.map((entry) => entryTemplate(entry, compiler));
  return (scope) => {
    const groups = all(axes.map((axis) => group(axis, scope, problems)));
    const zips = all(zip.map((axis) => group(axis, scope, problems)));
    const together = zips && zips.length > 0 ? zipGroups(zips, spec.zipLocation, problems) : undefined;
    const includes = all(include.map((entry) => entry(scope)));
    const excludes = all(exclude.map((entry) => entry(scope)));
    if (!groups || !zips || (zips.length > 0 && !together) || !includes || !excludes) return undefined;
    return {
      groups: together ? [...groups, together] : groups,
      include: includes.flat(),
      exclude: excludes.flat(),
      replaced: spec.replaced,
    };
  };
}
