import { isJsonObject } from '../../core/json.ts';
import type { Value, ValueObject } from '../../core/plan.ts';
import { ownValue } from '../../core/own.ts';
import { isSecretName } from '../../core/secrets.ts';
import { withNameAdvice } from '../../util/text.ts';
import type { Expression } from './expression.ts';
import { compile, constant, type ConstantTemplate, type Template } from './interpolate.ts';
import type { Combination } from './matrix.ts';
import { DEEPEST } from '../source/value-size.ts';
import { keysTo } from '../source/nested.ts';
import type { Problems } from '../source/problems.ts';
import type { SourceLocation } from '../source/location.ts';
import type { PipelineSpec } from '../read/spec.ts';

/** What templates of swept params are worked out for. */
export interface AxisScope {
  readonly values: Combination;
}

/** Variables of the environment; what is not set is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A compiled param and the swept params that it depends on. */
interface Param {
  readonly template: Template<AxisScope> | undefined;
  readonly swept: ReadonlySet<string>;
}

/**
 * Notes an expression that means nothing where it stands.
 *
 * @param expression - the expression
 * @param location - where it stands
 * @param problems - takes the problem
 * @param why - completes "cannot stand here: …"
 */
export function addMisplaced(expression: Expression, location: SourceLocation, problems: Problems, why: string): void {
  const { source } = expression;
  problems.add({ code: 'not-here', message: `${source} cannot stand here: ${why}`, location, within: source });
}

/** Follows names into a constant value. */
function inConstant(value: Value | undefined, names: readonly string[]): Value | undefined {
  let here = value;
  for (const key of keysTo(value, names) ?? names)
    here = isJsonObject(here) && Object.hasOwn(here, key) ? here[key] : undefined;
  return here;
}

/** The variables in what keys lead to. */
function variablesIn({ variables = [], value }: ConstantTemplate, names: readonly string[]): Partial<ConstantTemplate> {
  const keys = keysTo(value, names) ?? names;
  const within = variables.filter(({ path }) => keys.every((key, index) => path[index] === key));
  return { variables: within.map(({ path, source }) => ({ path: path.slice(keys.length), source })) };
}

/** Resolves what does not depend on stages: params, environment, the pipeline's name. */
export class Names {
  /** Values of the variables that were asked for and are named as secrets are. */
  readonly secrets = new Set<string>();
  readonly #spec: PipelineSpec;
  readonly #env: Environment;
  readonly #problems: Problems;
  readonly #params = new Map<string, Param>();
  /** Params that are being compiled: meeting one of them again is a cycle. */
  readonly #open: string[] = [];

  constructor(spec: PipelineSpec, env: Environment, problems: Problems) {
    this.#spec = spec;
    this.#env = env;
    this.#problems = problems;
  }

  /** The params with their values; of a swept one the list of its values. */
  values(): ValueObject {
    const values: Record<string, Value> = {};
    for (const name of this.#spec.params.keys()) {
      const swept = this.#spec.swept.get(name);
      const { template } = this.#param(name);
      values[name] = swept ? swept.values : template?.constant ? template.value : null;
    }
    return values;
  }

  /**
   * Resolves an expression.
   *
   * @param expression - an expression of type params, env or run; others are refused
   * @param location - where it stands
   * @param onSwept - is told of every swept param on which the value depends
   * @returns its template; undefined when a problem was noted instead
   */
  resolve(
    expression: Expression,
    location: SourceLocation,
    onSwept: (param: string) => void,
  ): Template<AxisScope> | undefined {
    switch (expression.type) {
      case 'run':
        return constant(this.#spec.name);
      case 'env':
        return this.#variable(expression, location);
      case 'params':
        return this.#paramAt(expression, location, onSwept);
      case 'matrix':
      case 'stages':
        addMisplaced(expression, location, this.#problems, 'params are the same for the whole pipeline');
        return undefined;
    }
  }

  #variable(
    expression: Extract<Expression, { type: 'env' }>,
    location: SourceLocation,
  ): Template<AxisScope> | undefined {
    const { name, fallback, source } = expression;
    const set = ownValue(this.#env, name);
    // As in a shell, `:-` also replaces an empty value.
    const isGiven = set !== undefined && (set !== '' || fallback === undefined);
    const value = isGiven ? set : (fallback ?? this.#spec.env.get(name));
    if (value !== undefined) {
      if (isSecretName(name)) this.secrets.add(value);
      return { ...constant(value), variables: [{ path: [], source }] };
    }
    this.#problems.add({
      code: 'missing-env',
      message: `the environment variable ${name} is not set`,
      fix: `export ${name}=…, or give a default: \${env.${name}:-default}, or env: { ${name}: default }`,
      location,
      within: source,
    });
    return undefined;
  }

  #paramAt(
    { name, keys, source }: Extract<Expression, { type: 'params' }>,
    location: SourceLocation,
    onSwept: (param: string) => void,
  ): Template<AxisScope> | undefined {
    if (!this.#isUsable(name, location, source)) return undefined;
    const { template, swept } = this.#param(name);
    swept.forEach(onSwept);
    if (!template || keys.length === 0) return template;
    if (!template.constant) return { constant: false, evaluate: (scope) => inConstant(template.evaluate(scope), keys) };
    const value = inConstant(template.value, keys);
    if (value !== undefined) return { ...constant(value), ...variablesIn(template, keys) };
    const holder = inConstant(template.value, keys.slice(0, -1));
    const known = isJsonObject(holder) ? Object.keys(holder) : [];
    this.#unknown(`${name}.${keys.join('.')}`, known, { location, source });
    return undefined;
  }

  #isUsable(name: string, location: SourceLocation, source: string): boolean {
    const isKnown = this.#spec.params.has(name);
    const isOpen = this.#open.includes(name);
    if (!isKnown) this.#unknown(name, [...this.#spec.params.keys()], { location, source });
    if (isOpen) this.#cycle(name, location, source);
    const isDeep = !isOpen && this.#open.length >= DEEPEST && !this.#params.has(name);
    if (isDeep) this.#tooDeep(location, source);
    return isKnown && !isOpen && !isDeep;
  }

  #tooDeep(location: SourceLocation, source: string): void {
    const message = `params refer to each other in a chain of more than ${DEEPEST}`;
    this.#problems.add({ code: 'too-deep', message, expected: 'a shorter chain', location, within: source });
  }

  #unknown(name: string, known: readonly string[], at: { location: SourceLocation; source: string }): void {
    const problem = { code: 'unknown-param', message: `there is no param ${JSON.stringify(name)}` };
    const placed = { ...problem, location: at.location, within: at.source };
    this.#problems.add(withNameAdvice(placed, name.replace(/^.*\./, ''), known));
  }

  #cycle(name: string, location: SourceLocation, source: string): void {
    const path = [...this.#open.slice(this.#open.indexOf(name)), name].map((param) => `params.${param}`).join(' → ');
    this.#problems.add({
      code: 'param-cycle',
      message: `params refer to each other in a circle: ${path}`,
      location,
      within: source,
    });
  }

  #param(name: string): Param {
    const known = this.#params.get(name);
    if (known) return known;
    const param = this.#compile(name);
    this.#params.set(name, param);
    return param;
  }

  #compile(name: string): Param {
    if (this.#spec.swept.has(name)) {
      return {
        template: { constant: false, evaluate: ({ values }) => values.get(name)?.value },
        swept: new Set([name]),
      };
    }
    const written = this.#spec.params.get(name);
    if (!written) return { template: undefined, swept: new Set() };
    const swept = new Set<string>();
    this.#open.push(name);
    const template = compile<AxisScope>(written.value, written.location, {
      resolve: (expression, location) => this.resolve(expression, location, (param) => swept.add(param)),
      problems: this.#problems,
    });
    this.#open.pop();
    return { template: template?.constant ? { origin: written.location, ...template } : template, swept };
  }
}
