import type { ParamSchema, ParamSchemas } from '../../params/param-schema.ts';
import { recipeRequired } from '../../params/recipe.ts';
import { teacherParam } from '../../params/shared-params.ts';

const positive = (description: string) =>
  ({ type: 'number', exclusiveMinimum: 0, description }) as const satisfies ParamSchema;

const method = {
  type: 'string',
  'x-registry': 'methods',
  description: 'How the student learns from the teacher.',
} as const satisfies ParamSchema;
const ratio = positive('r: the term’s weight is r/(1 − r) for r < 1, else r (so r = 1 means 1); of AT it is r itself.');

const termParams = { method, ratio, weight: positive('Weight of the term, instead of ratio.') } as const;

/** One term of a combination, without its options: those are the method's, and no part of the type. */
const term = {
  type: 'object',
  properties: termParams,
  required: ['method'],
  additionalProperties: false,
} as const satisfies ParamSchema;

/** Who teaches, and how, where there is one term; its options stand beside them. */
export const teachingParams = {
  teacher: teacherParam(
    'The teacher, or a list of several: frozen networks, in evaluation mode, on the same augmented batch, of any ONNX model too; or, with fixed crops, their logits that a predict stage has kept.',
    'or-one',
  ),
  teachers_mean: {
    enum: ['losses', 'logits'],
    default: 'losses',
    description: 'Of several teachers: the mean of the losses to each, or the loss to the mean of their logits.',
  },
  kd_method: method,
  kd_ratio: ratio,
  kd_weight: {
    anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { enum: ['published'] }],
    description:
      'Weight of the term, instead of kd_ratio. published: that of the method’s own program, with its ce_weight and ramp where these are not written; kdpipe list methods says it.',
  },
} as const satisfies ParamSchemas;

/** Several terms, and how all terms begin. */
export const combinationParams = {
  kd: {
    type: 'array',
    items: term,
    minItems: 1,
    description: 'Several terms that are added, instead of kd_method: each with ratio or weight, and its options.',
  },
  ramp: {
    anyOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }],
    default: null,
    'x-unit': 'epochs',
    description:
      'Epochs over which all weights of terms climb from 0: epoch e (from 0) has min(1, e/ramp) of them. null = 0, or with kd_weight: published that of the method’s own program.',
  },
} as const satisfies ParamSchemas;

/**
 * The same, whose terms take options.
 *
 * @param options - of all methods, by name
 * @returns schemas by name
 */
export const combinationParamsWith = (options: ParamSchemas): ParamSchemas => ({
  ...combinationParams,
  kd: { ...combinationParams.kd, items: { ...term, properties: { ...termParams, ...options } } },
});

/** What a distilling stage must have. */
export const distillRequired = [...recipeRequired, 'teacher'] as const;
