import type { ErrorObject } from 'ajv';
import { isJsonObject, type Json } from '../../core/json.ts';
import type { ParamSchema } from '../../stages/stage-kind.ts';
import { singular, withNameAdvice } from '../../util/text.ts';
import { expectation } from './expectation.ts';
import type { ValueProblem } from './inputs.ts';
import { describeValue } from '../source/describe-value.ts';

/** Keywords about how large a value is. */
const RANGE = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
]);

/** Keywords about what a value is; anyOf and oneOf stand for all their branches. */
const TYPE = new Set(['type', 'const', 'anyOf', 'oneOf', 'x-input']);

/** Errors that only sum up those of their branches. */
const SUMMARIES = new Set(['anyOf', 'oneOf', 'allOf', 'if']);

type Keys = readonly (string | number)[];

/** `/split/val` → `['split', 'val']`; list indices become numbers. */
function keysOf(pointer: string): Keys {
  const keys = pointer.split('/').slice(1);
  return keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function enumProblem({ data, parentSchema }: ErrorObject): Omit<ValueProblem, 'path'> {
  const schema = (parentSchema ?? {}) as ParamSchema;
  const registry = schema['x-registry'];
  const names = ((schema['enum'] ?? []) as Json[]).filter((name) => typeof name === 'string');
  const got = describeValue(data as Json);
  const problem =
    registry === undefined
      ? { code: 'unknown-value', message: `got ${got}`, expected: expectation(schema) }
      : {
          code: `unknown-${singular(registry)}`,
          message: `there is no ${singular(registry)} ${got}`,
          expected: expectation(schema),
        };
  return typeof data === 'string' ? withNameAdvice(problem, data, names) : problem;
}

function unknownKey(error: ErrorObject): ValueProblem {
  const key = String((error.params as { readonly additionalProperty?: unknown }).additionalProperty);
  const properties: unknown = error.parentSchema?.['properties'];
  const known = isJsonObject(properties) ? Object.keys(properties) : [];
  const path = [...keysOf(error.instancePath), key];
  return withNameAdvice({ code: 'unknown-key', message: `unknown key ${JSON.stringify(key)}`, path }, key, known);
}

function toProblem(error: ErrorObject): ValueProblem {
  const path = keysOf(error.instancePath);
  const schema = (error.parentSchema ?? {}) as ParamSchema;
  const got = `got ${describeValue(error.data as Json)}`;
  if (error.keyword === 'additionalProperties') return unknownKey(error);
  if (error.keyword === 'enum') return { ...enumProblem(error), path };
  if (error.keyword === 'required') {
    const key = String((error.params as { readonly missingProperty?: unknown }).missingProperty);
    return { code: 'missing-key', message: `the key ${JSON.stringify(key)} is missing`, path };
  }
  if (TYPE.has(error.keyword)) return { code: 'wrong-type', message: got, expected: expectation(schema), path };
  if (RANGE.has(error.keyword)) {
    const words = expectation(schema);
    const expected = /\d/.test(words) ? words : `${words}: ${error.message ?? ''}`;
    return { code: 'out-of-range', message: got, expected, path };
  }
  return {
    code: 'wrong-value',
    message: `got ${describeValue(error.data as Json)}`,
    expected: error.message ?? expectation(schema),
    path,
  };
}

/** How far inside a value an error stands: an unknown key is reported at the mapping, but stands one step further in. */
const depth = ({ keyword, instancePath }: ErrorObject): number =>
  keysOf(instancePath).length + (keyword === 'additionalProperties' ? 1 : 0);

/** Branches of anyOf/oneOf that fail at the value itself are summed up; a failure deeper inside is the likelier slip. */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const summaries = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  return errors.filter((error) => {
    const summary = summaries.find(({ schemaPath, instancePath }) => {
      const isBranch = error.schemaPath !== schemaPath && error.schemaPath.startsWith(`${schemaPath}/`);
      return isBranch && error.instancePath.startsWith(instancePath);
    });
    if (summary) return depth(error) > depth(summary);
    if (!SUMMARIES.has(error.keyword)) return true;
    return !errors.some((other) => other.schemaPath.startsWith(`${error.schemaPath}/`) && depth(other) > depth(error));
  });
}

/**
 * Puts ajv's errors into words.
 *
 * @param errors - errors of one value, with their schemas (`verbose`)
 * @returns what is wrong, each once
 */
export function schemaProblems(errors: readonly ErrorObject[]): readonly ValueProblem[] {
  const problems = new Map<string, ValueProblem>();
  for (const error of relevant(errors)) {
    const problem = toProblem(error);
    // The first problem of a value is enough: what has the wrong type is also none of the names.
    const key = problem.path.join('/');
    if (!problems.has(key) || problem.code === 'wrong-type') problems.set(key, problem);
  }
  return [...problems.values()];
}
