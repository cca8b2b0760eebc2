import { isJsonObject } from '../../core/json.ts';
import type { Value } from '../../core/plan.ts';
import { stoppingMethods, type Search } from '../../core/plan.ts';
import type { SearchSpec } from '../read/spec.ts';
import { draw, mostParameters } from '../sampling/draw.ts';
import { valueIn, type SampledRange } from '../sampling/range.ts';
import { inside, type Located, type SourceLocation } from '../source/location.ts';
import type { Problems } from '../source/problems.ts';
import { byCodeUnits } from '../../util/text.ts';
import { axisTemplate, withNumbers, type MatrixCompiler } from './axes.ts';
import { compile, evaluate } from './interpolate.ts';
import { axisValue, expandMatrix, type AxisValue, type Combination } from './matrix.ts';
import { compileFields, type SearchFields } from './search-fields.ts';

/** How trials are stopped. */
export interface Stopping extends Pick<Search, 'method' | 'metric' | 'eta' | 'rungs'> {
  /** Where the rungs stand. */
  readonly location: SourceLocation;
}

/** A search with its values worked out. */
export interface SearchValues {
  /** Names of the parameters. */
  readonly names: readonly string[];
  /** Values of the parameters, a trial each; those that equal an earlier one are left out. */
  readonly trials: readonly Combination[];
  /** Undefined where all trials go to the end. */
  readonly stopping: Stopping | undefined;
}

/** Works a search out for values of swept params; undefined when a problem was noted instead. */
export type SearchTemplate<S> = (scope: S) => SearchValues | undefined;

/** What a search is compiled with. */
export interface SearchCompiler<S> extends MatrixCompiler<S> {
  /** True for parameters that take whole numbers alone. */
  readonly isWhole: (name: string) => boolean;
}

/** What a parameter is sampled from: values, or a range without a step. */
type Domain = readonly AxisValue[] | SampledRange;

const isValues = (domain: Domain): domain is readonly AxisValue[] => Array.isArray(domain);

/** A range with a step or a count is a list, as in a matrix. */
const isOpenRange = ({ value }: Located): boolean =>
  isJsonObject(value) && !Object.hasOwn(value, 'step') && !Object.hasOwn(value, 'count');

const RANGE = '{ from, to } with from < to, and scale: log where both are above 0';

function rangeOf(value: Value, isWhole: boolean): SampledRange | undefined {
  if (!isJsonObject(value)) return undefined;
  const { from, to, scale = 'linear', ...others } = value;
  if (typeof from !== 'number' || typeof to !== 'number' || from >= to || Object.keys(others).length > 0)
    return undefined;
  if (scale !== 'linear' && (scale !== 'log' || from <= 0)) return undefined;
  return { from, to, scale, isWhole };
}

/** Compiles what a parameter is sampled from. */
function domainTemplate<S>(
  name: string,
  written: Located,
  compiler: SearchCompiler<S>,
): ((scope: S) => Domain | undefined) | undefined {
  if (!isOpenRange(written)) return axisTemplate(name, written, compiler);
  const { value, location } = written;
  const template = compile(value, location, compiler);
  return (
    template &&
    ((scope) => {
      const worked = withNumbers(template, evaluate(template, scope));
      const range = worked === undefined ? undefined : rangeOf(worked, compiler.isWhole(name));
      if (worked !== undefined && !range)
        compiler.problems.add({
          code: 'bad-axis',
          message: `the range of ${name} cannot be sampled`,
          expected: RANGE,
          location,
        });
      return range;
    })
  );
}

/** A parameter and what it is sampled from. */
interface Sampled {
  readonly name: string;
  readonly location: SourceLocation;
  readonly domain: Domain;
}

function sampledValue(
  { name, location, domain }: Sampled,
  dimension: number,
  trial: number,
  fields: SearchFields,
): AxisValue {
  const { method, sampler = method === 'sobol' ? 'sobol' : 'random', seed = 0 } = fields;
  const part = draw(sampler, { seed, trial, parameter: name, dimension });
  const chosen = isValues(domain)
    ? domain[Math.floor(part * domain.length)]
    : axisValue(valueIn(domain, part), location);
  if (!chosen) throw new RangeError(`${part} is no number in [0, 1)`);
  return chosen;
}

const tokensOf = (combination: Combination): string => [...combination.values()].map(({ token }) => token).join('\0');

/** Draws trials; what an earlier one has is not tried again. */
function drawn(parameters: readonly Sampled[], fields: SearchFields): readonly Combination[] {
  const trials = new Map<string, Combination>();
  for (let trial = 0; trial < (fields.trials ?? 0); trial++) {
    const values = parameters.map((one, at) => [one.name, sampledValue(one, at, trial, fields)] as const);
    const combination = new Map(values);
    const key = tokensOf(combination);
    if (!trials.has(key)) trials.set(key, combination);
  }
  return [...trials.values()];
}

/** All combinations, as of a matrix; ranges without a step have no end. */
function grid(parameters: readonly Sampled[], problems: Problems): readonly Combination[] | undefined {
  const open = parameters.filter(({ domain }) => !isValues(domain));
  for (const { name, location } of open)
    problems.add({
      code: 'bad-axis',
      message: `method is grid, and the range of ${name} has no end of values`,
      expected: 'a list, or a range with a step or a count',
      location,
    });
  if (open.length > 0) return undefined;
  const groups = parameters.map(({ name, domain }) => ({
    names: [name],
    rows: isValues(domain) ? domain.map((value) => [value]) : [],
  }));
  return expandMatrix({ groups, include: [], exclude: [] }, () => undefined).combinations;
}

/** Refuses what can be seen of the values alone. */
function isUsable(fields: SearchFields, parameters: readonly Sampled[], spec: SearchSpec, problems: Problems): boolean {
  const { method, sampler, trials = 0, eta = 3, rungs = [], metric = '' } = fields;
  const at = (key: string): SourceLocation => inside(spec.location, key);
  const before = problems.noted;
  const by = sampler ?? (method === 'sobol' ? 'sobol' : 'random');
  if (method !== 'grid' && parameters.length > mostParameters[by])
    problems.add({
      code: 'bad-search',
      message: `${parameters.length} parameters are searched by ${by}`,
      expected: `at most ${mostParameters[by]}`,
      location: at('parameters'),
    });
  if (trials > problems.budget.most('cells'))
    problems.add({
      code: 'bad-search',
      message: `trials is ${trials}`,
      expected: `at most ${problems.budget.most('cells')}`,
      location: at('trials'),
    });
  if (rungs.length === 0) return problems.noted === before;
  if (!/^val\./.test(metric))
    problems.add({
      code: 'search-metric',
      message: `trials would be chosen by ${metric}`,
      expected: 'a metric of the validation split, as val.accuracy: what is chosen by the test split is no test of it',
      location: at('metric'),
    });
  const least = eta ** (rungs.length - 1);
  if (trials < least)
    problems.add({
      code: 'bad-search',
      message: `no trial of ${trials} would come to the last of ${rungs.length} rungs: one of ${eta} goes on from each`,
      expected: `at least ${least} trials, or fewer rungs`,
      location: at('trials'),
    });
  return problems.noted === before;
}

function stoppingOf({ method, metric, rungs, eta = 3 }: SearchFields, spec: SearchSpec): Stopping | undefined {
  const stopping = stoppingMethods.find((name) => name === method);
  if (!stopping || metric === undefined || !rungs) return undefined;
  return { method: stopping, metric, rungs, eta, location: inside(spec.location, 'rungs') };
}

/**
 * Compiles a search.
 *
 * @param spec - the search as written
 * @param compiler - resolves expressions and takes problems
 * @returns gives its trials for values of swept params
 */
export function compileSearch<S>(spec: SearchSpec, compiler: SearchCompiler<S>): SearchTemplate<S> {
  const { problems } = compiler;
  const fieldsOf = compileFields(spec, compiler);
  // By name, so that the order of keys in the file changes nothing.
  const sorted = [...spec.parameters].sort(([a], [b]) => byCodeUnits(a, b));
  const domains = sorted.map(([name, written]) => ({
    name,
    location: written.location,
    template: domainTemplate(name, written, compiler),
  }));
  return (scope) => {
    const fields = fieldsOf(scope);
    const parameters = domains.flatMap(({ name, location, template }): readonly Sampled[] => {
      const domain = template?.(scope);
      const isEmpty = domain && isValues(domain) && domain.length === 0;
      if (isEmpty)
        problems.add({ code: 'empty-axis', message: `${name} has no values`, expected: 'at least one', location });
      return domain && !isEmpty ? [{ name, location, domain }] : [];
    });
    if (!fields || parameters.length < domains.length || !isUsable(fields, parameters, spec, problems))
      return undefined;
    problems.budget.spend('nodes', (fields.trials ?? 1) * parameters.length, spec.location);
    const trials = fields.method === 'grid' ? grid(parameters, problems) : drawn(parameters, fields);
    return trials && { names: parameters.map(({ name }) => name), trials, stopping: stoppingOf(fields, spec) };
  };
}
