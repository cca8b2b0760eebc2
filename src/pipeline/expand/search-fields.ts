import { isList } from '../../core/json.ts';
import type { Value } from '../../core/plan.ts';
import { stoppingMethods } from '../../core/plan.ts';
import { formatList } from '../../util/text.ts';
import type { SearchSpec } from '../read/spec.ts';
import { samplers } from '../sampling/draw.ts';
import { describeValue } from '../source/describe-value.ts';
import type { SourceLocation } from '../source/location.ts';
import type { Problems } from '../source/problems.ts';
import { withNumbers } from './axes.ts';
import { compile, evaluate, type Compiler } from './interpolate.ts';

/** What `method` may be: how trials are drawn, where all are trained to the end, or how they are stopped. */
export const searchMethods = ['grid', ...samplers, ...stoppingMethods] as const;

/** The values of a search's keys. */
export interface SearchFields {
  readonly method: (typeof searchMethods)[number];
  readonly sampler?: (typeof samplers)[number];
  readonly trials?: number;
  readonly seed?: number;
  readonly metric?: string;
  readonly rungs?: readonly number[];
  readonly eta?: number;
}

/** What a key takes. */
interface Rule {
  readonly takes: (value: Value) => boolean;
  readonly expected: string;
}

const oneOf = (names: readonly string[]): Rule => ({
  takes: (value) => typeof value === 'string' && names.includes(value),
  expected: formatList(names, names.length),
});
const isWhole = (value: Value, least: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
const whole = (least: number): Rule => ({
  takes: (value) => isWhole(value, least),
  expected: `a whole number of at least ${least}`,
});
const isAscending = (value: Value): boolean =>
  isList(value) &&
  value.length >= 2 &&
  value.every((rung, at) => isWhole(rung, 1) && (at === 0 || rung > Number(value[at - 1])));

const RULES: Readonly<Record<keyof SearchFields, Rule>> = {
  method: oneOf(searchMethods),
  sampler: oneOf(samplers),
  trials: whole(1),
  seed: whole(0),
  metric: { takes: (value) => typeof value === 'string' && value !== '', expected: 'the dotted path of a metric' },
  rungs: { takes: isAscending, expected: 'at least two whole numbers that climb: [3, 9, 27]' },
  eta: whole(2),
};

const isKey = (name: string): name is keyof SearchFields => Object.hasOwn(RULES, name);

/**
 * Compiles the keys of a search beside its parameters.
 *
 * @param spec - the search as written
 * @param compiler - resolves expressions and takes problems
 * @returns gives their values; undefined where a problem was noted instead
 */
export function compileFields<S>(spec: SearchSpec, compiler: Compiler<S>): (scope: S) => SearchFields | undefined {
  const { problems } = compiler;
  const templates = [...spec.fields].flatMap(([name, { value, location }]) => {
    const template = isKey(name) ? compile(value, location, compiler) : undefined;
    return template && isKey(name) ? [{ name, location, template }] : [];
  });
  return (scope) => {
    const before = problems.noted;
    const values = templates.map(({ name, location, template }) => {
      const value = withNumbers(template, evaluate(template, scope));
      const { takes, expected } = RULES[name];
      if (value !== undefined && !takes(value))
        problems.add({ code: 'bad-search', message: `${name} is ${describeValue(value)}`, expected, location });
      return [name, value] as const;
    });
    if (problems.noted > before || values.some(([, value]) => value === undefined)) return undefined;
    // The rules have made sure of what each is; `method` is there, or that was noted.
    const fields = Object.fromEntries(values) as unknown as SearchFields;
    return isComplete(fields, spec, problems) ? fields : undefined;
  };
}

const isStopping = (method: string): boolean => stoppingMethods.some((name) => name === method);

/** Notes keys that the method needs and that are not there, and those that it does not read. */
function isComplete(fields: SearchFields, { fields: written, location }: SearchSpec, problems: Problems): boolean {
  const { method } = fields;
  const stopping = isStopping(method);
  const needed = [...(method === 'grid' ? [] : ['trials']), ...(stopping ? ['metric', 'rungs'] : [])];
  const idle = [
    ...(method === 'grid' ? ['trials', 'seed'] : []),
    ...(stopping ? [] : ['sampler', 'metric', 'rungs', 'eta']),
  ];
  const missing = needed.filter((name) => !written.has(name));
  for (const name of missing) {
    const message = `a search by ${method} has no ${name}`;
    const expected = `${name}: ${isKey(name) ? RULES[name].expected : '…'}`;
    problems.add({ code: 'missing-key', message, expected, location, atKey: true });
  }
  for (const name of idle.filter((key) => written.has(key))) {
    const at: SourceLocation = written.get(name)?.location ?? location;
    const reads = stopping ? '' : `, which trains all trials to the end`;
    problems.add({
      code: 'idle-search-key',
      message: `${name} would do nothing: method is ${method}${reads}`,
      fix: `remove ${name}${method === 'grid' ? '' : `, or write method: ${formatList(stoppingMethods)}`}`,
      location: at,
      atKey: true,
    });
  }
  return missing.length === 0;
}
