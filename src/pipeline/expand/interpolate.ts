import { isJsonObject, isList, type Json } from '../../core/json.ts';
import { CellReference, ReferenceText, type Value, type ValueObject } from '../../core/plan.ts';
import { parseText, type Expression, type Parts } from './expression.ts';
import { PlanningEnds } from '../source/budget.ts';
import type { Problems } from '../source/problems.ts';
import { DEEPEST, sizeOf } from '../source/value-size.ts';
import { inside, type SourceLocation } from '../source/location.ts';

/** A value of a pipeline file, ready to be worked out for each cell of type `S`. */
export type Template<S> = ConstantTemplate | CellTemplate<S>;

/** Where in a value a text stands that is one whole variable of the environment. */
export interface VariableSite {
  readonly path: readonly (string | number)[];
  /** As it is written: `${env.SIZE:-28}`. */
  readonly source: string;
}

interface Sites {
  /** Texts that are typed by what they are used for. */
  readonly variables?: readonly VariableSite[];
}

/** The same in every cell. */
export interface ConstantTemplate extends Sites {
  readonly constant: true;
  /** Frozen at every depth: cells share it. */
  readonly value: Value;
  /** Where the value itself was written, when it stands for one param. */
  readonly origin?: SourceLocation;
}

/** Depends on the cell. */
export interface CellTemplate<S> extends Sites {
  readonly constant: false;
  /** Gives the value; undefined when a problem was noted instead. */
  readonly evaluate: (scope: S) => Value | undefined;
  /** True for a reference that collects cells: inside a list, its items become items of the list. */
  readonly spread?: boolean;
}

/** Turns one expression into a template; undefined when a problem was noted instead. */
export type Resolve<S> = (expression: Expression, location: SourceLocation) => Template<S> | undefined;

/** What compilation needs. */
export interface Compiler<S> {
  readonly resolve: Resolve<S>;
  readonly problems: Problems;
}

function freezeDeep<T extends Value>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value as ValueObject).forEach(freezeDeep);
  return Object.freeze(value);
}

/**
 * Makes a template that is the same in every cell.
 *
 * @param value - its value
 * @returns the template; the value is frozen
 */
export function constant(value: Value): ConstantTemplate {
  return { constant: true, value: freezeDeep(value) };
}

type TextPart = string | CellReference;

/** What a value looks like inside a text. A list is written with blanks between its items, as in a command line. */
function textParts(value: Value): readonly TextPart[] {
  if (value === null) return [''];
  if (value instanceof CellReference) return [value];
  if (value instanceof ReferenceText) return value.parts;
  if (isList(value)) return value.flatMap((item, index) => (index === 0 ? textParts(item) : [' ', ...textParts(item)]));
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)];
}

/** Joins pieces: text when there is no reference among them. */
function joinPieces(pieces: readonly TextPart[]): Value {
  const parts: TextPart[] = [];
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') parts[parts.length - 1] = last + piece;
    else if (piece !== '') parts.push(piece);
  }
  const [only = '', ...others] = parts;
  return typeof only === 'string' && others.length === 0 ? only : new ReferenceText(parts);
}

/** The variables of what stands under keys. */
function sitesUnder<S>(keys: readonly (string | number)[], templates: readonly Template<S>[]): Sites {
  const variables = templates.flatMap((template, index) =>
    (template.variables ?? []).map(({ path, source }) => ({ path: [keys[index] ?? index, ...path], source })),
  );
  return variables.length > 0 ? { variables } : {};
}

/** What a combined value is charged to. */
interface Charge {
  readonly problems: Problems;
  readonly location: SourceLocation;
}

/** Builds a value after it is known that there is room for it. */
function built(
  values: readonly Value[],
  build: (values: readonly Value[]) => Value,
  { problems, location }: Charge,
): Value {
  const { nodes, characters, depth } = sizeOf(values);
  if (depth > DEEPEST)
    throw new PlanningEnds({
      code: 'too-deep',
      message: `this value is nested deeper than ${DEEPEST} levels`,
      location,
    });
  problems.budget.spend('nodes', nodes, location);
  problems.budget.spend('characters', characters, location);
  return build(values);
}

/** Combines templates: constant when all of them are. */
function combine<S>(
  templates: readonly Template<S>[],
  build: (values: readonly Value[]) => Value,
  charge: Charge,
): Template<S> {
  if (templates.every((template) => template.constant))
    return constant(
      built(
        templates.map(({ value }) => value),
        build,
        charge,
      ),
    );
  return {
    constant: false,
    evaluate: (scope) => {
      const values: Value[] = [];
      for (const template of templates) {
        const value = template.constant ? template.value : template.evaluate(scope);
        if (value === undefined) return undefined;
        values.push(value);
      }
      return built(values, build, charge);
    },
  };
}

function compileText<S>(parts: Parts, location: SourceLocation, compiler: Compiler<S>): Template<S> | undefined {
  const [whole, ...others] = parts;
  if (whole !== undefined && typeof whole !== 'string' && others.length === 0) return compiler.resolve(whole, location);
  const templates = parts.map((part) => (typeof part === 'string' ? constant(part) : compiler.resolve(part, location)));
  const known = templates.filter((template) => template !== undefined);
  return known.length === templates.length
    ? combine(known, (values) => joinPieces(values.flatMap(textParts)), { problems: compiler.problems, location })
    : undefined;
}

function compileList<S>(
  items: readonly Json[],
  location: SourceLocation,
  compiler: Compiler<S>,
): Template<S> | undefined {
  const templates = items.map((item, index) => compile(item, inside(location, index), compiler));
  const known = templates.filter((template) => template !== undefined);
  if (known.length < templates.length) return undefined;
  const spread = known.map((template) => !template.constant && template.spread === true);
  const charge = { problems: compiler.problems, location };
  if (!spread.includes(true)) return { ...combine(known, (values) => values, charge), ...sitesUnder([], known) };
  return combine(
    known,
    (values) => values.flatMap((value, index) => (spread[index] && isList(value) ? value : [value])),
    charge,
  );
}

function compileMapping<S>(
  object: Readonly<Record<string, Json>>,
  location: SourceLocation,
  compiler: Compiler<S>,
): Template<S> | undefined {
  const keys = Object.keys(object);
  const templates = keys.map((key) => compile(object[key] ?? null, inside(location, key), compiler));
  const known = templates.filter((template) => template !== undefined);
  if (known.length < templates.length) return undefined;
  const mapping = combine(
    known,
    (values) => Object.fromEntries(keys.map((key, index) => [key, values[index] ?? null])),
    { problems: compiler.problems, location },
  );
  return { ...mapping, ...sitesUnder(keys, known) };
}

/**
 * Compiles a value of a pipeline file: `${…}` in its texts is resolved once, what depends on the cell stays open.
 * A text that is one whole `${…}` keeps the type of what it stands for; inside a longer text it is formatted.
 *
 * @param value - the value as written
 * @param location - where it was written
 * @param compiler - resolves expressions and takes problems
 * @returns the template; undefined when a problem was noted instead
 */
export function compile<S>(value: Json, location: SourceLocation, compiler: Compiler<S>): Template<S> | undefined {
  if (typeof value === 'string') {
    if (!value.includes('${')) return constant(value);
    const parts = parseText(value);
    if ('code' in parts) {
      compiler.problems.add({ ...parts, location });
      return undefined;
    }
    return compileText(parts, location, compiler);
  }
  if (Array.isArray(value)) return compileList(value as readonly Json[], location, compiler);
  return isJsonObject(value) ? compileMapping(value, location, compiler) : constant(value);
}

/**
 * Works a template out.
 *
 * @param template - a template
 * @param scope - the cell
 * @returns its value; undefined when a problem was noted instead
 */
export function evaluate<S>(template: Template<S>, scope: S): Value | undefined {
  return template.constant ? template.value : template.evaluate(scope);
}
