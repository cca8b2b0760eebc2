import { isJsonObject, type Json } from '../../core/json.ts';
import type { ParamSchema } from '../../stages/stage-kind.ts';
import { formatList } from '../../util/text.ts';

/** The keyword `x-input` of a parameter. */
export type InputRule = NonNullable<ParamSchema['x-input']>;

/** Names of JSON types with their articles. */
const TYPES: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'null',
};

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** `from 0 to 1`, `of at least 1`, `above 0`. */
function limits(schema: ParamSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (isNumber(minimum) && isNumber(maximum)) return ` from ${minimum} to ${maximum}`;
  const low = isNumber(minimum) ? `of at least ${minimum}` : isNumber(exclusiveMinimum) && `above ${exclusiveMinimum}`;
  const high = isNumber(maximum) ? `of at most ${maximum}` : isNumber(exclusiveMaximum) && `below ${exclusiveMaximum}`;
  const both = [low, high].filter((part) => typeof part === 'string').join(' and ');
  return both === '' ? '' : ` ${both}`;
}

function lengths({ minItems, maxItems }: ParamSchema): string {
  if (isNumber(minItems) && minItems === maxItems) return ` of ${minItems} items`;
  if (isNumber(minItems) && isNumber(maxItems)) return ` of ${minItems} to ${maxItems} items`;
  if (isNumber(minItems)) return ` of at least ${minItems} items`;
  return isNumber(maxItems) ? ` of at most ${maxItems} items` : '';
}

function ofType(type: string, schema: ParamSchema): string {
  const name = TYPES[type] ?? type;
  if (type === 'integer' || type === 'number') {
    const { 'x-unit': unit, 'x-because': because } = schema;
    const said = `${name}${limits(schema)}${unit === undefined ? '' : ` (${unit})`}`;
    return because === undefined ? said : `${said}: ${because}`;
  }
  if (type !== 'array') return name;
  const items = isJsonObject(schema['items']) ? `, each ${expectation(schema['items'])}` : '';
  return `${name}${lengths(schema)}${items}`;
}

const written = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * Says what an input accepts.
 *
 * @param rule - the keyword `x-input` of a parameter
 * @returns e.g. `a reference to a stage of kind dataset: "${stages.id}"`
 */
export function inputText(rule: InputRule): string {
  const kind = formatList(rule.kinds);
  if (rule.many === true) return `a list of references to stages of kind ${kind}`;
  const others = [
    ...(rule.many === 'or-one' ? ['a list of them'] : []),
    ...(rule.text === undefined ? [] : [rule.text]),
  ];
  return [`a reference to a stage of kind ${kind}: "\${stages.id}"`, ...others].join(', or ');
}

/**
 * Says what a parameter's schema accepts, in words.
 *
 * @param schema - JSON Schema of a value
 * @returns e.g. `a whole number of at least 1 (epochs)`
 */
export function expectation(schema: ParamSchema): string {
  const { type, anyOf, oneOf, enum: names, const: only } = schema;
  if (Array.isArray(names))
    return names.length === 1 ? written(names[0] as Json) : `one of ${formatList((names as Json[]).map(written))}`;
  if (only !== undefined) return written(only as Json);
  if (schema['x-input']) return inputText(schema['x-input']);
  const branches = anyOf ?? oneOf;
  if (Array.isArray(branches)) return [...new Set((branches as ParamSchema[]).map(expectation))].join(', or ');
  if (type === undefined) return 'another value';
  return (typeof type === 'string' ? [type] : type).map((name) => ofType(name, schema)).join(' or ');
}
