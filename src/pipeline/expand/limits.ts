import type { Resources, Value } from '../../core/plan.ts';
import { withTypedTexts } from '../check/variables.ts';
import { compile, evaluate, type Compiler, type Template } from './interpolate.ts';
import type { Problems } from '../source/problems.ts';
import type { SourceLocation, Located } from '../source/location.ts';
import { describeValue } from '../source/describe-value.ts';
import { durationSeconds, expectedDuration } from '../source/duration.ts';
import type { StageSpec } from '../read/spec.ts';

/** What a cell may use and how often it is tried. */
export interface Limits {
  readonly resources: Resources;
  readonly retry: number;
  /** Seconds; 0 = no limit. */
  readonly timeout: number;
}

/** Gives the limits of a cell; what is wrong is noted and left at its default. */
export type LimitsTemplate<S> = (scope: S) => Limits;

const wholeFrom =
  (least: number) =>
  (value: Value): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= least ? value : undefined;

const atLeastZero = (value: Value): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);

/** What one limit accepts. */
interface Rule {
  readonly read: (value: Value) => number | undefined;
  readonly expected: string;
}

const duration: Rule = { read: durationSeconds, expected: expectedDuration };
const RULES = {
  cpu: { read: wholeFrom(1), expected: 'a whole number of slots, at least 1' },
  gpu: { read: wholeFrom(0), expected: 'a whole number of GPUs, at least 0' },
  memory: { read: atLeastZero, expected: 'a number of MiB, at least 0' },
  time: duration,
  retry: { read: wholeFrom(0), expected: 'a whole number of further attempts, at least 0' },
  timeout: duration,
} satisfies Record<string, Rule>;

type Name = keyof typeof RULES;
const isName = (name: string): name is Name => Object.hasOwn(RULES, name);

interface Part<S> {
  readonly name: Name;
  readonly location: SourceLocation;
  readonly template: Template<S>;
}

function readPart<S>({ name, location, template }: Part<S>, scope: S, problems: Problems): number | undefined {
  const value = evaluate(template, scope);
  if (value === undefined) return undefined;
  const { read, expected } = RULES[name];
  const number = read(value) ?? read(withTypedTexts(value, template.variables ?? []));
  if (number === undefined)
    problems.add({ code: 'bad-limit', message: `${name} is ${describeValue(value)}`, expected, location });
  return number;
}

function assemble(values: Partial<Record<Name, number>>): Limits {
  const { cpu = 1, gpu = 0, memory = 0, retry = 0, time = 0, timeout = time } = values;
  return Object.freeze({ resources: Object.freeze({ cpu, gpu, memory }), retry, timeout });
}

/**
 * Compiles `resources`, `retry` and `timeout` of a stage. `resources.time` is the timeout where none is given.
 *
 * @param spec - the stage
 * @param compiler - resolves expressions and takes problems
 * @returns gives the limits of a cell; where they do not depend on it, cells share one object
 */
export function compileLimits<S>(spec: StageSpec, compiler: Compiler<S>): LimitsTemplate<S> {
  const written: [string, Located | undefined][] = [
    ...spec.resources,
    ['retry', spec.retry],
    ['timeout', spec.timeout],
  ];
  const parts = written.flatMap(([name, entry]): Part<S>[] => {
    const template = entry && isName(name) ? compile(entry.value, entry.location, compiler) : undefined;
    return template && entry && isName(name) ? [{ name, location: entry.location, template }] : [];
  });
  const work = (scope: S): Limits => {
    const values = parts.map((part) => [part.name, readPart(part, scope, compiler.problems)] as const);
    return assemble(Object.fromEntries(values.filter(([, value]) => value !== undefined)));
  };
  if (!parts.every(({ template }) => template.constant)) return work;
  let shared: Limits | undefined;
  return (scope) => (shared ??= work(scope));
}
