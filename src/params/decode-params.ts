import { isJsonObject, isList, type Json, type JsonObject } from '../core/json.ts';
import type { ParamSchema, ParamSchemas } from './param-schema.ts';
import type { ParamsOf } from './params-of.ts';

/** What a stage declares of its parameters, written `as const`. */
export interface ParamsDeclaration {
  readonly params: ParamSchemas;
  readonly required: readonly string[];
}

/** Registries whose names parameters may hold, as the ml half has them: only the keys count. */
export type Registries = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Names that registries have. */
export type NamesIn<All extends Registries> = { readonly [Name in keyof All]: keyof All[Name] & string };

/** What {@link decodeParams} makes of a declaration. */
export type DecodedParams<Declaration extends ParamsDeclaration, All extends Registries> = ParamsOf<
  Declaration['params'],
  Declaration['required'][number],
  NamesIn<All>
>;

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  integer: Number.isSafeInteger,
  number: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
  null: (value) => value === null,
  array: Array.isArray,
  object: isJsonObject,
};

const isSchema = (value: unknown): value is ParamSchema => typeof value === 'object' && value !== null;

function fitsItems(value: readonly Json[], { items, minItems, maxItems }: ParamSchema, all: Registries): boolean {
  const bounds = [minItems, maxItems] as const;
  if (typeof bounds[0] === 'number' && value.length < bounds[0]) return false;
  if (typeof bounds[1] === 'number' && value.length > bounds[1]) return false;
  return value.every((item, index) => {
    const schema = isList(items) ? items[index] : items;
    return !isSchema(schema) || fits(item, schema, all);
  });
}

function fitsProperties(value: JsonObject, { properties, required }: ParamSchema, all: Registries): boolean {
  if (isList(required) && !required.every((name) => typeof name === 'string' && Object.hasOwn(value, name)))
    return false;
  if (!isSchema(properties)) return true;
  return Object.entries(properties).every(([name, schema]) => {
    const own = value[name];
    if (own === undefined) return !isSchema(schema) || schema.default === undefined;
    return !isSchema(schema) || fits(own, schema, all);
  });
}

/** Whether a value is what its schema's type says: bounds of numbers and patterns, which no type shows, are the plan's. */
function fits(value: Json, schema: ParamSchema, all: Registries): boolean {
  const { 'x-registry': registry, enum: values, anyOf: options, type } = schema;
  if (registry !== undefined) {
    const names = all[registry];
    if (values?.includes(value)) return true;
    return typeof value === 'string' && (names === undefined || Object.hasOwn(names, value));
  }
  if (values) return values.includes(value);
  if (isList(options)) return options.some((option) => isSchema(option) && fits(value, option, all));
  const types: readonly unknown[] = isList(type) ? type : type === undefined ? [] : [type];
  if (types.length > 0 && !types.some((name) => typeof name === 'string' && TYPES[name]?.(value))) return false;
  if (isList(value)) return fitsItems(value, schema, all);
  return !isJsonObject(value) || fitsProperties(value, schema, all);
}

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Values under camel-cased names, each of which fits its schema; that is what the type says. */
function requireFitting<Declaration extends ParamsDeclaration, All extends Registries>(
  decoded: unknown,
  { params, required }: Declaration,
  registries: All,
): asserts decoded is DecodedParams<Declaration, All> {
  const values = isJsonObject(decoded) ? decoded : {};
  for (const [name, schema] of Object.entries(params)) {
    const value = values[camelCase(name)];
    if (schema['x-input'] !== undefined) continue;
    if (value === undefined && !required.includes(name)) continue;
    if (value === undefined) throw new Error(`parameter ${name} is missing`);
    if (!fits(value, schema, registries))
      throw new Error(`parameter ${name} is ${JSON.stringify(value)}, which its schema does not allow`);
  }
}

/**
 * Decodes the parameters of a running stage, which the plan has checked and completed. What the plan left out has its
 * default, for it leaves out only defaults that nothing reads. Parameters that are not declared are not looked at.
 *
 * @param declaration - schemas, and the names that are required
 * @param params - as the task carries them
 * @param registries - those whose names the parameters hold; names of others are any text
 * @returns the values under camel-cased names; inputs are not among them
 * @throws Error that names the parameter where a value is not what its schema says: a bug of the plan, not a user's problem
 */
export function decodeParams<const Declaration extends ParamsDeclaration, const All extends Registries>(
  declaration: Declaration,
  params: JsonObject,
  registries: All,
): DecodedParams<Declaration, All> {
  const values = Object.entries(declaration.params).flatMap(([name, schema]) => {
    const value = Object.hasOwn(params, name) ? params[name] : schema.default;
    return schema['x-input'] !== undefined || value === undefined ? [] : [[camelCase(name), value] as const];
  });
  const decoded: unknown = Object.fromEntries(values);
  requireFitting(decoded, declaration, registries);
  return decoded;
}
