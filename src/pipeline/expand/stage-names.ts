import { meantSelector, type Meaning } from '../../cells/meaning.ts';
import type { Value, ValueObject } from '../../core/plan.ts';
import { withNameAdvice } from '../../util/text.ts';
import type { Expression } from './expression.ts';
import type { Compiler, Template } from './interpolate.ts';
import type { Combination } from './matrix.ts';
import { addMisplaced, type AxisScope, type Names } from './names.ts';
import type { Problems } from '../source/problems.ts';
import { allCells, collects, resolveReference, type Referrer } from './references.ts';
import type { SourceLocation } from '../source/location.ts';
import type { PlannedStages } from '../planned/planned-stages.ts';

/** A cell while its parameters are worked out. */
export interface CellScope extends AxisScope, Referrer {}

/** What a stage's names are looked up in. */
export interface NameContext {
  readonly names: Names;
  readonly world: PlannedStages;
  readonly problems: Problems;
  /** What values of selectors mean. */
  readonly meant: Meaning;
  /** Ids of all stages of the pipeline. */
  readonly stages: { has(id: string): boolean; keys(): Iterable<string> };
}

type Of<T extends Expression['type']> = Extract<Expression, { readonly type: T }>;

const valuesOf = (combination: Combination): ValueObject =>
  Object.fromEntries([...combination].map(([name, { value }]) => [name, value]));

/** Resolves the expressions of one stage, and remembers what they refer to. */
export class StageNames {
  /** Stages that it refers to, with the first place where it does. */
  readonly needs = new Map<string, SourceLocation>();
  /** Axes that `${matrix.…}` reads. */
  readonly reads = new Set<string>();
  /** Swept params that it uses. */
  readonly sweeps = new Set<string>();
  readonly #stage: string;
  readonly #axes: ReadonlySet<string>;
  readonly #context: NameContext;

  constructor(stage: string, axes: ReadonlySet<string>, context: NameContext) {
    this.#stage = stage;
    this.#axes = axes;
    this.#context = context;
  }

  /** For `with` and defaults: everything may stand there. */
  get inCell(): Compiler<CellScope> {
    return this.#compiler((expression, location) => {
      if (expression.type === 'matrix') return this.#axis(expression, location);
      return expression.type === 'stages' ? this.#reference(expression, location) : this.#name(expression, location);
    });
  }

  /** For axes: params, environment, and stages, each of whose cells is a value. */
  get inMatrix(): Compiler<AxisScope> {
    return this.#compiler((expression, location) => {
      if (expression.type === 'matrix')
        return this.#misplaced(expression, location, 'axes do not depend on each other');
      return expression.type === 'stages' ? this.#cells(expression, location) : this.#name(expression, location);
    });
  }

  /** For resources, retry and timeout: everything but stages. */
  get inLimits(): Compiler<CellScope> {
    return this.#compiler((expression, location) => {
      if (expression.type === 'matrix') return this.#axis(expression, location);
      if (expression.type !== 'stages') return this.#name(expression, location);
      return this.#misplaced(expression, location, 'a limit is a number, not the result of a stage');
    });
  }

  #compiler<S>(resolve: Compiler<S>['resolve']): Compiler<S> {
    return { resolve, problems: this.#context.problems };
  }

  #misplaced(expression: Expression, location: SourceLocation, why: string): Template<AxisScope> | undefined {
    addMisplaced(expression, location, this.#context.problems, why);
    return undefined;
  }

  #name(expression: Of<'params' | 'env' | 'run'>, location: SourceLocation): Template<AxisScope> | undefined {
    return this.#context.names.resolve(expression, location, (param) => this.sweeps.add(param));
  }

  #isStage({ selector: { stage }, source }: Of<'stages'>, location: SourceLocation): boolean {
    const { stages, problems } = this.#context;
    if (stages.has(stage)) {
      if (!this.needs.has(stage)) this.needs.set(stage, location);
      return true;
    }
    const problem = {
      code: 'unknown-stage',
      message: `there is no stage ${JSON.stringify(stage)}`,
      location,
      within: source,
    };
    problems.add(withNameAdvice(problem, stage, stages.keys()));
    return false;
  }

  /** Once an expression: cells of a selector are known by the selector itself. */
  #meant(expression: Of<'stages'>): Of<'stages'> {
    return { ...expression, selector: meantSelector(expression.selector, this.#context.meant) };
  }

  #reference(expression: Of<'stages'>, location: SourceLocation): Template<CellScope> | undefined {
    if (!this.#isStage(expression, location)) return undefined;
    const reference = { expression: this.#meant(expression), location };
    const spread = collects(reference);
    return { constant: false, spread, evaluate: (scope) => resolveReference(reference, scope, this.#context) };
  }

  #cells(expression: Of<'stages'>, location: SourceLocation): Template<AxisScope> | undefined {
    if (!this.#isStage(expression, location)) return undefined;
    const reference = { expression: this.#meant(expression), location };
    return {
      constant: false,
      spread: true,
      evaluate: ({ values }) => allCells(reference, valuesOf(values), this.#context),
    };
  }

  #axis(expression: Of<'matrix'>, location: SourceLocation): Template<CellScope> | undefined {
    const { name, source } = expression;
    if (this.#axes.has(name)) {
      this.reads.add(name);
      return { constant: false, evaluate: (scope) => this.#read(expression, location, scope) };
    }
    const message = `stage ${this.#stage} has no axis ${JSON.stringify(name)}`;
    this.#context.problems.add(
      withNameAdvice({ code: 'unknown-axis', message, location, within: source }, name, this.#axes),
    );
    return undefined;
  }

  #read({ name, keys, source }: Of<'matrix'>, location: SourceLocation, scope: CellScope): Value | undefined {
    const { world, problems } = this.#context;
    const axis = scope.values.get(name);
    const value = axis && world.follow(axis.value, keys);
    if (value !== undefined) return value;
    const holder = axis && world.follow(axis.value, keys.slice(0, -1));
    if (holder !== undefined && !world.isSound(holder)) return undefined;
    const known = holder === undefined ? scope.values.keys() : world.nextKeys(holder);
    const wanted = (holder === undefined ? undefined : keys.at(-1)) ?? name;
    const message = `${source} has no value: there is no ${JSON.stringify(wanted)}`;
    problems.add(withNameAdvice({ code: 'unknown-name', message, location, within: source }, wanted, known), scope.id);
    return undefined;
  }
}
