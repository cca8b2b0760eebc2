import type { ParamSchema, StageKind } from '../stage-kind.ts';
import { checkRecipe } from '../train-teacher/recipe-rules.ts';
import {
  recipeParams,
  recipeProfiles,
  recipeRequired,
  teacherParam,
  trainingMetrics,
  trainingOutputs,
  weightsNeeded,
} from '../train-teacher/recipe.ts';
import { allOptions, effectiveParams, itemOptions } from './options.ts';
import { checkDistillation } from './rules.ts';

const positive = (description: string): ParamSchema => ({ type: 'number', exclusiveMinimum: 0, description });

const method: ParamSchema = {
  type: 'string',
  'x-registry': 'methods',
  description: 'How the student learns from the teacher.',
};
const ratio = positive('r: the term’s weight is r/(1 − r) for r < 1, else r (so r = 1 means 1); of AT it is r itself.');

/** One term of a combination. */
const term: ParamSchema = {
  type: 'object',
  properties: { method, ratio, weight: positive('Weight of the term, instead of ratio.'), ...itemOptions() },
  required: ['method'],
  additionalProperties: false,
};

/** The original experiments ignored R-Drop while distilling, and told adapters of no schedule. */
const profiles = {
  original: { ...recipeProfiles.original, rdrop_distilling: false, adapter_schedule: 'original' },
} as const;

/** Training with teachers: total = L_cls + w · L_kd. */
export const distillStudent: StageKind = {
  name: 'distill-student',
  // 4: kd_loss is the weighted sum of the terms.
  resultVersion: 4,
  summary: 'Trains a student on labels and on what frozen teachers make of the same images.',
  params: {
    ...recipeParams,
    teacher: teacherParam(
      'The teacher, or a list of several: frozen networks, in evaluation mode, on the same augmented batch; or, with fixed crops, their logits that a predict stage has kept.',
      'or-one',
    ),
    teachers_mean: {
      enum: ['losses', 'logits'],
      default: 'losses',
      description: 'Of several teachers: the mean of the losses to each, or the loss to the mean of their logits.',
    },
    kd_method: method,
    kd_ratio: ratio,
    kd_weight: positive('Weight of the term, instead of kd_ratio.'),
    rdrop_distilling: {
      type: 'boolean',
      default: true,
      description: 'Whether rdrop acts while distilling; the original experiments ignored it.',
    },
    adapter_schedule: {
      enum: ['student', 'original'],
      default: 'student',
      description:
        'Learning rate of trained adapters: the student’s, or what the original experiments gave them: lr in the first epoch, and min_lr once cosine-restart-wave has fallen to it.',
    },
    ...allOptions(),
    kd: {
      type: 'array',
      items: term,
      minItems: 1,
      description: 'Several terms that are added, instead of kd_method: each with ratio or weight, and its options.',
    },
    ramp: {
      type: 'integer',
      minimum: 0,
      default: 0,
      'x-unit': 'epochs',
      description: 'Epochs over which all weights of terms climb from 0: epoch e (from 0) has min(1, e/ramp) of them.',
    },
  },
  required: [...recipeRequired, 'teacher'],
  profiles,
  unkeyed: ['profile', 'pretrained'],
  needs: weightsNeeded,
  // What batches, and the teacher's passes over them, are made of.
  cohort: ['data', 'teacher', 'batch_size', 'seed', 'crop', 'flip', 'augment', 'mixup', 'engine'],
  outputs: () => trainingOutputs,
  effective: effectiveParams,
  metrics: () => [...trainingMetrics, 'train.kd_loss'],
  check: (params, context) => [...checkRecipe(params, context, profiles), ...checkDistillation(params, context)],
  load: () => import('./run.ts'),
};
