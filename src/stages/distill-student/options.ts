import { isList } from '../../core/json.ts';
import type { Value, ValueObject } from '../../core/plan.ts';
import type { Catalogue } from '../catalogue.ts';
import type { ParamSchema } from '../stage-kind.ts';
import { effectiveRecipe } from '../training/recipe.ts';

type Options = Readonly<Record<string, ParamSchema>>;

/** What a method's own program weighs, as the catalogue has it. */
interface Published {
  readonly weight: number;
  readonly ceWeight?: number;
  readonly ramp?: number;
}

/**
 * Name of a method, as the schema has checked it.
 *
 * @param value - a parameter
 * @returns the name; an empty one where there is none
 */
export const methodName = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

/**
 * The terms of a combination.
 *
 * @param kd - the parameter, as its schema has checked it
 * @returns items; undefined where `kd` is not given
 */
export const termsIn = (kd: Value | undefined): readonly ValueObject[] | undefined =>
  isList(kd) ? (kd as readonly ValueObject[]) : undefined;

/** Options of methods: a method declares them, and they become parameters of the stage. */
export class MethodOptions {
  /** Options of all methods: schemas by name. */
  readonly all: Options;
  readonly #methods: NonNullable<Catalogue['methods']>;

  /** @param catalogue - has the methods */
  constructor(catalogue: Catalogue) {
    this.#methods = catalogue['methods'] ?? {};
    this.all = Object.assign({}, ...Object.keys(this.#methods).map((name) => this.of(name))) as Options;
  }

  /**
   * Options of one method.
   *
   * @param method - its name; anything else has none
   * @returns schemas by name
   */
  of(method: Value | undefined): Options {
    return typeof method === 'string' && Object.hasOwn(this.#methods, method)
      ? (this.#methods[method]?.['options'] as Options)
      : {};
  }

  /** Options as an item of `kd` has them, without defaults: {@link MethodOptions.effective}, which knows the method, fills them in. */
  get ofItems(): Options {
    const open = ({ default: _, ...schema }: ParamSchema): ParamSchema => schema;
    return Object.fromEntries(Object.entries(this.all).map(([name, schema]) => [name, open(schema)]));
  }

  /** Names of the methods that read nothing of a teacher but its logits. */
  get readersOfLogits(): readonly string[] {
    return Object.entries(this.#methods).flatMap(([name, { logits }]) => (logits ? [name] : []));
  }

  /**
   * How often the numbers of a student's methods have changed.
   *
   * @param params - of a cell
   * @returns the sum over its terms
   */
  revisions(params: ValueObject): number {
    const names = termsIn(params['kd'])?.map(({ method }) => methodName(method)) ?? [methodName(params['kd_method'])];
    const revisions = names.map((name) => this.#methods[name]?.['revision']);
    return revisions.reduce<number>((sum, revision) => sum + (typeof revision === 'number' ? revision : 0), 0);
  }

  /**
   * Parameters that act: those of the recipe, options of the chosen method alone, items of `kd` with their methods' defaults,
   * `teachers_mean` only where there are several teachers, `adapter_schedule` where it is not the student's, and `second_view` where there
   * is one. Of a combination, `kd_method` is its methods' names joined by +,
   * which tables show.
   *
   * @param params - as the schema has completed them
   * @returns those that change the result
   */
  effective(params: ValueObject): ValueObject {
    const terms = termsIn(params['kd'])?.map((term) => this.#completeTerm(term));
    const own = terms ? {} : this.of(params['kd_method']);
    const { teacher, adapter_schedule: schedule, second_view: view } = params;
    const special: Readonly<Record<string, boolean>> = {
      teachers_mean: isList(teacher) && teacher.length > 1,
      adapter_schedule: schedule !== 'student',
      second_view: view !== 'none',
    };
    const acts = (name: string): boolean => special[name] ?? (!(name in this.all) || name in own);
    const acting = effectiveRecipe(
      this.#completeWeights(Object.fromEntries(Object.entries(params).filter(([name]) => acts(name)))),
    );
    if (!terms) return acting;
    return { ...acting, kd: terms, kd_method: terms.map(({ method }) => methodName(method)).join('+') };
  }

  #completeTerm(term: ValueObject): ValueObject {
    const defaults = Object.entries(this.of(term['method'])).flatMap(([name, schema]) =>
      schema.default === undefined ? [] : [[name, schema.default] as const],
    );
    return { ...Object.fromEntries(defaults), ...term };
  }

  /**
   * Weights, with those of the method's own program in the place of `kd_weight: published`; where there is none, that stays, for a rule
   * to refuse. A weight of 1 of the supervised loss is left out.
   */
  #completeWeights({ kd_weight: weight, ce_weight: ceWeight, ramp, ...others }: ValueObject): ValueObject {
    const method = methodName(others['kd_method']);
    const published =
      weight === 'published' ? (this.#methods[method]?.['published'] as Published | undefined) : undefined;
    const beside = ceWeight ?? published?.ceWeight ?? 1;
    return {
      ...others,
      ...(weight !== undefined && { kd_weight: published?.weight ?? weight }),
      ...(beside !== 1 && { ce_weight: beside }),
      ramp: ramp ?? published?.ramp ?? 0,
    };
  }
}
