import { isJsonObject, isList, type Json } from '../../core/json.ts';
import type { Value } from '../../core/plan.ts';
import { readValue } from '../read/read-pipeline.ts';
import type { Checked, ValueProblem } from './inputs.ts';

type Path = readonly (string | number)[];

/** A text of the environment in a value, and the expression that it is. */
export interface Variable {
  readonly path: Path;
  readonly source: string;
}

/** Puts something into a value; what does not lead anywhere is left. */
function replaced(value: Value, [key, ...rest]: Path, change: (text: string) => Value): Value {
  if (key === undefined) return typeof value === 'string' ? change(value) : value;
  if (isList(value)) return value.map((item, index) => (index === key ? replaced(item, rest, change) : item));
  if (!isJsonObject(value) || !Object.hasOwn(value, key)) return value;
  return { ...value, [key]: replaced((value as Readonly<Record<string, Value>>)[key] ?? null, rest, change) };
}

/** Reads a text of the environment as a file would read it: `28` as a number; what is no scalar stays a text. */
function typedText(text: string): Json {
  if (text.trim() === '') return text;
  const read = readValue({ file: 'env', text });
  return read.ok && (read.value === null || typeof read.value !== 'object') ? read.value : text;
}

/**
 * Reads all texts of the environment in a value as a file would read them.
 *
 * @param value - the value
 * @param variables - where they stand
 * @returns the value with numbers, truth values and null in their places
 */
export function withTypedTexts(value: Value, variables: readonly Variable[]): Value {
  return variables.reduce((now, { path }) => replaced(now, path, typedText), value);
}

const startsWith = (path: Path, start: Path): boolean =>
  start.every((key, index) => String(path[index]) === String(key));

/**
 * Checks a value that may hold texts of the environment. Where a text is wanted they are texts; where it is refused they are
 * read as YAML.
 *
 * @param value - the value
 * @param variables - where texts of the environment stand in it
 * @param check - checks a value
 * @returns the full value; or what is wrong, with the variable's name
 */
export function checkVariables(
  value: Value,
  variables: readonly Variable[],
  check: (value: Value) => Checked,
): Checked {
  const first = check(value);
  if ('value' in first || variables.length === 0) return first;
  const wrong = variables.filter(({ path }) => first.problems.some((problem) => startsWith(problem.path, path)));
  if (wrong.length === 0) return first;
  const typed = withTypedTexts(value, wrong);
  const second = check(typed);
  return 'value' in second ? second : { problems: second.problems.map((problem) => named(problem, wrong)) };
}

function named(problem: ValueProblem, variables: readonly Variable[]): ValueProblem {
  const variable = variables.find(({ path }) => startsWith(problem.path, path));
  return variable
    ? { ...problem, message: `${variable.source} gives ${problem.message.replace(/^got /, '')}` }
    : problem;
}
