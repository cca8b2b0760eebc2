import type { ValueObject } from '../../core/plan.ts';
import { catalogue } from '../catalogue.ts';
import type { CheckContext, ParamProblem, ParamSchema, StageKind } from '../stage-kind.ts';
import { checkRecipe, noEffect } from '../train-teacher/recipe-rules.ts';
import {
  recipeParams,
  recipeProfiles,
  recipeRequired,
  trainedWeights,
  trainingOutputs,
} from '../train-teacher/recipe.ts';

/** Options of all methods, by name: a method declares its own, and they become parameters here. */
function methodOptions(): Readonly<Record<string, ParamSchema>> {
  const methods = Object.values(catalogue()['methods'] ?? {});
  return Object.assign({}, ...methods.map(({ options }) => options)) as Record<string, ParamSchema>;
}

const positive = (description: string): ParamSchema => ({ type: 'number', exclusiveMinimum: 0, description });

/** Weight of the term: exactly one of two ways to say it. */
function checkWeight({ kd_ratio: ratio, kd_weight: weight }: ValueObject): readonly ParamProblem[] {
  if ((ratio === undefined) !== (weight === undefined)) return [];
  const none = ratio === undefined;
  return [
    {
      code: none ? 'missing-param' : 'conflicting-params',
      param: [none ? 'kd_method' : 'kd_weight'],
      message: none ? 'neither kd_ratio nor kd_weight is given' : 'both kd_ratio and kd_weight are given',
      expected: 'exactly one: kd_ratio, or the weight itself',
      fix: none ? 'add e.g. kd_ratio: 0.7' : 'remove one',
    },
  ];
}

/** Options of other methods than the chosen one. */
function checkOptions(params: ValueObject, context: CheckContext): readonly ParamProblem[] {
  const { kd_method: method } = params;
  if (typeof method !== 'string') return [];
  const own = context.facts('methods', method)?.['options'] ?? {};
  return Object.keys(methodOptions())
    .filter((name) => context.given(name) && !(name in (own as object)))
    .map((name) => noEffect(name, `${method} does not read it`, `remove ${name}, or choose a method that reads it`));
}

const namesOf = (blocks: readonly unknown[]): string => blocks.map(String).join(', ');

/** Blocks that one of the two networks lacks. */
function checkBlocks(params: ValueObject, context: CheckContext): readonly ParamProblem[] {
  const { blocks } = params;
  if (!Array.isArray(blocks)) return [];
  const teacher = context.upstream('teacher')?.params['model'];
  return [params['model'], teacher].flatMap((model): readonly ParamProblem[] => {
    if (typeof model !== 'string') return [];
    const known = context.facts('models', model)?.['blocks'];
    const missing = Array.isArray(known) ? blocks.filter((block) => !known.includes(block)) : [];
    if (!Array.isArray(known) || missing.length === 0) return [];
    return [
      {
        code: 'no-such-block',
        param: ['blocks'],
        message: `${model} has no block ${namesOf(missing)}`,
        expected: `blocks among ${namesOf(known)}`,
        fix: `write blocks: [${namesOf(known.slice(-2))}], or leave blocks out`,
      },
    ];
  });
}

/** The original experiments ignored R-Drop while distilling. */
const profiles = { original: { ...recipeProfiles.original, rdrop_distilling: false } } as const;

function checkRdrop({ rdrop }: ValueObject, context: CheckContext): readonly ParamProblem[] {
  if (rdrop === true || !context.given('rdrop_distilling')) return [];
  return [noEffect('rdrop_distilling', 'rdrop is false', 'write rdrop: true, or remove rdrop_distilling')];
}

/** Training with a teacher: total = L_cls + w · L_kd. */
export const distillStudent: StageKind = {
  name: 'distill-student',
  resultVersion: 1,
  summary: 'Trains a student on labels and on what a frozen teacher makes of the same images.',
  params: {
    ...recipeParams,
    teacher: trainedWeights('The teacher; frozen, in evaluation mode, on the same augmented batch.'),
    kd_method: { type: 'string', 'x-registry': 'methods', description: 'How the student learns from the teacher.' },
    kd_ratio: positive('r: the term’s weight is r/(1 − r) for r < 1, else r (so r = 1 means 1); of AT it is r itself.'),
    kd_weight: positive('Weight of the term, instead of kd_ratio.'),
    rdrop_distilling: {
      type: 'boolean',
      default: true,
      description: 'Whether rdrop acts while distilling; the original experiments ignored it.',
    },
    ...methodOptions(),
  },
  required: [...recipeRequired, 'teacher', 'kd_method'],
  profiles,
  unkeyed: ['profile'],
  outputs: () => trainingOutputs,
  check: (params, context) => [
    ...checkRecipe(params, context, profiles),
    ...checkRdrop(params, context),
    ...checkWeight(params),
    ...checkOptions(params, context),
    ...checkBlocks(params, context),
  ],
  load: () => import('./run.ts'),
};
