import type { Value, ValueObject } from '../../core/plan.ts';
import { leavesOneImage } from '../../params/shared-rules.ts';
import type { CheckContext, ParamProblem } from '../stage-kind.ts';
import { noEffect, textOf } from '../training/recipe-rules.ts';
import { methodName, termsIn, type MethodOptions } from './options.ts';
import { checkJoins, checkReads, checkTeachers, teachersOf } from './teacher-rules.ts';

/** One term as it is written: alone, or as an item of `kd`. */
interface Term {
  readonly values: ValueObject;
  /** Names of method, ratio and weight. */
  readonly names: Readonly<Record<'method' | 'ratio' | 'weight', string>>;
  /** Options that were given. */
  readonly given: readonly string[];
  /** Where the term stands. */
  readonly place: ParamProblem['param'];
}

const ALONE = { method: 'kd_method', ratio: 'kd_ratio', weight: 'kd_weight' } as const;
const ITEM = { method: 'method', ratio: 'ratio', weight: 'weight' } as const;

function termsOf(params: ValueObject, context: CheckContext, { all }: MethodOptions): readonly Term[] {
  const options = Object.keys(all);
  const items = termsIn(params['kd']);
  if (!items) {
    const given = options.filter((name) => context.given(name));
    return params['kd_method'] === undefined ? [] : [{ values: params, names: ALONE, given, place: [] }];
  }
  return items.map((values, index) => ({
    values,
    names: ITEM,
    place: ['kd', index],
    given: options.filter((name) => name in values),
  }));
}

const methodOf = ({ values, names }: Pick<Term, 'values' | 'names'>): string => methodName(values[names.method]);

/** A single term, or a list of terms. */
function checkForm(params: ValueObject, { given }: CheckContext, { all }: MethodOptions): readonly ParamProblem[] {
  const forms = ['kd_method', 'kd'].filter((name) => given(name));
  const expected = 'exactly one: kd_method, or kd, a list of terms';
  if (forms.length === 2)
    return [
      {
        code: 'conflicting-params',
        param: ['kd'],
        message: 'both kd_method and kd are given',
        expected,
        fix: 'remove one',
      },
    ];
  if (forms.length === 0)
    return [
      {
        code: 'missing-param',
        param: [],
        message: 'neither kd_method nor kd is given',
        expected,
        fix: 'add e.g. kd_method: SoftTarget',
      },
    ];
  if (!termsIn(params['kd'])) return [];
  const single = ['kd_ratio', 'kd_weight', ...Object.keys(all)].filter((name) => given(name));
  return single.map((name) =>
    noEffect(name, 'each item of kd has its own', `write ${name.replace(/^kd_/, '')} in the items of kd`),
  );
}

/** A method whose definition here nobody has published a weight of. */
const unpublished = (method: string, param: ParamProblem['param']): ParamProblem => ({
  code: 'no-published-weight',
  param,
  message: `no weight of ${method} is known that was published for this definition of it`,
  expected: 'a number, or a method of which kdpipe list methods says a published weight',
  fix: 'write the weight itself, e.g. kd_weight: 1',
});

/** Weight of the term: exactly one of two ways to say it. */
function checkWeight({ values, names, place }: Term): readonly ParamProblem[] {
  const [ratio, weight] = [values[names.ratio], values[names.weight]];
  if (weight === 'published') return [unpublished(methodOf({ values, names }), [...place, names.weight])];
  if ((ratio === undefined) !== (weight === undefined)) return [];
  const none = ratio === undefined;
  return [
    {
      code: none ? 'missing-param' : 'conflicting-params',
      param: [...place, none ? names.method : names.weight],
      message: none
        ? `neither ${names.ratio} nor ${names.weight} is given`
        : `both ${names.ratio} and ${names.weight} are given`,
      expected: `exactly one: ${names.ratio}, or the weight itself`,
      fix: none ? `add e.g. ${names.ratio}: 0.7` : 'remove one',
    },
  ];
}

/** Options of other methods than the chosen one. */
function checkOptions(term: Term, options: MethodOptions): readonly ParamProblem[] {
  const method = methodOf(term);
  const own = options.of(method);
  return term.given
    .filter((name) => !(name in own))
    .map((name) => ({
      ...noEffect(name, `${method} does not read it`, `remove ${name}, or choose a method that reads it`),
      param: [...term.place, name],
    }));
}

/** The models that have to have a block: the student's and the teachers'. */
function modelsOf(params: ValueObject, context: CheckContext): readonly string[] {
  const models = [params, ...teachersOf(params, context).map(({ cell }) => cell?.params)].map((of) => of?.['model']);
  return [...new Set(models.filter((model) => typeof model === 'string'))];
}

const listOf = (blocks: readonly unknown[]): string => blocks.map(String).join(', ');

/** Blocks that a network lacks. */
function checkBlocks(
  { values, place }: Term,
  models: readonly string[],
  context: CheckContext,
): readonly ParamProblem[] {
  const blocks: Value | undefined = values['blocks'];
  if (!Array.isArray(blocks)) return [];
  return models.flatMap((model): readonly ParamProblem[] => {
    const known = context.facts('models', model)?.['blocks'];
    const missing = Array.isArray(known) ? blocks.filter((block) => !known.includes(block)) : [];
    if (!Array.isArray(known) || missing.length === 0) return [];
    return [
      {
        code: 'no-such-block',
        param: [...place, 'blocks'],
        message: `${model} has no block ${listOf(missing)}`,
        expected: `blocks among ${listOf(known)}`,
        fix: `write blocks: [${listOf(known.slice(-2))}], or leave blocks out`,
      },
    ];
  });
}

/** Comparing images of a batch with each other takes two. */
function checkPairs(term: Term, { batch_size: size }: ValueObject, context: CheckContext): readonly ParamProblem[] {
  const method = methodOf(term);
  const isAlone = typeof size === 'number' && leavesOneImage(size);
  if (!isAlone || context.facts('methods', method)?.['relational'] !== true) return [];
  return [
    {
      code: 'batch-too-small',
      param: ['batch_size'],
      message: `${method} compares the images of a batch, and batch_size is 1`,
      expected: 'at least two images in every batch',
      fix: 'raise batch_size, or choose a method that looks at each image alone',
    },
  ];
}

/** Each of two methods would make the student's network. */
function checkOneNetwork(terms: readonly Term[], context: CheckContext): readonly ParamProblem[] {
  const [first, second] = terms.filter((term) => context.facts('methods', methodOf(term))?.['joins'] === true);
  if (!first || !second) return [];
  return [
    {
      code: 'conflicting-params',
      param: second.place,
      message: `both ${methodOf(first)} and ${methodOf(second)} put a part of the teacher into the student`,
      expected: 'at most one such term',
      fix: 'remove one',
    },
  ];
}

/** The only epoch of a training would be the one at which a ramp begins. */
function checkRamp({ ramp, epochs }: ValueObject): readonly ParamProblem[] {
  if (typeof ramp !== 'number' || ramp === 0 || epochs !== 1) return [];
  return [
    {
      code: 'no-effect',
      param: ['ramp'],
      message: 'nothing would be distilled: ramp begins at weight 0, and there is one epoch',
      fix: 'train for at least 2 epochs, or remove ramp',
    },
  ];
}

function checkRdrop({ rdrop }: ValueObject, context: CheckContext): readonly ParamProblem[] {
  if (rdrop === true || !context.given('rdrop_distilling')) return [];
  return [noEffect('rdrop_distilling', 'rdrop is false', 'write rdrop: true, or remove rdrop_distilling')];
}

/** A second view is the second pass, and its images are mixed with no others. */
function checkViews(params: ValueObject): readonly ParamProblem[] {
  const { second_view: view = 'none', rdrop, rdrop_distilling: acts, mixup } = params;
  if (view === 'none') return [];
  const conflict = (name: string, why: string, fix: string): ParamProblem => ({
    code: 'conflicting-params',
    param: ['second_view'],
    message: `second_view is ${textOf(view)}, and ${name} is ${textOf(params[name])}: ${why}`,
    expected: 'at most one of them',
    fix,
  });
  return [
    ...(rdrop === true && acts !== false
      ? [conflict('rdrop', 'each makes two passes of a batch', 'write rdrop: false or second_view: none')]
      : []),
    ...(mixup === 'none'
      ? []
      : [conflict('mixup', 'images of two views are not mixed', 'write mixup: none or second_view: none')]),
  ];
}

/**
 * Rules of distillation beyond the schema.
 *
 * @param params - effective parameters of the cell
 * @param context - what the user wrote, and the teachers
 * @param options - of the methods that there are
 * @returns problems: what is missing, what excludes each other, what would do nothing, what networks lack
 */
export function checkDistillation(
  params: ValueObject,
  context: CheckContext,
  options: MethodOptions,
): readonly ParamProblem[] {
  const models = modelsOf(params, context);
  const terms = termsOf(params, context, options);
  return [
    ...checkForm(params, context, options),
    ...checkTeachers(params, context),
    ...checkRamp(params),
    ...checkRdrop(params, context),
    ...checkViews(params),
    ...checkOneNetwork(terms, context),
    ...terms.flatMap((term) => [
      ...checkWeight(term),
      ...checkOptions(term, options),
      ...checkBlocks(term, models, context),
      ...checkPairs(term, params, context),
      ...checkReads(methodOf(term), params, context, options),
      ...checkJoins(methodOf(term), params, context),
    ]),
  ];
}
